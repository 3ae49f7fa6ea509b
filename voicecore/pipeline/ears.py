"""Hears: turns the media ticks of all calls into numbers, with one batch of voice-activity detection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voicecore.audio import PROSODY, EchoCorrelator, Framer, LevelMeter, Prosody, Resampler
from voicecore.ports import Vad
from voicecore.types import RATE, Floats, MediaFrame

_KEPT_TICKS = 150
"""How far back the prosody of the line is kept: 3 s."""
_NARROW_RATE = 8000
"""What the prosody kernel hears; what most detectors hear too."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What one tick of one call sounded like (see ``turns.Features``)."""

    speech: float
    level_db: float
    noise_db: float
    echo: float


class Ears:
    """The hearing of one call: kernel state, and the latest speech probability."""

    def __init__(self, vad: Vad) -> None:
        self.stream = vad.open()
        self.speech = 0.0
        """Held from one VAD frame to the next: they are not as long as a tick."""
        self._narrow = Resampler(RATE, _NARROW_RATE)
        self._resampler = Resampler(RATE, vad.rate) if vad.rate != _NARROW_RATE else None
        self._framer = Framer(vad.frame)
        self._prosody = Prosody()
        self._contour = np.zeros((_KEPT_TICKS, PROSODY), np.float32)
        self._level = LevelMeter()
        self._echo = EchoCorrelator()

    def take(self, frame: MediaFrame) -> tuple[Floats, Sound]:
        """Advance by one tick: VAD frames now due, float32 [k, frame], and the sound but for ``speech``."""
        level, echo = self._level, self._echo
        level.process(frame.caller)
        echo.process(frame.caller, frame.agent)
        narrow = self._narrow.process(frame.caller)
        self._contour[:-1] = self._contour[1:]
        self._contour[-1] = self._prosody.process(narrow)
        heard = narrow if self._resampler is None else self._resampler.process(frame.caller)
        due = self._framer.process(heard)
        scaled = due.astype(np.float32) / np.float32(32768)
        return scaled, Sound(self.speech, level.rms_dbfs, level.floor_dbfs, echo.correlation)

    def prosody(self, ticks: int) -> Floats:
        """The latest ticks of prosody, oldest first, float32 [ticks, PROSODY] (see ``audio.Prosody``)."""
        return self._contour[-min(ticks, _KEPT_TICKS) :].copy()


def hear(vad: Vad, ticks: Sequence[tuple[Ears, MediaFrame]]) -> list[Sound]:
    """One tick of several calls, in the order given."""
    taken = [(ears, *ears.take(frame)) for ears, frame in ticks]
    for index in range(max((len(due) for _, due, _ in taken), default=0)):
        batch = [(ears, due[index]) for ears, due, _ in taken if index < len(due)]
        speech = vad.step([ears.stream for ears, _ in batch], np.stack([row for _, row in batch]))
        for (ears, _), probability in zip(batch, speech, strict=True):
            ears.speech = float(probability)
    return [Sound(ears.speech, sound.level_db, sound.noise_db, sound.echo) for ears, _, sound in taken]
