"""tau-voice's interaction panel from what a caller did and when the agent spoke. Pure.

Definitions and windows are those of sierra-research/tau2-bench (docs/interaction-metrics.md), with two
differences: times are to the sample, not in ticks of 200 ms; and what a sound is (a turn, a backchannel, ...)
is the script's word, not a guess. A silence of the agent counts from 200 ms on, one tick there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from benchmarks.duplex.segments import Span
from voicecore.types import RATE

YIELD_S = 2.0
"""An agent that still speaks so long after the start of an interruption did not yield."""
STOP_S = 1.0
"""An agent that stops so soon after the start of what is no turn gave in to it."""
ANSWER_S = 2.0
"""An agent that starts so soon after the end of what is no turn answered it."""


class Kind(StrEnum):
    """What the caller does."""

    TURN = "turn"
    INTERRUPTION = "interruption"
    BACKCHANNEL = "backchannel"
    TIC = "vocal tic"
    ASIDE = "not directed at the agent"

    @property
    def is_turn(self) -> bool:
        return self in (Kind.TURN, Kind.INTERRUPTION)


class Outcome(StrEnum):
    """What the agent did about it."""

    ANSWERED = "answered"
    UNANSWERED = "not answered"
    CUT_IN = "began to speak inside the turn"
    SPOKE_ON = "spoke on"
    YIELDED = "fell silent"
    LATE = "fell silent later"
    STAYED_SILENT = "stayed silent"


@dataclass(frozen=True, slots=True)
class Sound:
    """Something the caller did, placed in the recording (samples, first to last voiced)."""

    kind: Kind
    start: int
    end: int
    name: str = ""
    voice: str = ""
    human: bool = True
    """Recorded from a person: only then the end of a turn sounds like one."""
    pauses: tuple[Span, ...] = ()
    """Silences of 200 ms and more inside it, in the recording."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sound and what came of it."""

    sound: Sound
    overlaps: bool
    """Whether the agent was speaking when it began."""
    outcome: Outcome
    yielded_ms: float | None = None
    """From the start of an interruption to the agent's last sound, within ``YIELD_S``."""
    response_ms: float | None = None
    """From the end of a turn to the agent's first sound, where it was silent at that end."""
    awaits_response: bool = False
    """A turn that ended with the agent silent."""
    intrusions: int = 0
    """Times the agent began to speak inside a turn."""
    cut_off: bool = False
    """One of them came after a pause: the agent took the part before it for the whole turn."""

    @property
    def correct(self) -> bool:
        """Of what is no turn: the agent took no notice."""
        return self.outcome in (Outcome.SPOKE_ON, Outcome.STAYED_SILENT, Outcome.LATE)


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the panel."""

    value: float
    """NaN where there was nothing to count."""
    n: int
    """Observations."""


def judge(sounds: Sequence[Sound], agent: Sequence[Span], length: int) -> list[Verdict]:
    """What the agent, speaking in the segments ``agent``, made of each sound.

    ``sounds`` in order of time and not overlapping; ``length`` of the recording (samples) ends the last wait.
    """
    ends = [*(sound.start for sound in sounds[1:]), length]
    return [
        _turn(sound, agent, until) if sound.kind.is_turn else _no_turn(sound, agent)
        for sound, until in zip(sounds, ends, strict=False)
    ]


def _turn(sound: Sound, agent: Sequence[Span], until: int) -> Verdict:
    covering = _speaking(agent, sound.start)
    stopped_ms = _ms(covering[1] - sound.start) if covering else float("inf")
    inside = [first for first, _ in agent if sound.start < first < sound.end]
    silent_at_end = _speaking(agent, sound.end) is None
    answer = next((first for first, _ in agent if sound.end <= first < until), None)
    answered = silent_at_end and answer is not None
    if covering is not None and stopped_ms <= YIELD_S * 1000:
        outcome = Outcome.YIELDED
    elif covering is not None:
        outcome = Outcome.LATE if stopped_ms <= _ms(sound.end - sound.start) else Outcome.SPOKE_ON
    elif inside:
        outcome = Outcome.CUT_IN
    else:
        outcome = Outcome.ANSWERED if answered else Outcome.UNANSWERED
    return Verdict(
        sound,
        covering is not None,
        outcome,
        stopped_ms if outcome is Outcome.YIELDED else None,
        _ms(answer - sound.end) if answered and answer is not None else None,
        silent_at_end,
        len(inside),
        bool(sound.pauses) and any(first >= sound.pauses[0][0] for first in inside),
    )


def _no_turn(sound: Sound, agent: Sequence[Span]) -> Verdict:
    covering = _speaking(agent, sound.start)
    if covering is None:
        latest = sound.end + ANSWER_S * RATE
        answered = any(sound.start <= first <= latest for first, _ in agent)
        return Verdict(sound, False, Outcome.ANSWERED if answered else Outcome.STAYED_SILENT)
    stopped = covering[1]
    if stopped <= sound.start + STOP_S * RATE:
        outcome = Outcome.YIELDED
    else:
        outcome = Outcome.LATE if stopped <= sound.end + STOP_S * RATE else Outcome.SPOKE_ON
    return Verdict(sound, True, outcome)


def _speaking(agent: Sequence[Span], at: int) -> Span | None:
    return next((span for span in agent if span[0] <= at < span[1]), None)


def panel(verdicts: Iterable[Verdict]) -> dict[str, Measure]:
    """The panel over all verdicts, by the names of its lines; latencies in ms, rates 0..1.

    ``L_R`` counts turns of people only: no turn model can hear the end of synthetic speech, so that a latency
    after it says nothing. ``I_A`` may pass 1. ``false_cutoff_rate``: of people's turns with a pause, those in
    which the agent began to speak after that pause had begun, and before the turn ended.
    """
    verdicts = list(verdicts)
    turns = [v for v in verdicts if v.sound.kind.is_turn]
    waited = [v for v in turns if v.awaits_response]
    over = [v for v in turns if v.overlaps]
    answered = [v for v in waited if v.response_ms is not None]
    responses = [v.response_ms for v in answered if v.response_ms is not None and v.sound.human]
    yields = [v.yielded_ms for v in over if v.yielded_ms is not None]
    paused = [v for v in turns if v.sound.pauses and v.sound.human]
    return {
        "L_R_p50_ms": _quantile(responses, 50),
        "L_R_p95_ms": _quantile(responses, 95),
        "L_Y_p50_ms": _quantile(yields, 50),
        "L_Y_p95_ms": _quantile(yields, 95),
        "response_rate": _share(len(answered), len(waited)),
        "yield_rate": _share(len(yields), len(over)),
        "I_A": _share(sum(v.intrusions for v in turns), len(turns)),
        "selectivity_backchannel": _correct(verdicts, Kind.BACKCHANNEL),
        "selectivity_vocal_tic": _correct(verdicts, Kind.TIC),
        "selectivity_non_directed": _correct(verdicts, Kind.ASIDE),
        "false_cutoff_rate": _share(sum(v.cut_off for v in paused), len(paused)),
        "events": Measure(len(verdicts), len(verdicts)),
    }


def confusion(verdicts: Iterable[Verdict]) -> Counter[tuple[str, str, str]]:
    """How often (kind of sound, while the agent was "speaking" or "silent", outcome) occurred."""
    return Counter(
        (v.sound.kind.value, "speaking" if v.overlaps else "silent", v.outcome.value) for v in verdicts
    )


def _correct(verdicts: Sequence[Verdict], kind: Kind) -> Measure:
    counts = [v for v in verdicts if v.overlaps or kind is not Kind.BACKCHANNEL]
    of_kind = [v.correct for v in counts if v.sound.kind is kind]
    return _share(sum(of_kind), len(of_kind))


def _share(part: int, whole: int) -> Measure:
    return Measure(part / whole if whole else float("nan"), whole)


def _quantile(values: Sequence[float], percent: int) -> Measure:
    return Measure(float(np.percentile(values, percent)) if values else float("nan"), len(values))


def _ms(samples: int) -> float:
    return samples * 1000 / RATE
