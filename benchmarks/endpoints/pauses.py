"""What the appliance's ears make of a turn: every silence they notice, with what is known in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.endpoints.turns import Turn
from voicecore.config import TurnSettings
from voicecore.pipeline.ears import Ears, hear
from voicecore.ports import Vad
from voicecore.turns.voicing import Voicing
from voicecore.types import RATE, TICK, TICK_MS, MediaFrame, Pcm

_PRE_ROLL_S = 0.4
_LONGEST_S = 2.5
"""Silence after which nobody waits any longer."""
_EARLY_S = 0.3
"""How much before its true end the last word of a turn may have stopped being heard."""
_SILENCE = np.zeros(TICK, np.int16)

Score = Callable[[Pcm], float]


@dataclass(frozen=True, slots=True)
class Pause:
    """One silence as the ears found it: from the last voiced tick to the next one (None: none came)."""

    start: float
    """Seconds from the turn's first sample, as ``stop``."""
    stop: float | None
    truth_s: float
    """How long the true silence is that it lies in: 0 for none (a quiet consonant, or lost in noise)."""
    inserted: bool
    """Whether that silence was put there, not the speaker's own."""
    late_s: float
    """``start`` after the true end of the turn; what it says is of use for the last pause only."""
    scores: Mapping[str, float]
    """By model, from the sound up to ``soft_end_ms`` of silence."""
    speech: tuple[float, ...]
    """Speech probability per tick, from the first silent one on."""
    snr_db: float
    digits: int = 0
    """How many digits had been said before it."""

    @property
    def last(self) -> bool:
        return self.stop is None

    @property
    def length_s(self) -> float:
        return np.inf if self.stop is None else self.stop - self.start


@dataclass(slots=True)
class _Open:
    """A pause that is going on."""

    start: float
    snr_db: float
    scores: dict[str, float]
    speech: list[float]


def listen(turn: Turn, pcm: Pcm, vad: Vad, models: Mapping[str, Score]) -> list[Pause]:
    """All silences of ``soft_end_ms`` and more in ``pcm``, the turn as it arrived (int16 at 16 kHz)."""
    settings = TurnSettings()
    ears, voicing = Ears(vad), Voicing(settings)
    pauses: list[Pause] = []
    begun: float | None = None
    silent: list[float] = []
    pause: _Open | None = None
    for tick in range(len(pcm) // TICK):
        frame = MediaFrame(pcm[tick * TICK : (tick + 1) * TICK], _SILENCE, 0, 0)
        sound, now = hear(vad, [(ears, frame)])[0], (tick + 1) * TICK_MS / 1000
        voiced = voicing.step(sound.speech, sound.level_db, sound.noise_db, now)
        if begun is None and voicing.run_ms >= settings.start_ms:
            begun = max(0.0, voicing.onset - _PRE_ROLL_S)
        silent = [] if voiced else [*silent, sound.speech]
        if voiced and pause is not None:
            pauses.append(_closed(turn, pause, now))
            pause = None
        elif pause is not None:
            pause.speech.append(sound.speech)
            if now - pause.start > _LONGEST_S:
                break
        elif begun is not None and not voiced and voicing.gap_ms >= settings.soft_end_ms:
            heard = pcm[round(begun * RATE) : (tick + 1) * TICK]
            scores = {name: score(heard) for name, score in models.items()}
            snr_db = voicing.level_db - sound.noise_db
            pause = _Open(voicing.last_voiced, snr_db, scores, list(silent))
    return [*pauses, _closed(turn, pause, None)] if pause is not None else pauses


def _closed(turn: Turn, pause: _Open, stop: float | None) -> Pause:
    end = np.inf if stop is None else stop
    within = [(b - a, a, b) for a, b in turn.holds if min(b, end) > max(a, pause.start)]
    truth, begin, finish = max(within, default=(0.0, 0.0, 0.0))
    inserted = turn.kind == "digits" and truth > 0
    inserted |= turn.kind == "hesitation" and begin - 0.15 <= turn.cut_at <= finish + 0.15
    return Pause(
        pause.start,
        stop,
        truth,
        inserted,
        pause.start - turn.end,
        pause.scores,
        tuple(pause.speech),
        pause.snr_db,
        sum(at <= pause.start + _EARLY_S for at in turn.digits),
    )
