"""Decides how much silence ends the caller's turn, and says why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from voicecore.config import TurnSettings
from voicecore.turns.pace import Pauses
from voicecore.turns.syntax import Ending
from voicecore.types import TICK_MS


class Fit(Enum):
    """How far the words so far fill the slot that the dialogue waits for."""

    UNKNOWN = "unknown"
    """The slot can't tell: an open question, or no words of its kind yet."""
    PART = "part"
    """Plainly not all of it: four of six digits."""
    SERIES = "one of a series"
    """Something more may come at any time, and nobody knows how much: a spelled name."""
    MAY_GO_ON = "may go on"
    """All of an answer, but of a sort that people often add to: a bare "no", "the third"."""
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class SlotFit:
    """``fit`` with what it rests on, in plain words for the log: "4 of 6 digits". Nothing of a value."""

    fit: Fit = Fit.UNKNOWN
    because: str = ""


UNFIT = SlotFit()
"""Nothing known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known in a pause about whether the caller has finished: numbers and small facts."""

    pauses: Pauses
    """How long this caller pauses inside a turn (``Pace.pauses``)."""
    turn_probability: float | None = None
    """The turn model's belief 0..1 that the turn is complete; None while it is not known."""
    ending: Ending = Ending.UNKNOWN
    """Whether a sentence can end with the last word (``ending``); UNKNOWN where the words are not English."""
    slot: SlotFit = UNFIT
    speech: float = 0.0
    """Speech probability of the latest tick, 0..1."""
    snr_db: float = math.inf
    """The caller's level over the noise floor."""
    read: bool = True
    """Whether the recogniser has answered, so that ``ending`` and ``slot`` say all that can be known."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Silence to wait for before the turn is taken, with the reasons in plain words."""

    ms: int
    reasons: tuple[str, ...]


_UNHEARD = 0.5
"""Belief in an end while the turn model has not answered."""
_LISTENING_MS, _READING_MS = 80, 400
"""How long turn model and recogniser may take until they are no longer waited for. A reply can't begin before
the words are there, so that committing without them gains nothing."""
_ENDINGS = {
    Ending.HESITATING: (-4.0, "the last word is a hesitation"),
    Ending.OPEN: (-3.0, "the last word wants another"),
    Ending.MAY_GO_ON: (-0.5, "people often go on from there"),
    Ending.CLOSED: (0.7, "the sentence can end there"),
}
"""Log-odds for an end, by the last words."""
_FITS = {Fit.PART: (-4.0, 1.3), Fit.SERIES: (-1.0, 1.0), Fit.MAY_GO_ON: (-0.3, 0.5), Fit.WHOLE: (4.0, 1.0)}
"""Log-odds for an end and length of the pauses against this caller's others, by slot: groups of digits are
further apart than words, and what follows a bare "no" follows at once."""
_CLEAR_DB, _DROWNED_DB, _LEAST_TRUST = 20.0, 0.0, 0.4
"""SNR from which on, and down to which, the turn model counts fully and least."""
_NOISE_MS_PER_DB = 4.0
"""In noise the quiet end of a word is not seen, and the silence seems to begin before it does."""
_DOUBT_MS = 60
"""More silence while the voice detector still half hears speech."""


def silence_to_wait(settings: TurnSettings, evidence: Evidence) -> Wait:
    """The silence that ends a turn, joined from all that is known, with its reasons.

    Each piece of evidence adds to the log-odds of an end. The wait is the one of least expected cost between
    ``wait_min_ms`` and ``wait_max_ms``: P(end) x its length / ``cutoff_cost_ms`` for the dead air, plus
    P(the caller goes on) x P(a pause of theirs lasts longer) for cutting them off. (Decision theory on the
    pauses' survival function, as in Raux and Eskenazi 2012, "Optimizing the turn-taking behavior of
    task-oriented spoken dialog systems".)
    """
    e = evidence
    reasons: list[str] = []
    logit = _heard(e, reasons)
    if e.ending in _ENDINGS and e.slot.fit is not Fit.WHOLE:
        weight, reason = _ENDINGS[e.ending]
        logit += weight
        reasons.append(reason)
    pauses = e.pauses
    if e.slot.fit in _FITS:
        weight, factor = _FITS[e.slot.fit]
        logit += weight
        pauses = pauses.longer(factor)
        reasons.append(e.slot.because or f"the answer: {e.slot.fit.value}")
    goes_on = 1 / (1 + math.exp(logit))
    reasons.append(f"{round(100 * goes_on)} % chance of more, pauses of about {round(pauses.median_ms)} ms")
    silence_ms = _cheapest(settings, goes_on, pauses, e.slot.fit is Fit.WHOLE) + _lateness_ms(
        settings, e, reasons
    )
    silence_ms = max(silence_ms, settings.soft_end_ms + _pending_ms(e, reasons))
    return Wait(round(min(silence_ms, settings.wait_max_ms)), tuple(reasons))


@lru_cache(maxsize=256)
def _cheapest(settings: TurnSettings, goes_on: float, pauses: Pauses, whole: bool) -> int:
    """The silence of least expected cost, in ticks' steps; ``whole``: the words fill the slot."""
    least_ms = settings.wait_min_ms if whole else max(settings.wait_min_ms, settings.wait_open_ms)

    def cost(silence_ms: int) -> float:
        dead_air = silence_ms / settings.cutoff_cost_ms
        return (1 - goes_on) * dead_air + goes_on * pauses.outlast(silence_ms)

    return min(range(min(least_ms, settings.wait_max_ms), settings.wait_max_ms + 1, TICK_MS), key=cost)


def _heard(e: Evidence, reasons: list[str]) -> float:
    """The turn model's log-odds, trusted less in noise."""
    if e.turn_probability is None:
        reasons.append("not listened to yet")
        return math.log(_UNHEARD / (1 - _UNHEARD))
    reasons.append(f"sounds {round(100 * e.turn_probability)} % finished")
    clear = (e.snr_db - _DROWNED_DB) / (_CLEAR_DB - _DROWNED_DB)
    p = min(max(e.turn_probability, 1e-3), 1 - 1e-3)
    return math.log(p / (1 - p)) * min(max(clear, _LEAST_TRUST), 1.0)


def _pending_ms(e: Evidence, reasons: list[str]) -> int:
    """Silence in which more will be known soon: deciding on ignorance would cost more than it saves."""
    if not e.read:
        reasons.append("not read yet")
        return _READING_MS
    return _LISTENING_MS if e.turn_probability is None and e.slot.fit is not Fit.WHOLE else 0


def _lateness_ms(settings: TurnSettings, e: Evidence, reasons: list[str]) -> float:
    """Silence that the ears may owe: noise hides the quiet end of a word."""
    late = 0.0
    if e.snr_db < _CLEAR_DB:
        late += (_CLEAR_DB - max(e.snr_db, _DROWNED_DB)) * _NOISE_MS_PER_DB
        reasons.append(f"noise only {round(e.snr_db)} dB below")
    if e.speech >= settings.silence_probability:
        late += _DOUBT_MS
        reasons.append("perhaps still speech")
    return late
