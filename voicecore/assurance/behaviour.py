"""Looks through ended calls: the checks of the guardrails over all that was said, after the fact."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from voicecore.assurance.player import Bundle
from voicecore.dialogue import State
from voicecore.guardrails import Action, Heard, Supervisor, Verdict
from voicecore.pipeline.grounding import Grounding
from voicecore.redaction.secrets import TOKEN
from voicecore.store.exports import CallRecord
from voicecore.types import TurnTrace

_ANYTHING = "this"
"""In the place of what was redacted after it was said."""
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[])")


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a check objects to."""

    turn: int
    who: str
    """"caller" or "agent"."""
    verdict: Verdict


@dataclass(slots=True)
class Reviewed:
    """One call, looked through."""

    call_id: str
    turns: int = 0
    found: list[Found] = field(default_factory=list)

    @property
    def unsafe(self) -> int:
        """Sentences that were spoken and should not have been."""
        return sum(found.who == "agent" for found in self.found)


async def review(bundle: Bundle, record: CallRecord) -> Reviewed:
    """Judge every turn and every sentence of a call on the grounds that it had then.

    The grounds are what tools were given in the call and had returned by the end of the turn, and the agent's
    own texts; a disclosure may be anywhere in its turn.
    """
    supervisor = Supervisor(bundle.layers, bundle.clock)
    grounding = Grounding(bundle.agent)
    reviewed = Reviewed(record.info.id, len(record.turns))
    said: list[str] = []
    for turn in record.turns:
        heard = await supervisor.heard(_heard(bundle, turn, tuple(said)))
        supervisor.take(heard)
        if heard.action is not Action.ALLOW:
            reviewed.found.append(Found(turn.index, "caller", heard))
        state = State(values=_values(record, turn))
        said.append(turn.agent_text)
        for sentence in filter(None, _END.split(TOKEN.sub(_ANYTHING, turn.agent_text).strip())):
            verdict = await supervisor.about_to_say(sentence, grounding.of(state, said=said))
            if verdict.action is not Action.ALLOW:
                reviewed.found.append(Found(turn.index, "agent", verdict))
    return reviewed


def _heard(bundle: Bundle, turn: TurnTrace, said: tuple[str, ...]) -> Heard:
    text = turn.caller_text if turn.by == "speech" else ""
    (vector,) = bundle.embedder.embed([text])
    expected = bundle.intents.understand(text, vector).score
    return Heard(text, vector, turn.times.get("speech_end", 0.0), expected, said)


def _values(record: CallRecord, turn: TurnTrace) -> dict[str, Any]:
    """What tools returned up to ``turn``, and what they were given at any time: it was confirmed before."""
    known: dict[str, Any] = {}
    for nth, tool in enumerate(record.tools):
        if tool.ok:
            known[f"given{nth}"] = tool.arguments
            known |= {f"result{nth}": tool.result} if tool.turn <= turn.index else {}
    return known
