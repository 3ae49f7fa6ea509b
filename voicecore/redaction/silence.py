"""Takes private words out of a recording: which spans, and the samples themselves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from voicecore.redaction.entities import Redacted, Who
from voicecore.types import RATE, Pcm

PAD_S = 0.04
"""Word times of recognisers are late or early by so much."""
_TONE_LEVEL = 1500
"""Amplitude of the tone, int16: 27 dB below full scale."""

Spans = tuple[tuple[float, float], ...]
"""Seconds, from and to, in order and apart."""


def silence_spans(turns: Iterable[Redacted], who: Who, pad_s: float = PAD_S) -> Spans:
    """When ``who`` spoke private data, as ``Redacted`` tells at the end of the call (or of a stretch of it).

    ``pad_s`` is added on both sides; what then touches is one span.
    """
    timed = (f for turn in turns if turn.who == who for f in turn.findings if f.t1 > f.t0)
    spans: list[tuple[float, float]] = []
    for start, end in sorted((max(0.0, f.t0 - pad_s), f.t1 + pad_s) for f in timed):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def mute(pcm: Pcm, spans: Spans, rate: int = RATE, tone_hz: float | None = None) -> Pcm:
    """A copy of ``pcm`` (int16 [n], its first sample at second 0) with the spans silent, or a steady tone."""
    out = pcm.copy()
    for start, end in spans:
        first, last = (min(len(out), max(0, round(at * rate))) for at in (start, end))
        if tone_hz is None:
            out[first:last] = 0
        else:
            phase = 2 * np.pi * tone_hz / rate * np.arange(first, last)
            out[first:last] = np.rint(_TONE_LEVEL * np.sin(phase)).astype(np.int16)
    return out
