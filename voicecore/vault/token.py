"""Master keys in a PKCS #11 token (a hardware security module, or SoftHSM): they never leave it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, MechanismFlag, ObjectClass

from voicecore.errors import StoreError
from voicecore.vault.masters import NONCE_BYTES

_KEY_BITS = 256
_TAG_BITS = 128


class TokenMasters:
    """``Masters`` in a token: AES-256 keys that can't be extracted; the latest is in use (PKCS #11 v2.40,
    CKM_AES_GCM). A key that was dropped is gone from all backups of the data as well."""

    def __init__(self, module: Path, token: str, pin: str, label: str = "voicecore") -> None:
        """``module``: the maker's library; ``token``: its label; ``label``: of the keys.

        Raises StoreError("no-master-key").
        """
        self._label = label
        self._lock = threading.Lock()
        self._keys: dict[str, Any] = {}
        self._session = _session(module, token, pin)
        self._keys = self._find()

    @classmethod
    def create(cls, module: Path, token: str, pin: str, label: str = "voicecore") -> TokenMasters:
        """With a first key, made in the token. Raises StoreError("key-exists") too."""
        made = cls(module, token, pin, label)
        if made._keys:
            made.close()
            raise StoreError("key-exists", f"the token has a key {label!r} already")
        made.add()
        return made

    @property
    def current(self) -> str:
        if not self._keys:
            raise StoreError("no-master-key", f"the token has no key {self._label!r}")
        return max(self._keys)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        master = self._keys[self.current]
        params = GCMParams(nonce, context, _TAG_BITS)
        with self._lock, _errors():
            sealed = master.encrypt(key, mechanism=Mechanism.AES_GCM, mechanism_param=params)
        return nonce + bytes(sealed)

    def unwrap(self, master: str, wrapped: bytes, context: bytes) -> bytes:
        if master not in self._keys:
            self.refresh()
        if master not in self._keys:
            raise StoreError("no-master-key", f"the token has no key {master}", master=master)
        params = GCMParams(wrapped[:NONCE_BYTES], context, _TAG_BITS)
        sealed = wrapped[NONCE_BYTES:]
        try:
            with self._lock:
                key = self._keys[master].decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=params)
                return bytes(key)
        except pkcs11.PKCS11Error as exc:
            raise StoreError("bad-seal", f"a wrapped key can't be opened: {type(exc).__name__}") from exc

    def refresh(self) -> None:
        self._keys = self._find()

    def add(self) -> str:
        name = f"{time.time_ns():016x}"
        with self._lock, _errors():
            self._session.generate_key(
                KeyType.AES,
                _KEY_BITS,
                id=bytes.fromhex(name),
                label=self._label,
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True},
            )
        self.refresh()
        return name

    def drop(self) -> None:
        self.refresh()
        current = self.current
        with self._lock, _errors():
            for name, key in self._keys.items():
                if name != current:
                    key.destroy()
        self.refresh()

    def close(self) -> None:
        self._session.close()

    def _find(self) -> dict[str, Any]:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: self._label}
        with self._lock, _errors():
            found = self._session.get_objects(wanted)
            return {bytes(key[Attribute.ID]).hex(): key for key in found}


def _session(module: Path, token: str, pin: str) -> pkcs11.Session:
    """A process logs in once, whatever number of sessions it has (PKCS #11, 5.6)."""
    with _errors():
        found = pkcs11.lib(str(module)).get_token(token_label=token)
        try:
            return found.open(rw=True, user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:
            return found.open(rw=True)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (pkcs11.PKCS11Error, OSError, RuntimeError) as exc:
        raise StoreError("no-master-key", f"token: {type(exc).__name__}") from exc
