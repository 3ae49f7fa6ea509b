"""Playout without a media process: what the bridge does to queued speech, from the same kernels."""

from __future__ import annotations

import numpy as np

from voicecore.audio import Gain
from voicecore.types import RATE, TICK, Pcm

FADE = RATE * 5 // 1000


class Playout:
    """Queued speech, played a tick at a time: gain ramps, 5 ms fade-out on a flush, silence when empty."""

    def __init__(self, capacity: int) -> None:
        """``capacity`` in samples."""
        self._capacity = capacity
        self._queue = np.zeros(0, np.int16)
        self._flushed = 0
        self._sounding = False
        self._gain = Gain()
        self._goal = self._wanted = 1.0
        self._ramp_ms = 0
        self.streaming = False
        self.underruns = 0
        """Ticks that ran dry while ``streaming``."""
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
        self._wanted, self._ramp_ms = factor, ramp_ms

    def tick(self) -> Pcm:
        """The next 20 ms, int16 [320]."""
        if self._wanted != self._goal:
            self._goal = self._wanted
            self._gain.to(self._goal, RATE // 1000 * self._ramp_ms)
        tail = self._queue[: min(self._flushed, FADE)] if self._sounding else self._queue[:0]
        fresh = self._queue[self._flushed : self._flushed + TICK - len(tail)]
        fade = Gain()
        fade.to(0.0, len(tail))
        silence = np.zeros(TICK - len(tail) - len(fresh), np.int16)
        heard = self._gain.process(np.concatenate([fade.process(tail), fresh, silence]))
        self.played += self._flushed + len(fresh)
        self._queue = self._queue[self._flushed + len(fresh) :]
        self._flushed = 0
        self._sounding = len(silence) == 0
        self.underruns += self.streaming and not self._sounding
        return heard
