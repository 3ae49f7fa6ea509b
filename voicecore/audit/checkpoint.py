"""Signed statements about how far the chain has come: whoever keeps one can prove what is missing later."""

from __future__ import annotations

import base64
import binascii
import json
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from voicecore.durable import sync_folder
from voicecore.errors import StoreError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The record ``seq`` has the hash ``hash`` (hex), and nothing before it may change any more."""

    seq: int
    hash: str
    date: str
    """RFC 3339, UTC."""
    key: str
    """Of which key the signature is."""
    signature: bytes = b""

    @classmethod
    def parse(cls, line: str | bytes) -> Checkpoint:
        """Raises StoreError("bad-checkpoint")."""
        try:
            data = json.loads(line)
            texts = [data[name] for name in ("hash", "date", "key")]
            if type(data["seq"]) is not int or not all(isinstance(text, str) for text in texts):
                raise TypeError("wrong type")
            hash_, date, key = texts
            return cls(data["seq"], hash_, date, key, base64.b64decode(data["signature"], validate=True))
        except (ValueError, KeyError, TypeError, binascii.Error) as exc:
            raise StoreError("bad-checkpoint", f"no checkpoint: {type(exc).__name__}") from exc

    def message(self) -> bytes:
        """What is signed: canonical JSON (RFC 8785)."""
        return rfc8785.dumps({"date": self.date, "hash": self.hash, "key": self.key, "seq": self.seq})

    def line(self) -> str:
        """One line of canonical JSON, signature included."""
        signature = base64.b64encode(self.signature).decode()
        return rfc8785.dumps({**json.loads(self.message()), "signature": signature}).decode()


class Verifier:
    """Checks signatures (Ed25519, RFC 8032) of one key."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.id = key_id(key)

    @classmethod
    def load(cls, path: Path) -> Verifier:
        """From a public key in PEM. Raises StoreError("bad-key")."""
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as exc:
            raise StoreError("bad-key", f"{path}: no public key", file=str(path)) from exc
        if not isinstance(key, Ed25519PublicKey):
            raise StoreError("bad-key", f"{path}: not Ed25519", file=str(path))
        return cls(key)

    def genuine(self, checkpoint: Checkpoint) -> bool:
        """Whether this key signed it."""
        try:
            self._key.verify(checkpoint.signature, checkpoint.message())
        except InvalidSignature:
            return False
        return checkpoint.key == self.id

    def pem(self) -> str:
        """The public key, to be kept where the box can't reach it."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Signer(Verifier):
    """Signs checkpoints with the box's private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        super().__init__(key.public_key())
        self._private = key

    @classmethod
    def load(cls, path: Path) -> Signer:
        """From a private key in PEM, readable by its owner only. Raises StoreError("bad-key")."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise StoreError("bad-key", f"{path}: mode {mode:04o}, must be 0600", file=str(path))
            key = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as exc:
            raise StoreError("bad-key", f"{path}: no private key", file=str(path)) from exc
        if not isinstance(key, Ed25519PrivateKey):
            raise StoreError("bad-key", f"{path}: not Ed25519", file=str(path))
        return cls(key)

    @classmethod
    def create(cls, path: Path) -> Signer:
        """Make a key and keep it, durably. Raises StoreError: ``key-exists``, ``bad-key``."""
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(pem)
                out.flush()
                os.fsync(out.fileno())
            sync_folder(path)
        except FileExistsError as exc:
            raise StoreError("key-exists", f"{path} is there already", file=str(path)) from exc
        except OSError as exc:
            raise StoreError("bad-key", f"{path}: {exc.strerror}", file=str(path)) from exc
        return cls(key)

    def sign(self, seq: int, hash_: str, date: str) -> Checkpoint:
        """A checkpoint of the chain as it is."""
        plain = Checkpoint(seq, hash_, date, self.id)
        return Checkpoint(seq, hash_, date, self.id, self._private.sign(plain.message()))


def key_id(key: Ed25519PublicKey) -> str:
    """The first 8 bytes of the SHA-256 of the raw public key, hex."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
