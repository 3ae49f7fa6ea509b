"""Opens a database, durable as it is: what was acknowledged survives a power loss."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from voicecore.errors import StoreError

BUSY_S = 5.0
"""How long a write waits for another one's lock."""
_RETRY_S = 0.01


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
            _make_private(parsed.database)
        engine = sa.create_engine(parsed, json_serializer=_to_json, pool_pre_ping=parsed.host is not None)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError, ValueError) as exc:
        raise StoreError("bad-url", f"store.url: {exc}") from exc
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_connection)
    return engine


def _make_private(database: str | None) -> None:
    """Make the file readable by its owner only; what SQLite puts beside it takes the same mode."""
    if not database or database == ":memory:" or database.startswith("file:"):
        raise ValueError("SQLite needs a file, because every thread has its own connection")
    try:
        # Only if it is new: closing a file that a connection of ours holds would drop SQLite's locks.
        os.close(os.open(Path(database), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as exc:
        raise StoreError("store-unavailable", f"{database}: {exc.strerror}", file=database) from exc


def _prepare_connection(connection: Any, _record: object) -> None:
    for pragma in (
        f"busy_timeout = {int(BUSY_S * 1000)}",
        "synchronous = full",
        "foreign_keys = on",
    ):
        connection.execute(f"pragma {pragma}")
    _use_wal(connection)


def _use_wal(connection: Any) -> None:
    """Switch the journal, for which SQLite does not wait by itself while somebody else makes the tables."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _cause(exc: sa.exc.SQLAlchemyError) -> str:
    """The driver's own sentence, without the statement and its values."""
    return str(exc.orig) if isinstance(exc, sa.exc.DBAPIError) else type(exc).__name__
