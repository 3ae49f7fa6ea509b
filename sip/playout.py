"""Playout without a media process: what the bridge's kernel does to queued speech, in numpy."""

from __future__ import annotations

import numpy as np

from voicecore.types import RATE, TICK, Floats, Pcm

FADE = RATE * 5 // 1000


class Playout:
    """Queued speech, played a tick at a time: gain ramps, 5 ms fade-out on a flush, silence when empty."""

    def __init__(self, capacity: int) -> None:
        """``capacity`` in samples."""
        self._capacity = capacity
        self._queue = np.zeros(0, np.int16)
        self._flushed = 0
        self._sounding = False
        self._gain = self._goal = np.float32(1)
        self._step = np.float32(0)
        self._ramp_left = 0
        self._wanted = (np.float32(1), 0)
        self.written = 0
        """Position of the next sample to be written."""
        self.played = 0
        """Samples consumed, flushed ones included."""

    def write(self, pcm: Pcm) -> int:
        """Queue what fits; returns how many samples that is."""
        taken = min(len(pcm), self._capacity - len(self._queue))
        self._queue = np.concatenate([self._queue, pcm[:taken]])
        self.written += taken
        return taken

    def flush(self) -> None:
        """Have the next tick skip everything written so far."""
        self._flushed = len(self._queue)

    def gain(self, factor: float, ramp_ms: int) -> None:
        """Go to ``factor`` over ``ramp_ms``, from the next tick on."""
        self._wanted = (np.float32(factor), ramp_ms)

    def tick(self) -> Pcm:
        """The next 20 ms, int16 [320]."""
        tail = self._queue[: min(self._flushed, FADE)] if self._sounding else self._queue[:0]
        fresh = self._queue[self._flushed : self._flushed + TICK - len(tail)]
        self.played += self._flushed + len(fresh)
        self._queue = self._queue[self._flushed + len(fresh) :]
        self._flushed = 0
        self._sounding = len(tail) + len(fresh) == TICK
        heard = np.zeros(TICK, np.float32)
        heard[: len(tail)] = tail
        heard[len(tail) : len(tail) + len(fresh)] = fresh
        heard = np.clip(heard * self._gains(), -32768, 32767)
        if len(tail):
            heard[: len(tail)] *= 1 - np.arange(1, len(tail) + 1, dtype=np.float32) / len(tail)
        rounded: Pcm = np.rint(heard).astype(np.int16)
        return rounded

    def _gains(self) -> Floats:
        """The gain of each sample of a tick; moves on along the ramp."""
        goal, ramp_ms = self._wanted
        if goal != self._goal:
            self._goal = goal
            self._ramp_left = max(RATE // 1000 * ramp_ms, 1)
            self._step = (goal - self._gain) / np.float32(self._ramp_left)
        ramp = min(self._ramp_left, TICK)
        gains = np.empty(TICK, np.float32)
        gains[:ramp] = self._gain + self._step * np.arange(1, ramp + 1, dtype=np.float32)
        self._ramp_left -= ramp
        if ramp:
            self._gain = gains[ramp - 1] if self._ramp_left else self._goal
        gains[ramp:] = self._gain
        return gains
