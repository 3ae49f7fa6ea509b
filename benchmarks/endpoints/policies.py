"""The appliance's endpointing over recorded turns, and what other policies need to know of their pauses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.endpoints.pauses import Pause
from benchmarks.endpoints.sweep import Doubles, Point, Spans
from benchmarks.endpoints.turns import Kind, Turn
from voicecore.config import TurnSettings
from voicecore.turns.endpointing import UNFIT, Evidence, Fit, SlotFit, silence_to_wait
from voicecore.turns.pace import Pace
from voicecore.types import TICK_MS

ANSWER_MS = 60
"""From asking a turn model, or the recogniser what it heard, to the answer."""
LEAST_MS = (120, 200, 320)
COSTS_MS = (50, 100, 200, 300, 450, 600, 800, 1000, 1300, 1800, 2500, 3500, 5000, 8000, 15_000)


@dataclass(frozen=True, slots=True)
class Heard:
    """One turn and the silences that the ears found in it."""

    turn: Turn
    snr_db: float | None
    """Of the line; None: clean."""
    pauses: tuple[Pause, ...]


@dataclass(frozen=True, slots=True)
class Silence:
    """One decision: a pause inside a turn, or the end of one."""

    voice: str
    kind: Kind
    snr_db: float | None
    pause: Pause | None
    """None: a pause that the ears did not notice, so that nothing can fire."""
    length_s: float
    """Until the caller goes on; infinite at the end of a turn."""
    digits: tuple[int, int] | None
    """How many had been said and how many are expected, in a digit string."""


def silences(heard: Sequence[Heard], shortest_s: float) -> list[Silence]:
    """Every decision in these turns, in order. Pauses count from ``shortest_s`` on, by truth or as heard.

    What the ears take for silence inside speech counts as a pause too, and so does the quiet end of a
    turn that they do not hear: a policy that fires there speaks into the caller's words.
    """
    return [silence for one in heard for silence in _of(one, shortest_s)]


def _of(heard: Heard, shortest_s: float) -> Iterable[Silence]:
    turn, expected = heard.turn, len(heard.turn.digits)

    def silence(pause: Pause | None, length_s: float) -> Silence:
        digits = (pause.digits, expected) if pause is not None and expected else None
        return Silence(turn.voice, turn.kind, heard.snr_db, pause, length_s, digits)

    for begin, end in turn.holds:
        noticed = any(p.start < end and begin < (p.stop or np.inf) for p in heard.pauses)
        if not noticed and end - begin >= shortest_s:
            yield silence(None, 0.0)
    for pause in heard.pauses:
        if not pause.last and max(pause.length_s, pause.truth_s) >= shortest_s:
            yield silence(pause, pause.length_s)
        elif pause.last:
            if -pause.late_s >= shortest_s:
                yield silence(pause, -pause.late_s)
            yield silence(pause, np.inf)


def scored(decisions: Sequence[Silence], model: str) -> Spans:
    """The decisions as spans with one model's scores."""
    holds = [d for d in decisions if np.isfinite(d.length_s)]
    ends = [d.pause for d in decisions if not np.isfinite(d.length_s) and d.pause is not None]
    return Spans(
        hold_s=np.array([d.length_s for d in holds]),
        hold_p=np.array([d.pause.scores[model] if d.pause is not None else 0.0 for d in holds]),
        late_s=np.array([p.late_s for p in ends]),
        end_p=np.array([p.scores[model] for p in ends]),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy did in each of some decisions, in order."""

    decisions: Sequence[Silence]
    fired_s: Doubles
    """After how much silence; infinite where the caller went on before."""

    def of(self, wanted: Callable[[Silence], bool]) -> Outcome:
        """The same for some of the decisions."""
        kept = [nth for nth, decision in enumerate(self.decisions) if wanted(decision)]
        return Outcome([self.decisions[nth] for nth in kept], self.fired_s[kept])

    @property
    def cut(self) -> Doubles:
        """1 for each pause inside a turn in which it fired, else 0."""
        rows = zip(self.decisions, self.fired_s, strict=True)
        return np.array([float(fired < d.length_s) for d, fired in rows if np.isfinite(d.length_s)])

    @property
    def latency_s(self) -> Doubles:
        """For each true end, from the last audible sample on."""
        rows = zip(self.decisions, self.fired_s, strict=True)
        late = [d.pause.late_s + fired for d, fired in rows if np.isinf(d.length_s) and d.pause is not None]
        return np.asarray(np.maximum(late, 0.0))

    @property
    def point(self) -> Point:
        return Point(float(self.cut.mean()), float(self.latency_s.mean()))


def joined(
    decisions: Sequence[Silence], settings: TurnSettings, model: str | None, slots: bool = True
) -> Outcome:
    """The appliance's own function; a caller's pauses are learned from one turn to the next.

    ``model`` names the score it is given (None: none); ``slots``: whether it knows how many digits miss.
    """
    fired_s = []
    paces: dict[str, Pace] = {}
    for decision in decisions:
        pace = paces.setdefault(decision.voice, Pace(settings))
        fired = _fires(decision, settings, pace, model, slots)
        fired_s.append(fired)
        if np.isfinite(decision.length_s) and np.isinf(fired):
            pace.learn(1000 * decision.length_s)
    return Outcome(decisions, np.array(fired_s))


def _fires(decision: Silence, settings: TurnSettings, pace: Pace, model: str | None, slots: bool) -> float:
    """Seconds of silence after which the turn is taken; infinite if the caller goes on before."""
    pause = decision.pause
    if pause is None:
        return np.inf
    pauses, slot = pace.pauses, _fit(decision) if slots else UNFIT
    first = settings.soft_end_ms // TICK_MS
    for tick in range(first, len(pause.speech) + 1):
        silence_ms = tick * TICK_MS
        answered = silence_ms >= settings.soft_end_ms + ANSWER_MS
        evidence = Evidence(
            pauses,
            pause.scores[model] if model and answered else None,
            slot=slot if answered else UNFIT,
            speech=pause.speech[tick - 1],
            snr_db=pause.snr_db,
            read=answered,
        )
        if silence_ms >= decision.length_s * 1000:
            return np.inf
        if silence_ms >= silence_to_wait(settings, evidence).ms:
            return silence_ms / 1000
    return np.inf if np.isfinite(decision.length_s) else len(pause.speech) * TICK_MS / 1000


def _fit(decision: Silence) -> SlotFit:
    if decision.digits is None:
        return UNFIT
    said, expected = decision.digits
    return SlotFit(Fit.WHOLE if said >= expected else Fit.PART, f"{said} of {expected} digits")


def sweep(run: Callable[[TurnSettings], Outcome]) -> list[Outcome]:
    """The appliance's function at every cost of a false cut-off and every least silence."""
    return [
        run(TurnSettings(cutoff_cost_ms=cost_ms, wait_open_ms=least_ms))
        for least_ms, cost_ms in product(LEAST_MS, COSTS_MS)
    ]
