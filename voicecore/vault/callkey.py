"""The data key of one call: seals what is kept of it."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from voicecore.errors import StoreError
from voicecore.vault.masters import KEY_BYTES, NONCE_BYTES

FORMAT = b"\x01"
OVERHEAD = len(FORMAT) + NONCE_BYTES + 16
"""Bytes that sealing adds."""


class CallKey:
    """``ports.CallKey``: AES-256-GCM under a random 96-bit nonce (NIST SP 800-38D, 8.2.2, allows 2^32 seals
    of one key; a call has thousands). What is sealed is bound to the call, the kind of data and a context:
    it can't be passed off as another row's or another call's. Neither printed nor pickled."""

    __slots__ = ("_aead", "_key", "_scope")

    def __init__(self, key: bytes, call_id: str, kind: str) -> None:
        """``key``: 32 bytes."""
        self._key = key
        self._aead = AESGCM(key)
        self._scope = _joined(call_id, kind)

    def seal(self, data: bytes, context: str) -> bytes:
        """``OVERHEAD`` bytes longer than ``data``."""
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + nonce + self._aead.encrypt(nonce, data, self._bound(context))

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed with this key and ``context``. Raises StoreError("bad-seal")."""
        if sealed[:1] != FORMAT:
            raise StoreError("bad-seal", "not sealed by this version")
        nonce, text = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, text, self._bound(context))
        except (InvalidTag, ValueError) as exc:
            raise StoreError("bad-seal", "changed, or sealed for another place") from exc

    def derived(self, salt: bytes, context: str) -> AESGCM:
        """A key for one file (HKDF-SHA256, RFC 5869)."""
        key = HKDF(SHA256(), KEY_BYTES, salt, self._bound(context)).derive(self._key)
        return AESGCM(key)

    def _bound(self, context: str) -> bytes:
        return self._scope + _joined(context)

    def __repr__(self) -> str:
        return "CallKey(...)"

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")


def _joined(*parts: str) -> bytes:
    """Each with its length before it, so that no two lists of parts look alike."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(4) + part for part in encoded)
