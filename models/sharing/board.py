"""A few words of shared memory in which the engines of a device say how much urgent work they have."""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from models.sharing.precedence import Need, Notice, wait_s
from voicecore.errors import EngineError

SEATS = 16
"""Engines on one device."""
POLL_S = 0.0005
"""How often who waits looks up."""
_PID, _URGENT, _AT = range(3)
_WORDS = 8
"""int64 per seat: a cache line, so that writers do not disturb each other."""


class Board:
    """Each seat is written by its engine alone and read by all: no lock that a dead process could keep.

    Times are of the monotonic clock, which all processes of a machine share.
    """

    def __init__(self, file: Path | None = None) -> None:
        """``file`` is the same for all processes that share the device; None: one process has it."""
        size = SEATS * _WORDS * 8
        self._handle = -1 if file is None else os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._handle >= 0:
            os.ftruncate(self._handle, size)
        self._memory = mmap.mmap(self._handle, size)
        self.seats = np.frombuffer(self._memory, np.int64).reshape(SEATS, _WORDS)

    def join(self) -> Seat:
        """A seat that is free, or whose process is gone. Raises EngineError("device-crowded")."""
        if self._handle >= 0:
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            for row in self.seats:
                if not _alive(int(row[_PID])):
                    row[_URGENT], row[_AT], row[_PID] = 0, 0, os.getpid()
                    return Seat(self, row)
        finally:
            if self._handle >= 0:
                fcntl.flock(self._handle, fcntl.LOCK_UN)
        raise EngineError("device-crowded", f"more than {SEATS} engines share a device")

    def notices(self) -> list[Notice]:
        """What is announced now."""
        busy = self.seats[self.seats[:, _URGENT] > 0]
        return [Notice(int(row[_URGENT]), row[_AT] / 1e9) for row in busy]


class Seat:
    """One engine at the board. For any number of threads."""

    def __init__(self, board: Board, row: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        self._board = board
        self._row = row
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Urgent work begins, or waits to; ``end`` follows."""
        self._change(1)

    def end(self) -> None:
        """It is over."""
        self._change(-1)

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """Urgent work within."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def give_way(self, need: Need, until: Callable[[], bool] = lambda: False) -> float:
        """Before a step for ``need``: wait for urgent work on the device, as long as that is due.

        ``until`` ends it early. Returns the seconds waited.
        """
        begun = now = time.monotonic()
        while wait_s(need, now - begun, self._board.notices(), now) > 0 and not until():
            time.sleep(POLL_S)
            now = time.monotonic()
        return now - begun

    def _change(self, by: int) -> None:
        with self._lock:
            self._row[_AT] = time.monotonic_ns()
            self._row[_URGENT] += by


class Boards:
    """The boards of all devices."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder`` is the same for all processes of an appliance; None: one process has all engines."""
        self._folder = folder
        self._boards: dict[str, Board] = {}

    def seat(self, device: str) -> Seat:
        """A seat at the board of "cpu", "cuda" or "cuda:N"."""
        kind, _, number = device.partition(":")
        name = f"{kind}-{number or 0}"
        if name not in self._boards:
            self._boards[name] = Board(None if self._folder is None else self._folder / name)
        return self._boards[name].join()


def alone() -> Seat:
    """The seat of an engine that shares its device with no other."""
    return Board().join()


def _alive(pid: int) -> bool:
    if pid == 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
