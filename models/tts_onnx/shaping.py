"""From a voice's own sound to speech for the line: rate, loudness, clean edges, and marks that fit them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from models.tts_onnx.loudness import Limiter
from models.tts_onnx.voice import Rendering
from voicecore.audio import Resampler
from voicecore.types import RATE, Floats, Pcm, SpeechChunk, WordMark

LEAD = RATE * 5 // 1000
"""Samples before the first audible one (5 ms)."""
AUDIBLE = 10 ** (-55 / 20)
"""What is weaker than this, of full scale, is silence."""


class Shaper:
    """One part of an utterance, on its way."""

    def __init__(self, rendering: Rendering, rate: int, gain: float) -> None:
        """``rate``: Hz of the rendering when it is played at the pitch that is wanted."""
        self._sounds = rendering.sounds
        self._resampler = Resampler(rate, RATE, np.float32)
        self._limiter = Limiter()
        self._gain = np.float32(gain)
        self._late = round(self._resampler.delay_ms * RATE / 1000) + Limiter.DELAY

    def chunks(self, marks: Sequence[WordMark], written: int, pause: int) -> Iterator[SpeechChunk]:
        """Speech from ``LEAD`` before its first audible sample on, and ``pause`` samples of silence after it.

        ``marks`` count from the rendering's first sample, at ``RATE``; those that come out count from
        the utterance's, of which ``written`` samples exist. Silence is kept back until sound follows.
        """
        due = deque(marks)
        edges = _Edges()
        begun = written
        for sound in self._sounds:
            kept = edges.trim(self._ready(self._resampler.process(np.nan_to_num(sound) * self._gain)))
            if len(kept):
                yield SpeechChunk(kept, tuple(_begun(due, begun - edges.cut, written, len(kept))))
                written += len(kept)
        rest = np.concatenate([self._resampler.flush(), np.zeros(Limiter.DELAY, np.float32)])
        last = np.concatenate([edges.trim(self._ready(rest)), np.zeros(pause, np.int16)])
        ended = [*_begun(due, begun - edges.cut, written, len(last))]
        yield SpeechChunk(last, (*ended, *(WordMark(mark.chars, written + len(last) - 1) for mark in due)))

    def _ready(self, sound: Floats) -> Pcm:
        sound = self._limiter.process(sound)
        early = min(self._late, len(sound))
        self._late -= early
        return np.rint(np.clip(sound[early:], -1, 1) * 32_767).astype(np.int16)


class _Edges:
    """Leaves out the silence before and after: ``cut`` samples before."""

    def __init__(self) -> None:
        self.cut = 0
        self._begun = False
        self._kept = np.zeros(0, np.int16)

    def trim(self, pcm: Pcm) -> Pcm:
        """What of the sound so far may go out; all but silence, which waits for what follows."""
        sound = np.concatenate([self._kept, pcm])
        heard = np.flatnonzero(np.abs(sound.astype(np.int32)) > AUDIBLE * 32_768)
        if not len(heard):
            drop = 0 if self._begun else max(0, len(sound) - LEAD)
            self.cut += drop
            self._kept = sound[drop:]
            return sound[:0]
        start = 0 if self._begun else max(0, int(heard[0]) - LEAD)
        end = int(heard[-1]) + 1
        self._begun = True
        self.cut += start
        self._kept = sound[end:]
        return sound[start:end]


def _begun(due: deque[WordMark], shift: int, written: int, samples: int) -> Iterator[WordMark]:
    """The marks that lie in the next ``samples``, taken from ``due`` and moved by ``shift``."""
    while due and due[0].sample + shift < written + samples:
        mark = due.popleft()
        yield WordMark(mark.chars, max(written, mark.sample + shift))
