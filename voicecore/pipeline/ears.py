"""Hears: turns the media ticks of all calls into numbers, with one batch of voice-activity detection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voicecore.audio import EchoCorrelator, Framer, LevelMeter, Resampler
from voicecore.ports import Vad
from voicecore.types import RATE, Floats, MediaFrame


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
        self._resampler = Resampler(RATE, vad.rate)
        self._framer = Framer(vad.frame)
        self._level = LevelMeter()
        self._echo = EchoCorrelator()

    def take(self, frame: MediaFrame) -> tuple[Floats, Sound]:
        """Advance by one tick: VAD frames now due, float32 [k, frame], and the sound but for ``speech``."""
        level, echo = self._level, self._echo
        level.process(frame.caller)
        echo.process(frame.caller, frame.agent)
        due = self._framer.process(self._resampler.process(frame.caller))
        scaled = due.astype(np.float32) / np.float32(32768)
        return scaled, Sound(self.speech, level.rms_dbfs, level.floor_dbfs, echo.correlation)


def hear(vad: Vad, ticks: Sequence[tuple[Ears, MediaFrame]]) -> list[Sound]:
    """One tick of several calls, in the order given."""
    taken = [(ears, *ears.take(frame)) for ears, frame in ticks]
    for index in range(max((len(due) for _, due, _ in taken), default=0)):
        batch = [(ears, due[index]) for ears, due, _ in taken if index < len(due)]
        speech = vad.step([ears.stream for ears, _ in batch], np.stack([row for _, row in batch]))
        for (ears, _), probability in zip(batch, speech, strict=True):
            ears.speech = float(probability)
    return [Sound(ears.speech, sound.level_db, sound.noise_db, sound.echo) for ears, _, sound in taken]
