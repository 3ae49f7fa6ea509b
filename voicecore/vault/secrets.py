"""What a caller keyed in or said that nobody may see: a token stands for it, for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from voicecore import durable
from voicecore.errors import StoreError
from voicecore.vault.keys import KeyStore, now


class SecretVault:
    """Values by call and token, sealed with the call's key, in the vault's database; gone after their time.

    Safe from any thread. All methods raise StoreError: ``store-unavailable``, ``store-damaged``.
    """

    def __init__(self, keys: KeyStore, clock: Callable[[], str] = now) -> None:
        """``clock``: RFC 3339, UTC."""
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        self._db = durable.connect(keys.path)

    def put(self, call_id: str, token: str, value: str, lifetime_s: float) -> None:
        """Keep ``value``; one with the same token is replaced. Raises ``key-destroyed``, ``bad-record``."""
        if not token or not 0 < lifetime_s < 1e9:
            raise StoreError("bad-record", "a secret needs a token and a lifetime", call=call_id)
        sealed = self._keys.make(call_id, kind="vault").seal(value.encode(), token)
        until = datetime.fromisoformat(self._clock()) + timedelta(seconds=lifetime_s)
        row = (call_id, token, sealed, until.isoformat(timespec="microseconds"))
        with self._lock, durable.errors(self._keys.path), durable.transaction(self._db):
            self._db.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?, ?, ?)", row)

    def reveal(self, call_id: str, token: str) -> str:
        """The value, for a tool. Raises ``no-secret`` (never there, forgotten, or past its time)."""
        query = "SELECT sealed FROM secrets WHERE call = ? AND token = ? AND until > ?"
        with self._lock, durable.errors(self._keys.path):
            row = self._db.execute(query, (call_id, token, self._clock())).fetchone()
        if row is None:
            raise StoreError("no-secret", f"{token} stands for nothing", call=call_id)
        return self._keys.open(call_id, "vault").open(row[0], token).decode()

    def forget(self, call_id: str) -> int:
        """The call is over, or what was kept has been used: remove its values; how many."""
        return self._remove("call = ?", call_id)

    def purge(self) -> int:
        """Remove what is past its time; how many."""
        return self._remove("until <= ?", self._clock())

    def close(self) -> None:
        self._db.close()

    def _remove(self, where: str, value: str) -> int:
        with self._lock:
            with durable.errors(self._keys.path), durable.transaction(self._db):
                gone = self._db.execute(f"DELETE FROM secrets WHERE {where}", (value,)).rowcount
            if gone:
                durable.wipe_log(self._db, self._keys.path)
        return gone
