"""The baseline's floor: voice activity and fixed times, no model, no words, no second thoughts."""

from __future__ import annotations

from collections.abc import Sequence

from voicecore.config import TurnSettings
from voicecore.turns import Act, Features, Floor, State
from voicecore.turns.floor import Event
from voicecore.turns.overlap import Judgement, Kind, Overlap
from voicecore.types import TICK_MS

SILENCE_MS = 600
"""Silence that ends a turn."""
INTERRUPT_MS = 240
"""Voice over the agent's speech that stops it."""
_SPEECH = 0.5
_SAME_SOUND_MS = 200
"""A gap up to here does not end a sound."""
_OVERDUE = (Event.NO_INPUT, Event.LATE)


class PlainFloor(Floor):
    """Our table, moved by voice activity alone: nothing is worked out before a turn has ended.

    Everything around it is the product, and what only time decides too: who says nothing is asked again.
    """

    def __init__(self, settings: TurnSettings) -> None:
        super().__init__(settings)
        self._begun = self._ended = 0.0
        self._run_ms = self._gap_ms = 0

    @property
    def onset(self) -> float:
        """When the caller's latest sound began."""
        return self._begun

    @property
    def last_voiced(self) -> float:
        """When the caller was last voiced."""
        return self._ended

    @property
    def sound_ticks(self) -> int:
        """None: what kind of sound it is does not matter."""
        return 0

    def step(self, features: Features, now: float) -> list[Act]:
        """Advance by one tick; a pause is an end, and a sound over the agent's speech an interruption."""
        self._track(features.speech >= _SPEECH, now)
        acts = super().step(features, now)
        for event in (Event.END, Event.INTERRUPTION):
            if self.takes(event):
                acts += self.on(event)
        return acts

    def meant(self, sounds: Sequence[Overlap], words: str, *, text: str, cut_in: bool) -> Judgement:
        """Every turn is meant for us."""
        del sounds, words, text, cut_in
        return Judgement(Kind.ANSWER)

    def _track(self, voiced: bool, now: float) -> None:
        if not voiced:
            self._gap_ms += TICK_MS
            if self._gap_ms >= _SAME_SOUND_MS:
                self._run_ms = 0
            return
        if self._run_ms == 0:
            self._begun = now - TICK_MS / 1000
        self._run_ms += TICK_MS
        self._gap_ms = 0
        self._ended = now

    def _event(self, f: Features) -> Event | None:
        match self.state:
            case State.HEARING | State.INTERRUPTED:
                return Event.PAUSE if self._gap_ms >= SILENCE_MS else None
            case State.SPEAKING:
                return Event.OVERLAP if self._run_ms >= INTERRUPT_MS else None
            case State.LISTENING | State.THINKING if self._run_ms >= self._settings.start_ms:
                return Event.ONSET
            case State.LISTENING | State.THINKING:
                overdue = super()._event(f)
                return overdue if overdue in _OVERDUE else None
        return None
