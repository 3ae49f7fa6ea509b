"""What a watcher knows of one call, kept up to date from the feed's events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Utterance:
    """Something said by one side; ``heard`` is the part that was audible once it is over."""

    at: float
    """Seconds on the call's audio clock."""
    who: str
    """"caller", "agent", or "person" (what a scripted caller really said)."""
    text: str
    key: tuple[str, str] = ("", "")
    heard: str | None = None
    note: str = ""


@dataclass(slots=True)
class ToolUse:
    """One back-end call and how it ended."""

    at: float
    name: str
    ok: bool
    arguments: dict[str, Any]
    ms: float | None


@dataclass(slots=True)
class Conversation:
    """One call: ``apply`` takes its events in order."""

    call: str = ""
    title: str = ""
    codec: str = ""
    floor: str = ""
    partial: str = ""
    clock: float = 0.0
    """Seconds on the call's audio clock, of the latest event."""
    said: list[Utterance] = field(default_factory=list)
    tools: list[ToolUse] = field(default_factory=list)
    outcome: dict[str, Any] | None = None
    """Set once the call has ended."""

    def apply(self, event: dict[str, Any]) -> None:
        """Take in one event; kinds that only matter elsewhere are ignored."""
        if event["type"] != "person.says":
            self.clock = max(self.clock, float(event.get("t", 0.0)))
        match event["type"]:
            case "call.started":
                self.call, self.codec = event["call"], str(event.get("codec", ""))
                self.title = f"{event.get('from', '')} → {event.get('to', '')}"
            case "floor":
                self.floor = event["state"]
            case "caller.partial":
                self.partial = event["text"]
            case "caller.said":
                self.partial = ""
                self.said.append(Utterance(self.clock, "caller", event["text"], note=_how(event)))
            case "agent.says":
                self.said.append(Utterance(self.clock, "agent", event["text"], _key(event)))
            case "agent.heard":
                self._heard(event)
            case "person.says":
                note = {"dtmf": "keys", "interruption": "interrupts"}.get(event["kind"], "")
                self.said.append(Utterance(self.clock, "person", event["text"], note=note))
            case "tool":
                self.tools.append(
                    ToolUse(self.clock, event["name"], event["ok"], event["arguments"], event.get("ms"))
                )
            case "call.ended":
                self.outcome = dict(event.get("outcome") or {})

    def _heard(self, event: dict[str, Any]) -> None:
        key = _key(event)
        for utterance in reversed(self.said):
            if utterance.who == "agent" and utterance.key == key:
                utterance.heard = event["text"]
                utterance.note = "" if event.get("complete", True) else "cut short"
                return


def _key(event: dict[str, Any]) -> tuple[str, str]:
    return str(event.get("turn")), str(event.get("utterance"))


def _how(event: dict[str, Any]) -> str:
    """How the appliance came by the words: keys, or how sure the recogniser was."""
    if event.get("by") == "dtmf":
        return "keys"
    confidence = event.get("confidence")
    return "" if confidence is None or confidence >= 1 else f"{confidence:.0%} sure"
