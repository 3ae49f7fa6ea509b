"""What a guardrail found and what follows from it: findings, and the verdict that they combine to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from types import MappingProxyType

from voicecore.guardrails.turn import State


class Action(StrEnum):
    """What to do with a turn or a sentence."""

    ALLOW = "allow"
    REWRITE = "rewrite"
    """Say ``Verdict.text``, an approved sentence, in its place."""
    ASK_AGAIN = "ask-again"
    """Say ``Verdict.text`` and put the open question once more."""
    HAND_OFF = "hand-off"
    """Say ``Verdict.text`` and put the caller through to a person."""


A, R, Q, H = Action.ALLOW, Action.REWRITE, Action.ASK_AGAIN, Action.HAND_OFF
TABLE: Mapping[tuple[Action, Action], Action] = MappingProxyType(
    {
        (A, A): A,
        (A, R): R,
        (A, Q): Q,
        (A, H): H,
        (R, A): R,
        (R, R): R,
        (R, Q): Q,
        (R, H): H,
        (Q, A): Q,
        (Q, R): Q,
        (Q, Q): Q,
        (Q, H): H,
        (H, A): H,
        (H, R): H,
        (H, Q): H,
        (H, H): H,
    }
)
"""Two verdicts -> what is done: (what came first, what came then)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check objects to."""

    check: str
    kind: str
    """The class: "injection", "amount" ... """
    score: float
    """0..1."""
    reason: str
    """In plain words, without what was said."""
    action: Action
    text: str = ""
    """The approved sentence that goes with the action."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one check took."""

    check: str
    ms: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done, why, and what it took to know."""

    action: Action = Action.ALLOW
    text: str = ""
    findings: tuple[Finding, ...] = ()
    costs: tuple[Cost, ...] = ()
    after: State | None = None
    """What to remember once the turn is certain."""

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(finding.reason for finding in self.findings)

    @property
    def ms(self) -> float:
        """All costs together."""
        return sum(cost.ms for cost in self.costs)


def combine(findings: Sequence[Finding], costs: Sequence[Cost] = ()) -> Verdict:
    """One verdict of all findings, by ``TABLE``; its text is that of the gravest finding with the action.

    Of several with the same action the first counts: registries list what matters most first.
    """
    action = reduce(lambda done, finding: TABLE[done, finding.action], findings, Action.ALLOW)
    text = next((finding.text for finding in findings if finding.action is action), "")
    return Verdict(action, text, tuple(findings), tuple(costs))
