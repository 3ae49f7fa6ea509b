"""Where somebody speaks in a recording: segments of sound, and the pauses inside a caller's turn. Pure."""

from __future__ import annotations

import numpy as np

from voicecore.types import RATE, Pcm

Span = tuple[int, int]
"""[first, one past last) samples."""

AUDIBLE = 164
"""Magnitude from which a sample of the agent counts as sound, -46 dBFS: speech ducked by 12 dB is louder."""
PAUSE = RATE // 5
"""Silence of 200 ms ends a segment (a tick of tau-voice); a shorter one lies inside it."""
_SHORTEST = RATE * 30 // 1000
_BELOW_SPEECH = 10 ** (-30 / 20)
"""The caller pauses where the level of 20 ms is 30 dB below the turn's loud parts."""
_FRAME = RATE // 50


def speech_segments(pcm: Pcm) -> list[Span]:
    """Where the agent speaks, to the sample: sound of ``AUDIBLE``, silences below ``PAUSE`` bridged.

    ``pcm``: int16 at ``RATE``. Clicks of less than 30 ms that stand alone are no speech.
    """
    heard = np.flatnonzero(np.abs(pcm.astype(np.int32)) >= AUDIBLE)
    if not len(heard):
        return []
    breaks = np.flatnonzero(np.diff(heard) > PAUSE)
    firsts = heard[np.concatenate([[0], breaks + 1])]
    lasts = heard[np.concatenate([breaks, [len(heard) - 1]])] + 1
    runs = zip(firsts.tolist(), lasts.tolist(), strict=True)
    return [(first, last) for first, last in runs if last - first >= _SHORTEST]


def pauses(pcm: Pcm) -> list[Span]:
    """Silences of at least ``PAUSE`` inside a caller's clean turn, in steps of 20 ms."""
    frames = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    level = np.sqrt(np.square(frames).mean(axis=1))
    if not len(level):
        return []
    voiced = np.flatnonzero(level >= np.percentile(level, 95) * _BELOW_SPEECH)
    ends, starts = voiced[:-1] + 1, voiced[1:]
    long = (starts - ends) * _FRAME >= PAUSE
    return [(int(a) * _FRAME, int(b) * _FRAME) for a, b in zip(ends[long], starts[long], strict=True)]
