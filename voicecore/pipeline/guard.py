"""The guardrails of one call as a session uses them: between the caller, the dialogue and the voice."""

from __future__ import annotations

from collections.abc import Sequence

from voicecore.dialogue import Event, Heard, IntentIndex, State, Steered
from voicecore.guardrails import Action, Supervisor, Verdict
from voicecore.guardrails import Heard as Turn
from voicecore.pipeline.answers import slot_fit
from voicecore.pipeline.grounding import Grounding
from voicecore.turns.endpointing import Fit

FITTING = 0.9
"""How surely an answer that fits the slot is what the dialogue waits for."""

LONGEST = 12
"""Words of an answer; who says more may hide something behind it."""


class Guard:
    """Judges turns and sentences in the words of the dialogue. Judging has no effect until it is taken."""

    def __init__(self, supervisor: Supervisor, grounding: Grounding, intents: IntentIndex) -> None:
        self._supervisor = supervisor
        self._grounding = grounding
        self._intents = intents

    async def heard(self, event: Heard, state: State, now: float) -> Verdict:
        """What to do about a turn; may run beside the reply that is worked out for it.

        ``now``: seconds on the call's audio clock.
        """
        text = event.transcript.text
        said = tuple(line for _, line in state.history)
        turn = Turn(text, event.vector, now, self._expected(event, state), said)
        return await self._supervisor.heard(turn)

    def take(self, event: Heard, verdict: Verdict) -> Event:
        """The turn is certain: what the dialogue gets, ``event`` itself or what is done in its place."""
        self._supervisor.take(verdict)
        if verdict.action is Action.ALLOW:
            return event
        return Steered(verdict.text, hand_off=verdict.action is Action.HAND_OFF)

    async def about_to_say(
        self, sentence: str, state: State, passages: Sequence[str] = (), said: Sequence[str] = ()
    ) -> Verdict:
        """What to do about a sentence before its synthesis; ``said`` are those before it in the reply."""
        return await self._supervisor.about_to_say(sentence, self._grounding.of(state, passages, said))

    def _expected(self, event: Heard, state: State) -> float:
        """0..1: how surely the turn is an answer to what is open, or something the agent is there for."""
        text = event.transcript.text
        short = len(text.split()) <= LONGEST
        if short and slot_fit(state.expectation, text).fit is not Fit.UNKNOWN:
            return FITTING
        return self._intents.understand(text, event.vector).score
