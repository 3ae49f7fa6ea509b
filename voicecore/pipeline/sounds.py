"""Collects the sounds on a caller's line, and what each is like."""

from __future__ import annotations

from voicecore.pipeline.ears import Ears
from voicecore.ports import SoundModel
from voicecore.turns import Floor
from voicecore.turns.overlap import Overlap

_LEAD_TICKS = 3
_LONGEST_TICKS = 75
"""See ``ports.SoundModel``."""


class Sounds:
    """The sounds of one call, and those of the turn in progress."""

    def __init__(self, ears: Ears, model: SoundModel, floor: Floor) -> None:
        self._ears = ears
        self._model = model
        self._floor = floor
        self.turn: tuple[Overlap, ...] = ()
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
        self.turn = ()

    def end(self) -> None:
        """A soft end: the latest sound belongs to the turn."""
        self.turn = (*self.turn, self._floor.sound(self.kinds()))
