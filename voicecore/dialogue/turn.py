"""One step of the dialogue in the making: a state that is being replaced, and the actions so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from voicecore.dialogue.actions import Action, CallTool, Generate, HangUp, Say, Transfer
from voicecore.dialogue.agent import Agent
from voicecore.dialogue.intents import IntentIndex
from voicecore.dialogue.manners import Manners
from voicecore.dialogue.readings import plain_words, say_slot, say_slots
from voicecore.dialogue.schema import Flow, Step
from voicecore.dialogue.state import Answering, Calling, Ended, Frame, Idle, State, Utterance, Waiting
from voicecore.dialogue.template import fill
from voicecore.types import Floats, Transcript


@dataclass(frozen=True, slots=True)
class World:
    """What a dialogue knows and never changes."""

    agent: Agent
    intents: IntentIndex
    today: date


class Turn:
    """Collects what one event leads to. ``state`` is replaced, never changed; dropped after the step."""

    __slots__ = ("actions", "sayings", "state", "transcript", "vector", "world")

    def __init__(
        self, world: World, state: State, transcript: Transcript | None = None, vector: Floats | None = None
    ) -> None:
        self.world = world
        self.state = state
        self.transcript = transcript or Transcript(final=True)
        self.vector = vector
        self.actions: list[Action] = []
        self.sayings: list[str] = []

    def set(self, **changes: Any) -> None:
        """Replace fields of the state."""
        self.state = replace(self.state, **changes)

    # where we are

    @property
    def text(self) -> str:
        """What the caller said."""
        return self.transcript.text

    @property
    def words(self) -> list[str]:
        """The same in lower case, without punctuation."""
        return plain_words(self.text)

    @property
    def sure(self) -> bool:
        """Whether the recogniser was; keys always are."""
        return self.transcript.confidence >= self.world.agent.persona.confidence.sure

    @property
    def manners(self) -> Manners:
        return self.world.agent.persona.manners

    @property
    def frame(self) -> Frame:
        return self.state.stack[-1]

    @property
    def flow(self) -> Flow:
        return self.world.agent.flows[self.frame.flow]

    @property
    def step(self) -> Step:
        return self.flow.steps[self.frame.pc]

    def move(self, **changes: Any) -> None:
        """Replace fields of the flow on top of the stack."""
        self.set(stack=(*self.state.stack[:-1], replace(self.frame, **changes)))

    def put(self, waiting: Waiting, question: str) -> None:
        """Ask something and wait for the answer."""
        self.set(waiting=waiting, keyed="")
        self.say(question, question=True)

    def go_on(self) -> None:
        """Leave the current step behind."""
        self.move(pc=self.frame.pc + 1)
        self.set(waiting=Idle())

    def goto(self, label: str) -> None:
        """Go to a step of the current flow by its label; "done" is the flow's end."""
        steps = self.flow.steps
        self.move(pc=next((nth for nth, step in enumerate(steps) if step.id == label), len(steps)))
        self.set(waiting=Idle())

    # values

    def fill_slots(self, values: Mapping[str, Any]) -> None:
        """Set slots; the latest is remembered as such."""
        order = tuple(name for name in self.state.order if name not in values)
        self.set(values={**self.state.values, **values}, order=(*order, *values), consent=None)

    def forget(self, names: Sequence[str]) -> None:
        """Drop slots and results."""
        kept = {name: value for name, value in self.state.values.items() if name not in names}
        order = tuple(name for name in self.state.order if name not in names)
        self.set(values=kept, order=order, consent=None)

    def read_out(self, slot: str, value: Any) -> str:
        """A value of ``slot`` the way the agent says it."""
        agent = self.world.agent
        return say_slot(agent.slots[slot], value, agent.persona.currency, self.world.today)

    # speaking

    def word(self, key: str, wordings: Sequence[str], **extra: str) -> str:
        """The next of several wordings, filled in; ``extra`` are readings of this occasion."""
        used = self.state.worded.get(key, 0)
        self.set(worded={**self.state.worded, key: used + 1})
        return self.filled(wordings[used % len(wordings)], self.state.values, extra)

    def filled(self, text: str, values: Mapping[str, Any], extra: Mapping[str, str]) -> str:
        """A template filled from ``values``, slots read out as the agent does."""
        persona = self.world.agent.persona
        readings = say_slots(self.world.agent.slots, self.state.values, persona.currency, self.world.today)
        return fill(text, values, {**readings, **extra}, persona.currency)

    def manner(self, name: str, **extra: str) -> str:
        """A wording of the agent's manners."""
        return self.word(f"manners.{name}", getattr(self.manners, name), **extra)

    def say(self, text: str, question: bool = False) -> None:
        """Speak; ``question`` if the caller is to react to it."""
        text = " ".join(text.split())
        if not text:
            return
        text = text[0].upper() + text[1:]
        spoken = Utterance(self._id("s"), text, question)
        self.actions.append(Say(spoken.id, text))
        self.sayings.append(text)
        missed = () if question else self.state.missed
        self.set(queued=(*self.state.queued, spoken), missed=missed)

    def _id(self, prefix: str) -> str:
        self.set(serial=self.state.serial + 1)
        return f"{prefix}{self.state.serial}"

    # acting

    def call_tool(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Call a tool and wait for it; an effect whose outcome is unknown keeps its id."""
        tool = self.world.agent.tools[name]
        known = self.state.unsure.get(effect_key(name, arguments))
        call = CallTool(known or self._id("t"), name, arguments, tool.read_only)
        self.actions.append(call)
        self.set(waiting=Calling(call.id, name, arguments), consent=None)

    def generate(self, question: str, passages: Sequence[str]) -> None:
        """Have an answer worded and wait for it."""
        instruction = self.world.agent.persona.instruction
        request = Generate(self._id("g"), instruction, question, tuple(passages))
        self.actions.append(request)
        self.set(waiting=Answering(request.id))

    def hand_off(self, text: str = "") -> None:
        """Put the caller through to a person; nothing follows."""
        handoff = self.world.agent.persona.handoff
        self.say(text or self.word("handoff", handoff.say))
        self.actions.append(Transfer(handoff.target))
        self.set(waiting=Ended("handoff"))

    def hang_up(self, text: str, reason: str) -> None:
        """Say a last word and end the call; nothing follows."""
        self.say(text)
        self.actions.append(HangUp(reason))
        self.set(waiting=Ended(reason))


def effect_key(name: str, arguments: Mapping[str, Any]) -> str:
    """The same for the same effect."""
    return f"{name}:{sorted((key, str(value)) for key, value in arguments.items())}"
