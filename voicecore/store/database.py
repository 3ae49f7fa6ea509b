"""Opens a database, durable as it is: what was acknowledged survives a power loss."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from voicecore import durable
from voicecore.errors import StoreError

BUSY_S = 5.0
"""How long a write waits for another one's lock."""


@contextmanager
def store_errors(call_id: str | None = None) -> Iterator[None]:
    """Turn the database's exceptions into StoreErrors, whose texts hold no values of ours.

    ``store-unavailable``, ``store-damaged``, ``bad-record``; an integrity error is left to the caller.
    """
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except (sa.exc.OperationalError, sa.exc.TimeoutError, sa.exc.InterfaceError) as exc:
        raise StoreError("store-unavailable", _cause(exc), call=call_id) from exc
    except sa.exc.DatabaseError as exc:
        raise StoreError("store-damaged", _cause(exc), call=call_id) from exc
    except sa.exc.StatementError as exc:
        raise StoreError("bad-record", "a value can't be kept as JSON", call=call_id) from exc


def open_engine(url: str) -> sa.Engine:
    """The connection pool; each SQLite connection is durable, patient and checks its references.

    Raises StoreError: ``bad-url``, ``store-unavailable``.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            durable.make_private(_file(parsed.database))
        engine = sa.create_engine(parsed, json_serializer=_to_json, pool_pre_ping=parsed.host is not None)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError, ValueError) as exc:
        raise StoreError("bad-url", f"store.url: {exc}") from exc
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_connection)
    return engine


def wipe_log(engine: sa.Engine) -> None:
    """Empty SQLite's log, so that no file holds what was deleted. Raises ``store-unavailable`` while somebody
    reads for longer than we wait."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as db:
        busy = db.exec_driver_sql("pragma wal_checkpoint(truncate)").scalar()
    if busy:
        raise StoreError("store-unavailable", "somebody reads the log")


def _file(database: str | None) -> Path:
    if not database or database == ":memory:" or database.startswith("file:"):
        raise ValueError("SQLite needs a file, because every thread has its own connection")
    return Path(database)


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    durable.prepare(connection, BUSY_S)


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _cause(exc: sa.exc.SQLAlchemyError) -> str:
    """The driver's own sentence, without the statement and its values."""
    return str(exc.orig) if isinstance(exc, sa.exc.DBAPIError) else type(exc).__name__
