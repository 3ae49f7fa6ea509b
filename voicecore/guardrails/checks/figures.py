"""Output: amounts, dates, shares, times, durations and numbers that nothing stands behind."""

from __future__ import annotations

from collections.abc import Iterator

from voicecore.guardrails.findings import Finding
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.quantities import quantities
from voicecore.guardrails.schema import Guardrails
from voicecore.guardrails.turn import Opinions


def figures(sentence: str, grounds: Grounds, opinions: Opinions, rules: Guardrails) -> Iterator[Finding]:  # noqa: ARG001
    """Every figure must be in a tool's result, a slot, a passage or an approved wording."""
    reaction = rules.answer("amount")
    stated = quantities(sentence)
    if reaction is None or not stated:
        return
    known = grounds.stated
    for quantity in stated:
        if quantity not in known:
            reason = f"a {quantity.kind} that nothing stands behind"
            yield Finding("figures", "amount", 1.0, reason, reaction.action, reaction.say)
            return
