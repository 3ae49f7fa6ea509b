"""Master keys in a file: each wraps the keys of calls; the first is the one in use."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from voicecore.durable import sync_folder
from voicecore.errors import StoreError

KEY_BYTES = 32
NONCE_BYTES = 12


class Masters(Protocol):
    """Master keys by name. What they wrap is bound to ``context`` and comes back only with it.

    All raise StoreError: ``no-master-key`` (missing, not private, not reachable), ``bad-seal``.
    """

    @property
    def current(self) -> str:
        """The name of the key that wraps."""
        ...

    def wrap(self, key: bytes, context: bytes) -> bytes: ...

    def unwrap(self, master: str, wrapped: bytes, context: bytes) -> bytes: ...

    def refresh(self) -> None:
        """See what other processes did."""
        ...

    def add(self) -> str:
        """Make a new key, durably, and use it from now on; its name."""
        ...

    def drop(self) -> None:
        """Destroy all keys but the current."""
        ...


class FileMasters:
    """Keys in a file that only its owner, who is this process's user, may read (AES-256-GCM).

    A line per key: name and base64. It must lie where backups of the data do not go.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, bytes] = {}
        self.refresh()

    @classmethod
    def create(cls, path: Path) -> FileMasters:
        """A file with a first key. Raises StoreError("key-exists") too."""
        if path.exists():
            raise StoreError("key-exists", f"{path} is there already", file=str(path))
        _write(path, [_fresh()])
        return cls(path)

    @property
    def current(self) -> str:
        return next(iter(self._keys))

    def wrap(self, key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._keys[self.current]).encrypt(nonce, key, context)

    def unwrap(self, master: str, wrapped: bytes, context: bytes) -> bytes:
        if master not in self._keys:
            self.refresh()
        if master not in self._keys:
            raise StoreError("no-master-key", f"{self._path} has no key {master}", master=master)
        try:
            return AESGCM(self._keys[master]).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as exc:
            raise StoreError("bad-seal", "a wrapped key was changed, or is another call's") from exc

    def refresh(self) -> None:
        lines = _read_private(self._path).split(b"\n")
        try:
            pairs = [line.split() for line in lines if line]
            keys = {name.decode("ascii"): base64.b64decode(key, validate=True) for name, key in pairs}
        except (ValueError, binascii.Error) as exc:
            raise StoreError("no-master-key", f"{self._path}: no keys", file=str(self._path)) from exc
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise StoreError("no-master-key", f"{self._path}: no keys", file=str(self._path))
        self._keys = keys

    def add(self) -> str:
        self.refresh()
        name, key = _fresh()
        _write(self._path, [(name, key), *self._keys.items()])
        self.refresh()
        return name

    def drop(self) -> None:
        self.refresh()
        _write(self._path, list(self._keys.items())[:1])
        self.refresh()


def _fresh() -> tuple[str, bytes]:
    return os.urandom(8).hex(), os.urandom(KEY_BYTES)


def _read_private(path: Path) -> bytes:
    """The file, if it is one, and ours alone. Raises StoreError("no-master-key")."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as exc:
        raise StoreError("no-master-key", f"{path}: {exc.strerror}", file=str(path)) from exc
    with os.fdopen(file, "rb") as keys:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077 or status.st_uid != os.geteuid():
            message = f"{path}: must be a file of this user, mode 0600"
            raise StoreError("no-master-key", message, file=str(path))
        return keys.read()


def _write(path: Path, keys: list[tuple[str, bytes]]) -> None:
    """Replace the file at once, durably, and overwrite the old one. Raises StoreError("no-master-key")."""
    text = b"".join(b"%b %b\n" % (name.encode(), base64.b64encode(key)) for name, key in keys)
    new = path.with_name(path.name + ".new")
    try:
        new.unlink(missing_ok=True)
        _put(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), text)
        old = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW) if path.exists() else None
        os.replace(new, path)
        sync_folder(path)
        if old is not None:
            _put(old, bytes(os.fstat(old).st_size))
    except OSError as exc:
        raise StoreError("no-master-key", f"{path}: {exc.strerror}", file=str(path)) from exc


def _put(file: int, content: bytes) -> None:
    with os.fdopen(file, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
