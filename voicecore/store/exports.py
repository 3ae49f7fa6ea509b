"""The JSON form of a call: everything the store knows of it, versioned, and readable back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from voicecore.errors import StoreError
from voicecore.types import CallInfo, ToolTrace, TurnTrace, Word

FORMAT = "voicecore-call"
VERSION = 2
"""Version 1 had no waits; it is read as well."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call with all that belongs to it; ``ended_at`` is None while it is up or after a crash."""

    info: CallInfo
    agent: str
    engines: dict[str, str]
    began_at: datetime
    ended_at: datetime | None = None
    outcome: dict[str, Any] | None = None
    recording: str | None = None
    turns: tuple[TurnTrace, ...] = ()
    tools: tuple[ToolTrace, ...] = ()


def to_json(record: CallRecord) -> dict[str, Any]:
    """JSON-ready data; times of turns and tools are seconds on the call's audio clock."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "call": asdict(record.info),
        "agent": record.agent,
        "engines": dict(record.engines),
        "began_at": record.began_at.isoformat(),
        "ended_at": record.ended_at.isoformat() if record.ended_at else None,
        "outcome": record.outcome,
        "recording": record.recording,
        "turns": [
            {
                **asdict(turn),
                "caller_words": [asdict(w) for w in turn.caller_words],
                "wait_reasons": list(turn.wait_reasons),
            }
            for turn in record.turns
        ],
        "tools": [asdict(tool) for tool in record.tools],
    }


def from_json(data: dict[str, Any]) -> CallRecord:
    """What ``to_json`` wrote. Raises StoreError: ``bad-export``, or ``newer-export`` for a later version."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise StoreError("bad-export", f"no {FORMAT} export")
    if data.get("version") not in (1, VERSION):
        message = f"version {data.get('version')!r}; this voicecore reads version {VERSION}"
        raise StoreError("newer-export", message, version=data.get("version"))
    try:
        return CallRecord(
            info=CallInfo(**data["call"]),
            agent=data["agent"],
            engines=data["engines"],
            began_at=datetime.fromisoformat(data["began_at"]),
            ended_at=datetime.fromisoformat(data["ended_at"]) if data["ended_at"] else None,
            outcome=data["outcome"],
            recording=data["recording"],
            turns=tuple(_turn(turn) for turn in data["turns"]),
            tools=tuple(ToolTrace(**tool) for tool in data["tools"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise StoreError("bad-export", f"a field is missing or wrong: {exc}") from exc


def _turn(data: dict[str, Any]) -> TurnTrace:
    words = tuple(Word(**word) for word in data["caller_words"])
    return TurnTrace(**{**data, "caller_words": words, "wait_reasons": tuple(data.get("wait_reasons", ()))})
