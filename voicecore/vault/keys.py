"""The keys of all calls, wrapped by a master key, in a small database: what is destroyed there is gone."""

from __future__ import annotations

import hmac
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from voicecore import durable
from voicecore.errors import StoreError
from voicecore.vault.callers import caller_of
from voicecore.vault.callkey import CallKey
from voicecore.vault.masters import KEY_BYTES, Masters

VERSION = 1
KINDS = ("record", "recording", "vault")
"""A key each, so that each has its own lifetime: transcripts and tool traces, audio, keyed-in secrets."""
_INDEX = "index"
"""The key under which callers are found again; wrapped like those of calls."""
_MAKE = (
    "CREATE TABLE keys (call TEXT NOT NULL, kind TEXT NOT NULL, master TEXT, wrapped BLOB, caller BLOB,"
    " made_at TEXT NOT NULL, gone_at TEXT, why TEXT NOT NULL DEFAULT '', PRIMARY KEY (call, kind))",
    "CREATE INDEX keys_of_caller ON keys (caller) WHERE caller IS NOT NULL",
    "CREATE INDEX keys_by_age ON keys (kind, made_at) WHERE wrapped IS NOT NULL",
    "CREATE TABLE secrets (call TEXT NOT NULL, token TEXT NOT NULL, sealed BLOB NOT NULL,"
    " until TEXT NOT NULL, PRIMARY KEY (call, token))",
    f"PRAGMA user_version = {VERSION}",
)


