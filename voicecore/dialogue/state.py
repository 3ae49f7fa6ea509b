"""Where a conversation stands: immutable, so that a turn can be tried and thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voicecore.dialogue.commands import Command
from voicecore.types import Expectation


@dataclass(frozen=True, slots=True)
class Frame:
    """A flow under way; ``pc`` is the step that it is at."""

    flow: str
    pc: int = 0
    question: str = ""
    """What the caller had said when the flow began; knowledge is looked up for it."""
    away: bool = False
    """Something else came in between: say where we are when this goes on."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is awaited: the flow runs on."""


@dataclass(frozen=True, slots=True)
class Routing:
    """What would the caller like?"""

    done: bool = False
    """Something was done already: "no, that's all" ends the call's business."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A slot's value is awaited, ``also`` may come with it."""

    slot: str
    also: tuple[str, ...] = ()
    partial: str = ""
    """Digits that we have already."""


@dataclass(frozen=True, slots=True)
class Checking:
    """A value was not heard surely: is it right?"""

    slot: str
    value: Any
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choosing:
    """Two values are equally likely: which one is it?"""

    slot: str
    values: tuple[Any, Any]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disambiguating:
    """Two intents are equally likely: which one is it?"""

    intents: tuple[str, str]
    question: str


@dataclass(frozen=True, slots=True)
class Proposing:
    """An intent was hardly heard: is it meant?"""

    intent: str
    question: str


@dataclass(frozen=True, slots=True)
class Confirming:
    """A confirm step awaits an explicit yes."""

    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changing:
    """A no to a confirm step: what is to be changed?"""

    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offering:
    """A command was hardly heard: is it meant?"""

    command: Command


@dataclass(frozen=True, slots=True)
class Calling:
    """A tool runs."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    tries: int = 1
    wish: Command | None = None
    """A command that came meanwhile and is honoured afterwards."""


@dataclass(frozen=True, slots=True)
class Answering:
    """The language model words an answer."""

    id: str
    told: bool = False
    """A sentence of it was said already."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over for the dialogue."""

    reason: str


Waiting = (
    Idle
    | Routing
    | Asking
    | Checking
    | Choosing
    | Disambiguating
    | Proposing
    | Confirming
    | Changing
    | Offering
    | Calling
    | Answering
    | Ended
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something the agent was told to say; ``question`` if the caller is to react to it."""

    id: str
    text: str
    question: bool = False
    heard: str = ""
    """What the caller had heard of it when it was cut off; it may go on from there."""


@dataclass(frozen=True, slots=True)
class State:
    """All that the dialogue remembers. Never changed, only replaced; copies are cheap."""

    stack: tuple[Frame, ...] = ()
    waiting: Waiting = Idle()
    expectation: Expectation = field(default_factory=Expectation)
    """What the caller may say now; recogniser and endpointing are steered by it."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Slots, JSON-ready, and tool results under their ``save`` names."""
    order: tuple[str, ...] = ()
    """Slots in the order they were filled, the latest last."""
    history: tuple[tuple[str, str], ...] = ()
    """("caller" or "agent", text): of the agent only what reached the caller's ear."""
    queued: tuple[Utterance, ...] = ()
    """Said, but not reported as delivered yet."""
    missed: tuple[Utterance, ...] = ()
    """What the caller's interruption cut off."""
    stopped: tuple[Utterance, ...] = ()
    """All that was not heard to its end since the caller last said something; see ``Resumed``."""
    last: tuple[str, ...] = ()
    """The agent's latest turn, for "repeat that"."""
    misses: int = 0
    """Answers in a row that were not understood."""
    silences: int = 0
    """Questions in a row that got no answer."""
    checking_in: bool = False
    """We asked whether the caller is still there: a yes answers that, and nothing else."""
    holding: bool = False
    """The caller asked us to wait."""
    keyed: str = ""
    """Keys pressed for an answer that is not complete yet."""
    consent: tuple[str, int] | None = None
    """The confirm step (flow, step) that just got its explicit yes."""
    serial: int = 0
    worded: Mapping[str, int] = field(default_factory=dict)
    """How often each set of wordings was used, so that they vary."""
    visits: Mapping[str, int] = field(default_factory=dict)
    """How often each limited goto was taken."""
    unsure: Mapping[str, str] = field(default_factory=dict)
    """Effects with unknown outcome: tool and arguments -> id, reused so that they can't happen twice."""
    intent: str = ""
    """What the caller's last words were understood as; a command's or slot's name, or ""."""
    done: tuple[str, ...] = ()
    """Flows that were completed."""

    @property
    def ended(self) -> str | None:
        """Why the call is over (done, goodbye, silence, handoff); None while it goes on."""
        return self.waiting.reason if isinstance(self.waiting, Ended) else None

    @property
    def outcome(self) -> dict[str, Any]:
        """The dialogue's own result for the record: why it ended, which flows were completed."""
        return {"ended": self.ended, "flows": list(self.done)}
