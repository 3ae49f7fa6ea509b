"""What a dialogue wants done; the shell performs these in order and feeds the results back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """Speak ``text``, after what is still being spoken."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class CallTool:
    """Call a back-end tool; answered by ToolReturned or ToolFailed.

    ``read_only`` ones may run for a turn that is not committed yet. A retry carries the same ``id``,
    so that (call, id) is an idempotency key.
    """

    id: str
    name: str
    arguments: Mapping[str, Any]
    read_only: bool


@dataclass(frozen=True, slots=True)
class Generate:
    """Let the language model answer; answered by Generated or ToolFailed."""

    id: str
    instruction: str
    question: str
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Put the caller through to ``target`` (a SIP URI) once everything said before is over."""

    target: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call once everything said before is over; ``reason``: done, goodbye, silence."""

    reason: str


Action = Say | CallTool | Generate | Transfer | HangUp
