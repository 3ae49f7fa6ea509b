"""One turn of a caller as guardrails see it, what engines think of it, and what is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voicecore.types import Floats

Opinions = Mapping[str, Mapping[str, float]]
"""Engine -> class -> 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the caller said."""

    text: str
    vector: Floats | None = None
    """Its sentence embedding, if there is one already."""
    now: float = 0.0
    """Seconds on the call's audio clock."""
    expected: float = 0.0
    """0..1: how surely it is what the dialogue waits for (an intent's score, a slot's answer)."""
    before: tuple[str, ...] = ()
    """What was said in the call before, oldest first."""


@dataclass(frozen=True, slots=True)
class State:
    """What guardrails remember of a call. Never changed, only replaced."""

    pressure: Mapping[str, float] = field(default_factory=dict)
    """Class -> sum of doubtful turns, decayed to ``at``."""
    at: float = 0.0
    """Seconds on the call's audio clock."""
    interventions: int = 0
