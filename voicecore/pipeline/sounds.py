"""Tells what the sounds on a caller's line are, and whether a turn made of them was meant for us."""

from __future__ import annotations

from dataclasses import replace

from voicecore.config import TurnSettings
from voicecore.pipeline.ears import Ears
from voicecore.ports import SoundModel
from voicecore.turns import Floor
from voicecore.turns.overlap import Judgement, Kind, Overlap, for_us

_LEAD_TICKS = 3
_LONGEST_TICKS = 75
"""See ``ports.SoundModel``."""


class Sounds:
    """The sounds of one call, and those of the turn in progress."""

    def __init__(self, ears: Ears, model: SoundModel, settings: TurnSettings, floor: Floor) -> None:
        self._ears = ears
        self._model = model
        self._settings = settings
        self._floor = floor
        self._turn: list[Overlap] = []
        """The sounds of the turn, each as it was at its soft end."""

    def kinds(self) -> tuple[float, ...] | None:
        """What the latest sound is like, as far as it has been heard; None while there is none."""
        ticks = self._floor.sound_ticks
        if not ticks:
            return None
        frames = self._ears.prosody(ticks + _LEAD_TICKS)[:_LONGEST_TICKS]
        return tuple(float(p) for p in self._model.classify(frames))

    def begin_turn(self) -> None:
        """What follows is another turn."""
        self._turn = []

    def end(self) -> None:
        """A soft end: the latest sound belongs to the turn."""
        self._turn.append(self._floor.sound(self.kinds()))

    def judge(self, words: str) -> Judgement:
        """ANSWER if any sound of the turn, read as ``words``, was meant for us; else what it was."""
        judged = [for_us(self._settings, replace(sound, words=words)) for sound in self._turn]
        return next((j for j in judged if j.kind is Kind.ANSWER), judged[-1])
