"""Opens SQLite files so that what was acknowledged survives a crash, and a loss of power.

Write-ahead log, synced at every commit (``synchronous = full``: https://sqlite.org/pragma.html); readable by
the owner only; what is deleted is overwritten with zeros (``secure_delete``).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from voicecore.errors import StoreError

BUSY_S = 5.0
"""How long a write waits for another one's lock."""
_RETRY_S = 0.01


def connect(path: Path, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """A connection to the database ``path``, made if missing; it begins no transaction by itself.

    Any thread may use it, one at a time. Raises StoreError: ``store-unavailable``, ``store-damaged``.
    """
    make_private(path)
    with errors(path):
        db = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
        try:
            prepare(db, busy_s)
        except BaseException:
            db.close()
            raise
    return db


def connect_to_read(path: Path, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """A connection that can't change the database ``path``. Raises StoreError("store-unavailable")."""
    with errors(path):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(uri, timeout=busy_s, isolation_level=None, uri=True)


def make_private(path: Path) -> None:
    """Make the file, durably, for its owner only; what SQLite puts beside it takes the same mode.

    Raises StoreError("store-unavailable").
    """
    try:
        # Only if it is new: closing a file that a connection of ours holds would drop SQLite's locks.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        sync_folder(path)
    except FileExistsError:
        return
    except OSError as exc:
        raise StoreError("store-unavailable", f"{path}: {exc.strerror}", file=str(path)) from exc


def sync_folder(path: Path) -> None:
    """Make the name of the file ``path`` as durable as its content. Raises OSError."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def prepare(db: sqlite3.Connection, busy_s: float = BUSY_S) -> None:
    """Set up a connection of whatever origin. Raises sqlite3.Error."""
    for pragma in (
        f"busy_timeout = {int(busy_s * 1000)}",
        "synchronous = full",
        "foreign_keys = on",
        "secure_delete = on",
    ):
        db.execute(f"pragma {pragma}")
    _use_wal(db, busy_s)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, alone among writers of all processes; durable when the context has ended."""
    db.execute("begin immediate")
    try:
        yield
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """Turn SQLite's exceptions into StoreErrors: ``store-unavailable``, ``store-damaged``."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise StoreError("store-unavailable", f"{path.name}: {exc}", file=str(path)) from exc
    except sqlite3.Error as exc:
        raise StoreError("store-damaged", f"{path.name}: {exc}", file=str(path)) from exc


def make_tables(db: sqlite3.Connection, path: Path, statements: Sequence[str], version: int) -> None:
    """Make the tables of a new database, in a transaction; one of them sets ``user_version`` to ``version``.

    Raises StoreError: ``store-newer`` (a later version; nothing is changed), ``store-foreign``.
    """
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > version:
        raise StoreError("store-newer", f"{path.name}: version {found}", version=found, known=version)
    if found == version:
        return
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError("store-foreign", f"{path.name}: somebody else's database", file=str(path))
    for statement in statements:
        db.execute(statement)


def wipe_log(db: sqlite3.Connection, path: Path) -> None:
    """Move the write-ahead log into the database and empty it, so that no file holds what was deleted.

    Raises StoreError("store-unavailable") if somebody reads for longer than the connection is patient.
    """
    with errors(path):
        busy, _, _ = db.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        raise StoreError("store-unavailable", f"{path.name}: somebody reads the log", file=str(path))


def _use_wal(db: sqlite3.Connection, busy_s: float) -> None:
    """Switch the journal, for which SQLite does not wait by itself while somebody else makes the tables."""
    deadline = time.monotonic() + busy_s
    while True:
        try:
            db.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return
