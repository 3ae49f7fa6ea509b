"""What goes to the language model and what comes back, as plain data that could cross a socket."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.llm_llama.sampler import Sampling
from models.llm_llama.scheduler import Priority
from voicecore.types import Message, ToolOffer, ToolRequest


@dataclass(frozen=True, slots=True)
class Request:
    """Something to read, and, unless ``most`` is 0, to reply to."""

    id: int
    call: str
    """Requests of one call share what they have in memory; a new one takes the place of the one before."""
    messages: tuple[Message, ...]
    tools: tuple[ToolOffer, ...] = ()
    priority: Priority = Priority.FIRST
    most: int = 160
    """Tokens of the reply."""
    insist: bool = False
    """Whether the reply must be a request for a tool."""
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Said:
    """A whole sentence of the reply."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The reply is a request for a tool."""

    id: int
    request: ToolRequest


@dataclass(frozen=True, slots=True)
class Over:
    """The last thing that is heard of a request; not sent for one that was cancelled."""

    id: int
    code: str = ""
    """Of the error, if it failed."""
    message: str = ""
    read: int = 0
    """Prompt tokens that had to be read."""
    decoded: int = 0
    step: int = 0
    """Number of the step after which it was over."""


Event = Said | Asked | Over
