"""Judges sound over the agent's speech: an interruption, or nothing to stop for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from voicecore.config import TurnSettings


class Kind(Enum):
    """What a sound of the caller's line is."""

    INTERRUPTION = "interruption"
    """The caller wants the floor."""
    BACKCHANNEL = "backchannel"
    """"mm-hm": go on, I listen."""
    ASIDE = "aside"
    """Speech not meant for us."""
    NOISE = "noise"
    """Cough, click, line noise, or a hesitation sound."""
    ECHO = "echo"
    """Ourselves."""
    ANSWER = "answer"
    """Short speech over the last words of the agent: the caller's turn, once the agent has finished."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of one sound over the agent's speech, as of this tick."""

    kinds: tuple[float, ...] | None
    """Probabilities of the sound model: interruption, backchannel, aside, noise. None while unknown."""
    run_ms: int
    """Voiced time so far."""
    gap_ms: int
    """Silence since."""
    speech: float
    """Highest speech probability so far, 0..1; the detector is sure only after 60-140 ms."""
    over_usual_db: float
    """Level over the caller's usual one; NaN before their first turn."""
    echo: float
    """Correlation 0..1 with what we transmitted."""
    words: str
    """The recogniser's partial reading; "" while there is none."""
    agent_remaining_ms: float
    """What is left of the agent's speech when the sound began; infinite while synthesis goes on."""
    agent_into_ms: float
    """How long the agent's utterance had been playing when the sound began."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a sound is; ``kind`` None: not decided yet."""

    kind: Kind | None
    reasons: tuple[str, ...] = ()
    hush: bool = False
    """Undecided, but rather an interruption: be silent while that is being decided."""


_OVER_MS = 200


def judge(settings: TurnSettings, evidence: Overlap) -> Judgement:
    """Called every tick while the agent speaks ducked; stays undecided as long as waiting can help."""
    if evidence.echo >= settings.echo_correlation:
        return Judgement(Kind.ECHO, ("it sounds like what we just said",))
    if evidence.run_ms >= settings.interrupt_ms:
        return Judgement(Kind.INTERRUPTION, ("it goes on",))
    if evidence.gap_ms >= _OVER_MS:
        return Judgement(Kind.BACKCHANNEL, ("it was short",))
    return Judgement(None)


_SHORT_MS = 400


def for_us(_settings: TurnSettings, evidence: Overlap) -> Judgement:
    """Whether a finished sound in silence is the caller's turn: ANSWER, else what it is."""
    if not evidence.words and evidence.run_ms < _SHORT_MS:
        return Judgement(Kind.NOISE, ("short, and no words in it",))
    return Judgement(Kind.ANSWER)
