"""One loudness for every voice: active level after ITU-T P.56, and no peak beyond what a line carries."""

from __future__ import annotations

from math import log10

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from voicecore.audio import Resampler
from voicecore.types import RATE, Floats

Doubles = npt.NDArray[np.float64]

SMOOTHING_S = 0.03
HANGOVER_S = 0.2
MARGIN_DB = 15.9
"""ITU-T P.56 (12/2011), method B: time constant of the envelope, hangover, and how far the threshold of
activity lies under the active level."""
CEILING = 10 ** (-1 / 20)
"""True peak that nothing exceeds, of full scale: 1 dB of room for the line's own filters (EBU R 128)."""
OVERSAMPLING = 4
"""At which peaks between samples show within 0.6 dB (ITU-R BS.1770-4, annex 2)."""
_BLOCK = 256


def active_level(sound: Floats, rate: int) -> float:
    """dB relative to full scale, where a square wave of full scale has 0; -100 for silence.

    ``sound``: float32 [n] in -1..1. Mean power over the time that somebody speaks, pauses under 200 ms
    included.
    """
    power = float(np.dot(sound.astype(np.float64), sound))
    envelope = _smoothed(_smoothed(np.abs(sound).astype(np.float64), rate), rate)
    thresholds = 2.0 ** -np.arange(16)
    excess = []
    for threshold in thresholds:
        active = _active(envelope >= threshold, round(HANGOVER_S * rate))
        level = 10 * log10(power / active) if active and power else None
        excess.append(None if level is None else (level, level - 20 * log10(threshold)))
    known = [pair for pair in excess if pair is not None]
    if not known or known[-1][1] < MARGIN_DB:
        return -100.0
    below = next(nth for nth, (_, over) in enumerate(known) if over >= MARGIN_DB)
    if below == 0:
        return known[0][0]
    (level, over), (lower, further) = known[below - 1], known[below]
    return level + (MARGIN_DB - over) / (further - over) * (lower - level)


def _smoothed(values: Doubles, rate: int) -> Doubles:
    """Exponential average over 30 ms, block by block: a product with a triangle, plus what is carried in."""
    keep = np.exp(-1 / (rate * SMOOTHING_S))
    padded = np.pad(values, (0, -len(values) % _BLOCK)).reshape(-1, _BLOCK)
    steps = np.arange(_BLOCK)
    age = steps - steps[:, None]
    own = padded @ np.where(age >= 0, (1 - keep) * keep ** np.maximum(0, age), 0)
    carried = 0.0
    fade = keep ** (steps + 1)
    for nth in range(len(own)):
        own[nth] += fade * carried
        carried = own[nth, -1]
    smooth: Doubles = own.reshape(-1)[: len(values)]
    return smooth


def _active(above: npt.NDArray[np.bool_], hangover: int) -> int:
    """Samples above the threshold, or less than the hangover after one that was."""
    index = np.arange(len(above))
    last = np.maximum.accumulate(np.where(above, index, -hangover - 1))
    return int(np.count_nonzero(index - last <= hangover))


class Limiter:
    """Keeps the true peak of one stream under ``CEILING``: a gain that falls before the peak comes.

    The gain is the moving average of the moving minimum of what each sample allows. Sound comes out
    ``DELAY`` samples late; what never comes near the ceiling is not changed.
    """

    WINDOW = RATE * 5 // 1000
    """Samples over which the gain falls and recovers (5 ms)."""
    DELAY = WINDOW - 1 + 16
    """Samples at ``RATE``; 16 of them pass in the oversampling filter."""

    def __init__(self) -> None:
        self._finer = Resampler(RATE, OVERSAMPLING * RATE, np.float32)
        self._sound = np.zeros(self.DELAY, np.float32)
        self._allowed = np.ones(2 * self.WINDOW - 2, np.float32)

    def process(self, sound: Floats) -> Floats:
        """float32 [n] to float32 [n]."""
        if not len(sound):
            return sound
        peaks = np.abs(self._finer.process(sound)).reshape(-1, OVERSAMPLING).max(1)
        allowed = np.concatenate([self._allowed, CEILING / np.maximum(peaks, CEILING)])
        waiting = np.concatenate([self._sound, sound])
        self._allowed, self._sound = allowed[len(sound) :], waiting[len(sound) :]
        ready = waiting[: len(sound)]
        if allowed.min() == 1:
            return ready
        least = sliding_window_view(allowed, self.WINDOW).min(axis=1)
        gain = sliding_window_view(least, self.WINDOW).mean(axis=1, dtype=np.float64)
        limited: Floats = (ready * gain).astype(np.float32)
        return limited
