"""Collects the sounds on a caller's line, and what each is like."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from voicecore.pipeline.ears import Ears
from voicecore.pipeline.work import Lane
from voicecore.ports import SoundModel, SoundReader
from voicecore.turns import Floor
from voicecore.turns.overlap import Overlap, joined
from voicecore.types import RATE, TICK_MS, Pcm

_LEAD_TICKS = 3
_LONGEST_TICKS = 75
"""See ``ports.SoundModel``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How sounds are read beside what they are like."""

    reader: SoundReader
    lane: Lane
    pcm: Callable[[], Pcm]
    """What the line brought until now, at ``RATE``; the latest seconds are enough."""
    watch: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Sounds:
    """The sounds of one call, and those of the turn in progress."""

    def __init__(self, ears: Ears, model: SoundModel, floor: Floor, reading: Reading | None = None) -> None:
        self._ears = ears
        self._model = model
        self._floor = floor
        self._reading = reading
        self._onset = -1.0
        """Of the sound that was read last, or is being read."""
        self._looks = 0
        """How often."""
        self._read: tuple[float, ...] | None = None
        self.turn: tuple[Overlap, ...] = ()
        """The sounds of the turn, each as it was at its soft end."""

    def kinds(self) -> tuple[float, ...] | None:
        """What the latest sound is like, as far as it has been heard; None while there is none."""
        ticks = self._floor.sound_ticks
        if not ticks:
            return None
        frames = self._ears.prosody(ticks + _LEAD_TICKS)[:_LONGEST_TICKS]
        kinds = tuple(float(p) for p in self._model.classify(frames))
        if self._reading is None:
            return kinds
        self._look(self._reading, ticks)
        return kinds if self._read is None else joined(kinds, self._read)

    def begin_turn(self) -> None:
        """What follows is another turn."""
        self.turn = ()

    def end(self) -> None:
        """A soft end: the latest sound belongs to the turn."""
        self.turn = (*self.turn, self._floor.sound(self.kinds()))

    def _look(self, reading: Reading, ticks: int) -> None:
        """Have the sound read when it has become old enough for that."""
        onset = self._floor.onset
        if onset != self._onset:
            self._onset, self._looks, self._read = onset, 0, None
        due = reading.reader.looks_ms
        if self._looks == len(due) or ticks * TICK_MS < due[self._looks]:
            return
        look, self._looks = self._looks, self._looks + 1
        if ticks * TICK_MS == due[look]:
            pcm = reading.pcm()[-(due[look] + reading.reader.lead_ms) * RATE // 1000 :]
            reading.watch(self._note(reading, pcm, look, onset))

    async def _note(self, reading: Reading, pcm: Pcm, look: int, onset: float) -> None:
        """The sound may be over, and another one begun, when its reading arrives."""
        read = await reading.lane.submit(lambda: reading.reader.read(pcm, look))
        if onset == self._onset:
            self._read = tuple(float(p) for p in read)
