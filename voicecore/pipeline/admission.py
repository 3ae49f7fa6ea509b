"""Decides whether another call is taken: no more of them than get their answers in time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np

from voicecore.config import AdmissionSettings
from voicecore.ports import Call
from voicecore.types import CallEvent, CallEventKind

log = logging.getLogger(__name__)

_TRANSFER_S = 30.0
"""How long an overflow transfer may take."""


class Refusal(StrEnum):
    """Why a call is not taken."""

    FULL = "full"
    """As many calls are up as get their answers in time, or as the configuration allows."""
    ENGINE_DOWN = "engine-down"
    """An engine is being started again."""
    PAUSED = "paused"
    """A person has paused the box."""


def lateness_ms(times: Mapping[str, float]) -> float | None:
    """From taking a turn to the first sound of its reply, the back-end's own time left out.

    ``times``: see ``TurnTrace``. None where there was no turn to reply to.
    """
    if "commit" not in times or "played" not in times:
        return None
    tools = max(0.0, times.get("tool_end", 0.0) - max(times["commit"], times.get("tool_start", 0.0)))
    return max(0.0, times["played"] - times["commit"] - tools) * 1000


class Admission:
    """Learns how many calls this machine can serve: one fewer than were too many, and more again later.

    The measure is the 95th percentile of ``lateness_ms`` over the turns of all calls in the last
    ``window_s``. Over the budget, the limit drops below the number of calls that are up, and measuring begins
    anew; each window within it raises the limit by one. One call at a time is always taken.
    """

    def __init__(
        self,
        settings: AdmissionSettings,
        engines_up: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        self.calls = 0
        """How many are up; whoever begins and ends them keeps it so."""
        self.limit = settings.most_calls
        """How many may be up now; None while nothing speaks for a limit."""
        self.settings = settings
        self._engines_up = engines_up
        self._paused = paused
        self._clock = clock
        self._late: deque[tuple[float, float]] = deque()
        self._changed = clock()

    def refusal(self) -> Refusal | None:
        """Why a call that comes in now is not to be taken; None if it is."""
        if self._paused():
            return Refusal.PAUSED
        if not self._engines_up():
            return Refusal.ENGINE_DOWN
        self._recover()
        return Refusal.FULL if self.limit is not None and self.calls >= self.limit else None

    def note(self, times: Mapping[str, float]) -> None:
        """A reply has begun to play."""
        late_ms = lateness_ms(times)
        if late_ms is None:
            return
        self._late.append((self._clock(), late_ms))
        p95 = self.p95_ms()
        if p95 is not None and p95 > self.settings.late_ms and self.calls > 1:
            self.limit = self.calls - 1
            self._start_over()
            log.warning("p95 of replies is %.0f ms with %d calls: limit %d", p95, self.calls, self.limit)

    def p95_ms(self) -> float | None:
        """The measure; None while there are too few turns for one."""
        oldest = self._clock() - self.settings.window_s
        while self._late and self._late[0][0] < oldest:
            self._late.popleft()
        if len(self._late) < self.settings.fewest_turns:
            return None
        return float(np.percentile([late_ms for _, late_ms in self._late], 95))

    def _recover(self) -> None:
        most = self.settings.most_calls
        if self.limit is not None and self._clock() - self._changed >= self.settings.window_s:
            self.limit = self.limit + 1 if most is None else min(most, self.limit + 1)
            self._start_over()

    def _start_over(self) -> None:
        self._late.clear()
        self._changed = self._clock()


class Overflow:
    """Calls that are not taken but sent elsewhere: answered without a word, and transferred at once."""

    def __init__(self, target: str) -> None:
        """``target``: SIP URI."""
        self._target = target
        self._calls: dict[str, tuple[Call, asyncio.TimerHandle]] = {}

    def take(self, call: Call) -> None:
        """A call that came in and is to be passed on."""
        timer = asyncio.get_running_loop().call_later(_TRANSFER_S, call.hangup)
        self._calls[call.info.id] = (call, timer)
        call.answer()

    def handle(self, event: CallEvent) -> bool:
        """Act on an event; whether it was about one of these calls."""
        if event.call_id not in self._calls:
            return False
        call, timer = self._calls[event.call_id]
        match event.kind:
            case CallEventKind.ANSWERED:
                call.transfer(self._target)
            case CallEventKind.TRANSFER if event.detail.get("final"):
                call.hangup()
            case CallEventKind.ENDED:
                timer.cancel()
                del self._calls[event.call_id]
        return True
