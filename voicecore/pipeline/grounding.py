"""Gathers what a sentence may rely on: the dialogue's values and the texts of the agent's folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from voicecore.config import Section
from voicecore.dialogue import Agent, State
from voicecore.guardrails.grounds import Grounds, flat


class Grounding:
    """The grounds of an agent's sentences; one object serves all calls."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    @cached_property
    def approved(self) -> tuple[str, ...]:
        """Every wording that people wrote for the agent to say; templates keep their {holes}."""
        agent = self._agent
        persona = agent.persona
        parts = (persona.handoff, persona.manners, *agent.flows.values(), *agent.slots.values())
        told = [leaf for part in parts for leaf in texts_of(part)]
        fails = [text for tool in agent.tools.values() for text in tool.fails]
        labels = [intent.label for intent in agent.intents.values()]
        known = [passage.text for passage in agent.passages]
        every = dict.fromkeys((*told, *fails, *labels, *known))
        return tuple(text for text in every if " " in text or text.endswith((".", "?", "!")))

    def of(self, state: State, passages: Sequence[str] = (), said: Sequence[str] = ()) -> Grounds:
        """The grounds along ``state``; ``passages`` of a generated answer, ``said`` earlier in this reply."""
        before = (text for who, text in state.history if who == "agent")
        queued = (utterance.text for utterance in state.queued)
        return Grounds(
            values=tuple(flat(dict(state.values))),
            passages=tuple(passages),
            approved=self.approved,
            before=(*before, *queued, *said),
            secrets=(self._agent.persona.instruction,),
        )


def texts_of(section: object) -> Iterator[str]:
    """All texts that a person wrote in a part of an agent's folder, however deep."""
    if isinstance(section, Section):
        yield from texts_of(dict(section))
    elif isinstance(section, Mapping):
        for inner in section.values():
            yield from texts_of(inner)
    elif isinstance(section, tuple | list):
        for inner in section:
            yield from texts_of(inner)
    elif isinstance(section, str):
        yield section
