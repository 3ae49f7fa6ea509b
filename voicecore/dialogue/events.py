"""What can happen to a dialogue; everything it knows of the world comes in as one of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voicecore.types import Floats, Transcript


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The caller finished a turn; ``vector`` is its sentence embedding, [dimensions], unit length."""

    transcript: Transcript
    vector: Floats | None = None


@dataclass(frozen=True, slots=True)
class Steered:
    """A guardrail answers what the caller said, in the dialogue's place; what was said is not kept.

    ``text`` is followed by the open question, or by a person who takes over.
    """

    text: str
    hand_off: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """The caller pressed one or more keys (0-9 * #), in order."""

    digits: str


@dataclass(frozen=True, slots=True)
class NoInput:
    """The caller has the floor and stayed silent for too long."""


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """The result of CallTool ``id``."""

    id: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolFailed:
    """CallTool or Generate ``id`` failed; ``code`` is that of the ToolError or EngineError."""

    id: str
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """A sentence of what Generate ``id`` asked for, and whether ``more`` may follow.

    The last event has ``more`` unset; it may be empty. No text at all is no answer.
    """

    id: str
    text: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The playout of Say ``say_id`` ended; ``heard`` is the part that reached the caller's ear.

    One event per Say, in order, and before the event of what the caller said then: a yes counts only
    when its question was delivered. After an interruption one event for the sentence that was cut is
    enough; those queued behind it count as not heard.
    """

    say_id: str
    heard: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Resumed:
    """The interruption was none: what it cut off is being said after all, under the same ids.

    A Delivered for each follows as if nothing had happened; ``heard`` counts from the utterance's beginning.
    """


Event = Heard | Steered | Pressed | NoInput | ToolReturned | ToolFailed | Generated | Delivered | Resumed
