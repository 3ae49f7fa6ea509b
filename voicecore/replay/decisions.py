"""What a call decided and when: one line per decision, the same for the same sound, and their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from voicecore.pipeline.feed import Feed

WALL_CLOCK = frozenset({"ms", "work_ms", "wasted_ms", "tool_start"})
"""Fields of feed events that tell what work took on this machine; no decision depends on them."""
_TURN = ("index", "by", "intent", "reopened", "interrupted", "wait_ms", "wait_reasons", "times")
"""What of a turn's trace is shown to a person; the rest is in the decisions around it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One event of a call's feed, without what the wall clock told. ``t``: seconds on the audio clock."""

    t: float
    kind: str
    """The feed's: "floor", "caller.said", "agent.says", "tool", "turn"..."""
    data: Mapping[str, Any]

    @property
    def line(self) -> str:
        """Canonical JSON: sorted keys, no blanks."""
        return json.dumps(
            {"t": self.t, "type": self.kind, **self.data}, sort_keys=True, separators=(",", ":"), default=str
        )

    @property
    def words(self) -> str:
        """The same for a person: time, kind, facts."""
        data = self.data
        if self.kind == "turn":
            data = {name: self.data["trace"][name] for name in _TURN}
        facts = ", ".join(f"{name}={_shown(value)}" for name, value in data.items())
        return f"{self.t:9.3f}  {self.kind:<14} {facts}"


def digest(decisions: Iterable[Decision]) -> str:
    """SHA-256 over the lines, in hexadecimal. Engines give the same numbers on one machine and build only."""
    return hashlib.sha256("\n".join(decision.line for decision in decisions).encode()).hexdigest()


class Tape(Feed):
    """A feed that keeps everything, as decisions."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions: list[Decision] = []

    def publish(self, kind: str, call: str, t: float, **data: Any) -> None:
        super().publish(kind, call, t, **data)
        self.decisions.append(Decision(round(t, 3), kind, _timeless(data)))


def _timeless(value: Any) -> Any:
    """A copy without the wall clock's fields."""
    if isinstance(value, Mapping):
        return {name: _timeless(inner) for name, inner in value.items() if name not in WALL_CLOCK}
    return [_timeless(inner) for inner in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