def now() -> str:
    """RFC 3339, UTC; such texts are in the order of time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class KeyStore:
    """``ports.Keys``. Safe from any thread; several processes may have one on the same file.

    All methods raise StoreError: ``store-unavailable``, ``store-damaged``, and what ``Masters`` raise.
    """

    def __init__(
        self, path: Path, masters: Masters, region: str = "", clock: Callable[[], str] = now
    ) -> None:
        """``region``: where telephone numbers without a country code are from (``callers.caller_of``).

        Raises StoreError also with ``store-newer``, ``store-foreign``.
        """
        self.path = path
        self._masters = masters
        self._region = region
        self._clock = clock
        self._lock = threading.Lock()
        self._db = durable.connect(path)
        try:
            with self._writing() as db:
                durable.make_tables(db, path, _MAKE, VERSION)
                if _select(db, _INDEX, "") is None:
                    self._insert(db, _INDEX, "", None)
        except BaseException:
            self._db.close()
            raise

    def make(self, call_id: str, caller: str = "", kind: str = "record") -> CallKey:
        """The call's key; if there was none, it is made and durable now. Raises ``key-destroyed``, and
        ``bad-record`` for a kind that erasing would not know."""
        if kind not in KINDS:
            raise StoreError("bad-record", f"no kind of data: {kind!r}", call=call_id)
        with self._lock, durable.errors(self.path):
            row = _select(self._db, call_id, kind)
        if row is None:
            with self._writing() as db:
                row = _select(db, call_id, kind)
                if row is None:
                    row = self._insert(db, call_id, kind, self._tag(db, caller))
        return self._unwrapped(call_id, kind, row)

    def open(self, call_id: str, kind: str = "record") -> CallKey:
        """The call's key. Raises ``no-key``, ``key-destroyed``."""
        with self._lock, durable.errors(self.path):
            row = _select(self._db, call_id, kind)
        if row is None:
            raise StoreError("no-key", f"call {call_id!r} has no key", call=call_id, kind=kind)
        return self._unwrapped(call_id, kind, row)

    def calls_of(self, caller: str) -> list[str]:
        """The calls with ``caller`` (any spelling of their address) that have a key left."""
        with self._lock, durable.errors(self.path):
            tag = self._tag(self._db, caller)
            if tag is None:
                return []
            rows = self._db.execute("SELECT DISTINCT call FROM keys WHERE caller = ? ORDER BY call", (tag,))
            return [call for (call,) in rows]

    def older(self, kind: str, than: str) -> list[str]:
        """The calls whose key of that kind is left and was made before ``than`` (RFC 3339, UTC)."""
        query = (
            "SELECT call FROM keys WHERE kind = ? AND made_at < ? AND wrapped IS NOT NULL ORDER BY made_at"
        )
        with self._lock, durable.errors(self.path):
            return [call for (call,) in self._db.execute(query, (kind, than))]

    def destroy(self, call_ids: Iterable[str], kinds: Sequence[str] = KINDS, why: str = "") -> int:
        """Destroy keys; how many there were. Nothing sealed with them can be opened again.

        When this returns no file of the database holds them: deleted bytes are overwritten, and the log is
        emptied. What the file system, a snapshot or a backup remembers is still wrapped: ``rotate`` makes
        it useless. A call keeps a mark, without its caller, so that it gets no new key. Raises
        ``store-unavailable`` while somebody reads: destroyed, but perhaps not wiped; do it again.
        """
        gone = 0
        with self._writing() as db:
            for call in call_ids:
                for kind in kinds:
                    gone += self._forget(db, call, kind, why)
        with self._lock:
            durable.wipe_log(self._db, self.path)
        return gone

    def rotate(self) -> int:
        """Wrap all keys with a new master key and destroy the old; how many. After a crash: do it again."""
        with self._writing() as db:
            self._masters.add()
            rows = db.execute(
                "SELECT call, kind, master, wrapped FROM keys WHERE wrapped IS NOT NULL"
            ).fetchall()
            for call, kind, master, wrapped in rows:
                key = self._masters.unwrap(master, wrapped, _context(call, kind))
                values = (self._masters.current, self._masters.wrap(key, _context(call, kind)), call, kind)
                db.execute("UPDATE keys SET master = ?, wrapped = ? WHERE call = ? AND kind = ?", values)
        with self._lock:
            durable.wipe_log(self._db, self.path)
        with self._writing() as db:  # alone: nobody wraps between this look and the end of the old keys
            self._masters.refresh()
            query = "SELECT count(*) FROM keys WHERE master != ?"
            others = db.execute(query, (self._masters.current,)).fetchone()[0]
            if others:
                raise StoreError("store-unavailable", f"{others} keys are under another master key; again")
            self._masters.drop()
        return len(rows)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, durable.errors(self.path), durable.transaction(self._db):
            yield self._db

    def _insert(
        self, db: sqlite3.Connection, call: str, kind: str, tag: bytes | None
    ) -> tuple[str | None, bytes | None]:
        """In a transaction, so that a rotation is before it or after it."""
        self._masters.refresh()
        master, wrapped = (
            self._masters.current,
            self._masters.wrap(os.urandom(KEY_BYTES), _context(call, kind)),
        )
        values = (call, kind, master, wrapped, tag, self._clock())
        db.execute(
            "INSERT INTO keys (call, kind, master, wrapped, caller, made_at) VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
        return master, wrapped

    def _forget(self, db: sqlite3.Connection, call: str, kind: str, why: str) -> int:
        marks = "master = NULL, wrapped = NULL, caller = NULL, gone_at = ?, why = ?"
        where = "WHERE call = ? AND kind = ? AND wrapped IS NOT NULL"
        done = db.execute(f"UPDATE keys SET {marks} {where}", (self._clock(), why, call, kind)).rowcount
        if not done:
            mark = "INSERT OR IGNORE INTO keys (call, kind, made_at, gone_at, why) VALUES (?, ?, ?, ?, ?)"
            db.execute(mark, (call, kind, self._clock(), self._clock(), why))
        if kind == "vault":
            db.execute("DELETE FROM secrets WHERE call = ?", (call,))
        return done

    def _unwrapped(self, call: str, kind: str, row: tuple[str | None, bytes | None]) -> CallKey:
        master, wrapped = row
        if master is None or wrapped is None:
            raise StoreError("key-destroyed", f"call {call!r} was erased", call=call, kind=kind)
        return CallKey(self._masters.unwrap(master, wrapped, _context(call, kind)), call, kind)

    def _tag(self, db: sqlite3.Connection, caller: str) -> bytes | None:
        """By what a caller is found without being named: HMAC-SHA256 (RFC 2104) under a key of the vault."""
        name = caller_of(caller, self._region)
        row = _select(db, _INDEX, "")
        if not name or row is None or row[0] is None or row[1] is None:
            return None
        return hmac.digest(
            self._masters.unwrap(row[0], row[1], _context(_INDEX, "")), name.encode(), "sha256"
        )


def _select(db: sqlite3.Connection, call: str, kind: str) -> tuple[str | None, bytes | None] | None:
    row = db.execute("SELECT master, wrapped FROM keys WHERE call = ? AND kind = ?", (call, kind)).fetchone()
    return None if row is None else (row[0], row[1])


def _context(call: str, kind: str) -> bytes:
    return f"{kind}\0{call}".encode("utf-8", "surrogatepass")
