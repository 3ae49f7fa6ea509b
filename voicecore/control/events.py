"""What happens in calls, from the agent's feed: to each person as much as their role lets them see."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from voicecore.control.roles import Permission
from voicecore.pipeline.feed import Feed, follow

log = logging.getLogger(__name__)

Event = dict[str, Any]
_ALWAYS = ("type", "call", "t")
_PLAIN: Mapping[str, tuple[str, ...]] = {
    "call.started": ("codec",),
    "floor": ("state",),
    "listening": ("expects",),
    "overlap": ("sound",),
    "caller.said": ("turn", "confidence", "by"),
    "agent.says": ("turn", "utterance"),
    "agent.heard": ("turn", "utterance", "complete"),
    "tool": ("name", "ok", "ms"),
    "error": ("code",),
    "approval.asked": ("key", "tool", "reason", "limit_s"),
    "approval.over": ("key", "tool", "approved", "who", "why"),
    "human.approve": ("who", "why", "key", "tool"),
    "human.deny": ("who", "why", "key", "tool"),
    "human.pause": ("who", "why", "scope", "name"),
    "human.resume": ("who", "why", "scope", "name"),
    "human.hand-over": ("who", "why"),
    "human.undo": ("who", "why", "key", "tool", "undo"),
}
"""The fields that hold no words of a call; of one that is not listed no more is shown than that it was."""
_AGAIN_S = (0.2, 1.0, 5.0)


def visible(event: Event, permissions: frozenset[Permission]) -> Event:
    """``event`` as somebody with these permissions may see it."""
    if Permission.READ in permissions:
        return event
    shown = (*_ALWAYS, *_PLAIN.get(str(event.get("type")), ()))
    return {name: event[name] for name in shown if name in event}


class Relay:
    """Follows the agent's feed, and follows it again when the agent is started anew."""

    def __init__(
        self, socket: Path, source: Callable[[Path], AsyncIterator[Event]] = follow, rest: float = 1.0
    ) -> None:
        """``rest`` scales the pauses between attempts."""
        self.feed = Feed()
        """Where subscribers find the events; with "agent.down" when it can't be followed."""
        self._socket = socket
        self._source = source
        self._rest = rest

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            try:
                async for event in self._source(self._socket):
                    failures = 0
                    kind, call, t = (event.pop(name) for name in _ALWAYS)
                    self.feed.publish(kind, call, t, **event)
            except (OSError, ValueError, KeyError, TypeError) as exc:
                log.debug("the agent's feed: %s", type(exc).__name__)
            self.feed.publish("agent.down", "", 0.0)
            await asyncio.sleep(self._rest * _AGAIN_S[min(failures, len(_AGAIN_S) - 1)])
            failures += 1
