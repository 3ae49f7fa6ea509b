"""Records a call as stereo WAV, caller left and agent right, without ever holding up the audio."""

from __future__ import annotations

import logging
import os
import struct
import threading
from pathlib import Path
from queue import Full, Queue

import numpy as np

from voicecore.types import RATE, TICK, MediaFrame

log = logging.getLogger(__name__)

HEADER_BYTES = 44
TICK_BYTES = TICK * 2 * 2
"""One tick of two channels, int16."""
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


class Recorder:
    """One recording. ``write`` from one thread never blocks; a thread of its own writes the disk.

    Until ``close`` the file is called ``<path>.part``, with a valid header for all but the last
    second. Ticks that a slow or full disk could not take are counted in ``dropped`` and are silence
    in the file, so that what follows keeps its place. Readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self._batch: list[MediaFrame] = []
        self._refused = 0
        self._failed = 0
        self._gap = 0
        self._closed = False
        self._kept = False
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

    def flush(self) -> None:
        """Block until everything taken so far is in the file, header included."""
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
        file: int | None = None
        at = HEADER_BYTES
        while (item := self._queue.get()) is not None:
            gap, batch = item
            at += gap * TICK_BYTES
            try:
                if file is None:
                    file = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                _write_all(file, _interleaved(batch), at)
                _write_all(file, wav_header(at + len(batch) * TICK_BYTES - HEADER_BYTES), 0)
            except OSError as exc:
                self._failed += len(batch)
                log.error("recording can't be written", extra={"file": self.path.name, "cause": exc.strerror})
            at += len(batch) * TICK_BYTES
            self._queue.task_done()
        self._finish(file)
        self._queue.task_done()

    def _finish(self, file: int | None) -> None:
        if file is None:
            return
        try:
            os.fsync(file)
            os.replace(self.part, self.path)
            self._kept = True
        except OSError as exc:
            log.error("recording can't be finished", extra={"file": self.path.name, "cause": exc.strerror})
        finally:
            os.close(file)


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
