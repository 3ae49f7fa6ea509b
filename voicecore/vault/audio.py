"""Sealed recordings: pieces of a second, each sealed by itself, written as the call goes on.

The file is a header and pieces. A piece is sealed with a key of the file's own under a random nonce and bound
to its place and to whether it is the last (after STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015;
random nonces let a piece be written again, which redaction needs). A cut file lacks the last piece.
"""

from __future__ import annotations

import errno
import io
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from voicecore.errors import StoreError
from voicecore.types import RATE
from voicecore.vault.callkey import CallKey
from voicecore.vault.masters import NONCE_BYTES

CHANNELS = 2
FRAME_BYTES = CHANNELS * 2
"""int16, caller and agent."""
PIECE = RATE * FRAME_BYTES
"""Bytes of sound in a piece, but for the last."""
_SEALED = NONCE_BYTES + PIECE + 16
_HEADER = struct.Struct("<8sIHH16s")
_MAGIC = b"vcaudio1"
_CONTEXT = "audio"


class Keys(Protocol):
    """What makes the key of a call (``KeyStore``)."""

    def make(self, call_id: str, caller: str = "", kind: str = "record") -> CallKey: ...


class _Pieces:
    """The pieces of one file."""

    def __init__(self, file: int, header: bytes, key: CallKey) -> None:
        self._file = file
        self._header = header
        self._aead: AESGCM = key.derived(header[-16:], _CONTEXT)

    def write(self, index: int, sound: bytes, last: bool = False) -> None:
        """Raises OSError."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = memoryview(nonce + self._aead.encrypt(nonce, sound, self._bound(index, last)))
        at = len(self._header) + index * _SEALED
        while sealed:
            done = os.pwrite(self._file, sealed, at)
            sealed, at = sealed[done:], at + done

    def read(self, index: int, last: bool = False) -> bytes:
        """Raises InvalidTag, OSError."""
        sealed = os.pread(self._file, _SEALED, len(self._header) + index * _SEALED)
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        if len(text) < 16:
            raise InvalidTag
        return self._aead.decrypt(nonce, text, self._bound(index, last))

    def _bound(self, index: int, last: bool) -> bytes:
        return self._header + struct.pack("<Q?", index, last)


class SealedAudio:
    """``ports.AudioFile``: a recording being written, int16 stereo. Used by one thread.

    Up to a second waits in memory: what a crash may cost. A piece that the disk did not take is lost.
    """

    def __init__(self, path: Path, key: CallKey) -> None:
        """Raises OSError."""
        header = _HEADER.pack(_MAGIC, RATE, CHANNELS, 2, os.urandom(16))
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(self._file, header)
        except OSError:
            os.close(self._file)
            raise
        self._pieces = _Pieces(self._file, header, key)
        self._written = 0
        """Pieces that are on disk."""
        self._rest = bytearray()
        """Sound after them."""

    @classmethod
    def of(cls, keys: Keys, call_id: str) -> Callable[[Path], SealedAudio]:
        """Opens the recording of a call with its key, which is made then; raises OSError."""

        def make(path: Path) -> SealedAudio:
            try:
                key = keys.make(call_id, kind="recording")
            except StoreError as exc:
                raise OSError(errno.ENOKEY, str(exc)) from exc
            return cls(path, key)

        return make

    def put(self, sound: bytes, at: int) -> None:
        """Sound that begins ``at`` bytes after the first; may leave a gap, or replace what is there.

        Raises OSError; what follows still gets its place.
        """
        begin = self._written * PIECE
        if at < begin:
            old = sound[: begin - at]
            self._replace(old, at)
            sound, at = sound[len(old) :], at + len(old)
            if not sound:
                return
        at -= begin
        if at > len(self._rest):
            self._rest += bytes(at - len(self._rest))
        self._rest[at : at + len(sound)] = sound
        while len(self._rest) >= PIECE:
            piece = bytes(self._rest[:PIECE])
            del self._rest[:PIECE]
            self._written += 1
            self._pieces.write(self._written - 1, piece)

    def read(self, at: int, size: int) -> bytes:
        """What was put there, as far as there is any; silence where the disk did not take it."""
        first, skip = divmod(at, PIECE)
        found = bytearray()
        for index in range(first, self._written):
            if len(found) >= skip + size:
                break
            found += self._piece(index)
        if len(found) < skip + size:
            begin = max(0, (first - self._written) * PIECE)
            found += self._rest[begin:]
        return bytes(found[skip : skip + size])

    def close(self) -> None:
        """Seal what is left as the last piece, and wait for the disk. Raises OSError."""
        try:
            self._pieces.write(self._written, bytes(self._rest), last=True)
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def _replace(self, sound: bytes, at: int) -> None:
        while sound:
            index, skip = divmod(at, PIECE)
            part = sound[: PIECE - skip]
            piece = bytearray(self._piece(index))
            piece[skip : skip + len(part)] = part
            self._pieces.write(index, bytes(piece))
            sound, at = sound[len(part) :], at + len(part)

    def _piece(self, index: int) -> bytes:
        try:
            return self._pieces.read(index)
        except InvalidTag:
            return bytes(PIECE)


class AudioReader(io.RawIOBase):
    """The sound of a sealed recording: int16 stereo, little-endian, at ``RATE``, seekable.

    Raises StoreError: ``no-recording``, ``recording-cut`` (its end is missing), ``recording-damaged``
    (changed, or another call's). With ``salvage`` a recording without an end is read as far as it goes, and
    what is damaged is silence.
    """

    def __init__(self, path: Path, key: CallKey, salvage: bool = False) -> None:
        super().__init__()
        self._file: int | None = None
        self._at = 0
        self._salvage = salvage
        self._cached: tuple[int, bytes] = (-1, b"")
        try:
            self._file = file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as exc:
            raise StoreError("no-recording", f"{path}: {exc.strerror}", file=str(path)) from exc
        try:
            header = os.pread(file, _HEADER.size, 0)
            if len(header) < _HEADER.size or _HEADER.unpack(header)[:4] != (_MAGIC, RATE, CHANNELS, 2):
                raise StoreError("recording-damaged", f"{path}: no sealed recording", file=str(path))
            self._pieces = _Pieces(file, header, key)
            self._full, self.size = self._measure(path, os.fstat(file).st_size - len(header))
        except BaseException:
            self.close()
            raise

    def _measure(self, path: Path, sealed: int) -> tuple[int, int]:
        """Full pieces before the last, and bytes of sound."""
        full, rest = divmod(sealed, _SEALED)
        if rest == 0 and full:
            full, rest = full - 1, _SEALED
        try:
            return full, full * PIECE + len(self._pieces.read(full, last=True))
        except InvalidTag:
            if not self._salvage:
                raise StoreError("recording-cut", f"{path}: its end is missing", file=str(path)) from None
        whole = full + (rest == _SEALED)
        return whole, whole * PIECE

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        index, skip = divmod(self._at, PIECE)
        if self._at >= self.size:
            return 0
        part = self._piece(index)[skip : skip + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        super().close()

    def _piece(self, index: int) -> bytes:
        if self._cached[0] != index:
            try:
                sound = self._pieces.read(index, last=index == self._full)
            except InvalidTag:
                if not self._salvage:
                    raise StoreError("recording-damaged", f"second {index}", second=index) from None
                sound = bytes(PIECE)
            self._cached = (index, sound)
        return self._cached[1]
