"""Input: what class a turn is of, by all engines together; and doubtful turns that add up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

from voicecore.guardrails.findings import Finding
from voicecore.guardrails.schema import REACTIONS, Guardrails, InputClass
from voicecore.guardrails.turn import Heard, Opinions, State

ADDING = frozenset(("extraction", "injection", "jailbreak"))
"""Classes that are prepared over several turns."""
CONTEXTUAL = frozenset((*ADDING, "advice", "off_topic"))
"""Classes that an answer to the agent's own question is hardly ever of."""

DOUBTS = "idioms"
"""The name under which opinions hold what speaks against a class."""


def fused(kind: str, opinions: Opinions, expected: float) -> float:
    """The score of a class: engines as independent witnesses (noisy or).

    ``expected``: how surely the turn is what the dialogue waits for; it takes away from what engines guess.
    """
    doubt = (1 - expected if kind in CONTEXTUAL else 1.0) * (1 - opinions.get(DOUBTS, {}).get(kind, 0.0))
    weights = {name: 1.0 if name == "patterns" else doubt for name in opinions if name != DOUBTS}
    scores = (opinions[name].get(kind, 0.0) * weight for name, weight in weights.items())
    return 1 - math.prod(1 - min(max(score, 0.0), 1.0) for score in scores)


def classes(turn: Heard, opinions: Opinions, state: State, rules: Guardrails) -> Iterator[Finding]:  # noqa: ARG001
    """The classes of this turn that reach their threshold, the gravest first."""
    for kind in REACTIONS:
        reaction = rules.reaction(kind)
        if reaction is None or kind == "language":
            continue
        score = fused(kind, opinions, turn.expected)
        if score >= reaction.at_least:
            named = (name for name in opinions if name != DOUBTS and opinions[name].get(kind, 0.0) >= 0.5)
            by = ", ".join(named)
            reason = f"{kind.replace('_', ' ')} by {by or 'all engines together'}"
            yield Finding("classes", kind, score, reason, reaction.action, reaction.say)


def pressure(turn: Heard, opinions: Opinions, state: State, rules: Guardrails) -> Iterator[Finding]:
    """An attack that is spread over turns."""
    added = pressed(turn, opinions, state, rules)
    kind, level = max(added.items(), key=lambda item: item[1], default=("", 0.0))
    reaction = rules.reaction(cast(InputClass, kind)) if kind else None
    if reaction is not None and level >= rules.pressure.limit and level > state.pressure.get(kind, 0.0):
        score = min(level / (2 * rules.pressure.limit), 1.0)
        reason = f"{kind} over several turns"
        yield Finding("pressure", kind, score, reason, reaction.action, reaction.say)


def pressed(turn: Heard, opinions: Opinions, state: State, rules: Guardrails) -> dict[str, float]:
    """The pressure by class after this turn."""
    p = rules.pressure
    left = p.kept * 0.5 ** (max(turn.now - state.at, 0.0) / p.half_life_s)
    scores = {kind: fused(kind, opinions, turn.expected) for kind in sorted(ADDING)}
    return {
        kind: state.pressure.get(kind, 0.0) * left + (score if score >= p.floor else 0.0)
        for kind, score in scores.items()
    }
