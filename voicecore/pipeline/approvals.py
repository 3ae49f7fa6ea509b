"""Holds tool calls until a person has decided about them; when nobody does, the answer is no."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from voicecore.errors import StoreError, VoicecoreError
from voicecore.pipeline.feed import Feed
from voicecore.ports import Audit
from voicecore.types import Answer, ApprovalRequest

log = logging.getLogger(__name__)

MOST = 100
"""Requests that wait at once; more are answered with no."""

OnChange = Callable[[ApprovalRequest, Answer | None], None]
"""Gets a request that now waits (None), and what became of it."""


def announcer(feed: Feed, audit: Audit, at: Callable[[str], float]) -> OnChange:
    """Tells watchers and the record; ``at``: a call's time on its audio clock."""

    def announce(request: ApprovalRequest, answer: Answer | None) -> None:
        facts: dict[str, Any] = {"key": request.key, "tool": request.tool, "reason": request.reason}
        if answer is None:
            kind = "approval.asked"
            facts |= {"arguments": dict(request.arguments), "limit_s": request.limit_s}
        else:
            kind = "approval.over"
            facts |= asdict(answer)
        now = at(request.call_id)
        feed.publish(kind, request.call_id, now, **facts)
        try:
            audit.note(request.call_id, kind, now, facts)
        except StoreError:
            log.exception("%s is not on record", kind, extra={"call": request.call_id})

    return announce


@dataclass(slots=True)
class _Waiting:
    request: ApprovalRequest
    since: float
    """Seconds on the loop's clock."""
    answer: asyncio.Future[Answer] = field(repr=False)
    askers: int = 0


class Desk:
    """``ports.Approvals``: requests come in here, people's answers too. Time is the event loop's.

    It needs nobody at the other end: without a control process each request runs into its time limit.
    """

    def __init__(self, on_change: OnChange = lambda _request, _answer: None) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._on_change = on_change

    @property
    def waiting(self) -> list[tuple[ApprovalRequest, float]]:
        """What waits, oldest first, with the seconds that are left."""
        now = asyncio.get_running_loop().time()
        return [(w.request, max(0.0, w.since + w.request.limit_s - now)) for w in self._waiting.values()]

    def waits(self, call_id: str) -> bool:
        """Whether a call waits for a person."""
        return any(waiting.request.call_id == call_id for waiting in self._waiting.values())

    async def ask(self, request: ApprovalRequest) -> Answer:
        """A person's answer; see ``ports.Approvals``."""
        waiting = self._waiting.get(request.key)
        if waiting is None:
            if len(self._waiting) >= MOST:
                return Answer(False, why="too-many")
            loop = asyncio.get_running_loop()
            waiting = self._waiting[request.key] = _Waiting(request, loop.time(), loop.create_future())
            self._on_change(request, None)
        waiting.askers += 1
        try:
            async with asyncio.timeout_at(waiting.since + waiting.request.limit_s):
                return await asyncio.shield(waiting.answer)
        except TimeoutError:
            return self._end(waiting, Answer(False, why="timeout"))
        finally:
            waiting.askers -= 1
            if waiting.askers == 0 and not waiting.answer.done():
                self._end(waiting, Answer(False, why="withdrawn"))

    def request(self, key: str) -> ApprovalRequest:
        """What waits under ``key``. Raises VoicecoreError("unknown-approval"): it never did, or is over."""
        if key not in self._waiting:
            raise VoicecoreError("unknown-approval", f"nothing waits under {key!r} (any more)", key=key)
        return self._waiting[key].request

    def answer(self, key: str, answer: Answer) -> None:
        """A person has decided. Raises VoicecoreError("unknown-approval")."""
        self.request(key)
        self._end(self._waiting[key], answer)

    def end_call(self, call_id: str) -> None:
        """The call is over: nothing of it happens any more."""
        for waiting in [w for w in self._waiting.values() if w.request.call_id == call_id]:
            self._end(waiting, Answer(False, why="call-ended"))

    def _end(self, waiting: _Waiting, answer: Answer) -> Answer:
        """Settle it once; what was settled first holds."""
        if not waiting.answer.done():
            waiting.answer.set_result(answer)
            del self._waiting[waiting.request.key]
            self._on_change(waiting.request, answer)
        return waiting.answer.result()
