"""Records a call as stereo WAV, caller left and agent right, without ever holding up the audio."""

from __future__ import annotations

import logging
import math
import os
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Full, Queue

import numpy as np

from voicecore.errors import StoreError
from voicecore.ports import AudioFile
from voicecore.types import RATE, TICK, MediaFrame

log = logging.getLogger(__name__)

HEADER_BYTES = 44
SAMPLE_BYTES = 2 * 2
"""Two channels, int16."""
TICK_BYTES = TICK * SAMPLE_BYTES
BATCH = 50
"""Ticks that are written together, with the header after them: what a crash may cost (1 s)."""
WAITING = 30
"""Batches that may wait for a slow disk."""
_MOST = 0xFFFF_FFFF - HEADER_BYTES


def wav_header(data_bytes: int) -> bytes:
    """A RIFF/WAVE header for 16 kHz stereo int16 (Microsoft RIFF, 1991); sizes stop at 4 GiB."""
    size = min(data_bytes, _MOST)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE, RATE * 4, 4, 16)
    riff = struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + size, b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", size)


class WavFile:
    """``ports.AudioFile`` as plain WAV, with a valid header after every ``put``."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._end = 0

    def put(self, sound: bytes, at: int) -> None:
        _write_all(self._file, sound, HEADER_BYTES + at)
        if at + len(sound) > self._end:
            self._end = at + len(sound)
            _write_all(self._file, wav_header(self._end), 0)

    def read(self, at: int, size: int) -> bytes:
        return os.pread(self._file, max(0, min(size, self._end - at)), HEADER_BYTES + at)

    def close(self) -> None:
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)


@dataclass(frozen=True, slots=True)
class _Silence:
    """What is to be made silent: from and to, in samples, and which channels."""

    start: int
    end: int
    channels: tuple[int, ...]


class Recorder:
    """One recording. ``write`` from one thread never blocks; a thread of its own writes the disk.

    Until ``close`` the file is called ``<path>.part``, readable but for the last second. Ticks that a slow
    or full disk could not take are counted in ``dropped`` and are silence in the file, so that what follows
    keeps its place. Readable by its owner only.
    """

    def __init__(self, path: Path, make: Callable[[Path], AudioFile] = WavFile) -> None:
        """``make`` opens the file, when the first sound comes; raises OSError."""
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self._make = make
        self._batch: list[MediaFrame] = []
        self._refused = 0
        self._failed = 0
        self._gap = 0
        self._closed = False
        self._kept = False
        self._silences: deque[_Silence] = deque()
        self._queue: Queue[tuple[int, list[MediaFrame]] | None] = Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name=f"recording {path.stem}", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Ticks that are missing in the file."""
        return self._refused + self._failed

    def write(self, frame: MediaFrame) -> None:
        """Take the next tick; after ``close`` it counts as dropped."""
        if self._closed:
            self._refused += 1
            return
        self._batch.append(frame)
        if len(self._batch) >= BATCH:
            self._hand_over()

    def silence(self, start_s: float, end_s: float, channels: tuple[int, ...] = (0, 1)) -> None:
        """Have nothing of that time in the recording; 0 is the caller, 1 the agent. Never blocks.

        The file that gets its name has it all: one in which something can't be made silent is not kept.
        After ``close`` it is too late: StoreError("recording-closed").
        """
        if self._closed:
            raise StoreError("recording-closed", "what was recorded can't be made silent any more")
        start, end = max(0, math.floor(start_s * RATE)), math.ceil(end_s * RATE)
        if end > start:
            self._silences.append(_Silence(start, end, channels))

    def flush(self) -> None:
        """Block until everything taken so far was given to the file."""
        if self._batch:
            self._hand_over()
        self._queue.join()

    def close(self) -> Path | None:
        """Block until the file is whole and has its name; None if there is none. May be called twice."""
        if not self._closed:
            self._closed = True
            if self._batch:
                self._hand_over()
            self._queue.put(None)
        self._thread.join()
        if self.dropped:
            log.warning("recording lost ticks", extra={"ticks": self.dropped, "file": self.path.name})
        return self.path if self._kept else None

    def _hand_over(self) -> None:
        batch, self._batch = self._batch, []
        try:
            self._queue.put_nowait((self._gap, batch))
            self._gap = 0
        except Full:
            self._gap += len(batch)
            self._refused += len(batch)

    def _work(self) -> None:
        """The writer thread: batches in order, each at the place that its time gives it."""
        file: AudioFile | None = None
        at = 0
        while (item := self._queue.get()) is not None:
            gap, batch = item
            at += gap * TICK_BYTES
            try:
                file = file or self._make(self.part)
                file.put(_interleaved(batch), at)
            except OSError as exc:
                self._failed += len(batch)
                self._complain("recording can't be written", exc)
            at += len(batch) * TICK_BYTES
            if file is not None:
                self._mute(file, at)
            self._queue.task_done()
        if file is not None:
            self._finish(file, at)
        self._queue.task_done()

    def _mute(self, file: AudioFile, end: int) -> bool:
        """Make silent what was asked for and is in the file, ``end`` bytes of sound; whether that is all."""
        for _ in range(len(self._silences)):
            silence = self._silences.popleft()
            try:
                if silence.end * SAMPLE_BYTES > end:
                    self._silences.append(silence)
                else:
                    _silenced(file, silence)
            except OSError as exc:
                self._silences.append(silence)
                self._complain("recording can't be made silent", exc)
        return not self._silences

    def _finish(self, file: AudioFile, at: int) -> None:
        """Nothing is silenced beyond the end: what is asked for there is only cut."""
        self._silences = deque(replace(s, end=min(s.end, at // SAMPLE_BYTES)) for s in self._silences)
        silent = self._mute(file, at)
        try:
            file.close()
            if silent:
                os.replace(self.part, self.path)
            else:
                self.part.unlink()
            self._kept = silent
        except OSError as exc:
            self._complain("recording can't be finished", exc)

    def _complain(self, what: str, cause: OSError) -> None:
        log.error(what, extra={"file": self.path.name, "cause": cause.strerror})


def _silenced(file: AudioFile, silence: _Silence) -> None:
    """Raises OSError."""
    at = silence.start * SAMPLE_BYTES
    stereo = np.frombuffer(file.read(at, (silence.end - silence.start) * SAMPLE_BYTES), "<i2").reshape(-1, 2)
    muted = stereo.copy()
    muted[:, list(silence.channels)] = 0
    file.put(muted.tobytes(), at)


def _interleaved(batch: list[MediaFrame]) -> bytes:
    """Caller and agent samples in turn, little-endian."""
    stereo = np.empty((len(batch), TICK, 2), "<i2")
    stereo[:, :, 0] = [frame.caller for frame in batch]
    stereo[:, :, 1] = [frame.agent for frame in batch]
    return stereo.tobytes()


def _write_all(file: int, data: bytes, at: int) -> None:
    """``pwrite`` until nothing is left. Raises OSError."""
    rest = memoryview(data)
    while rest:
        done = os.pwrite(file, rest, at)
        rest, at = rest[done:], at + done
