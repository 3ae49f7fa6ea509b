"""What every endpoint keeps: its calls by id, their events in order, and the wake-up of the media clock."""

from __future__ import annotations

import asyncio
from typing import Any, Generic, TypeVar

from voicecore.errors import SipError
from voicecore.types import CallEvent, CallEventKind

CallT = TypeVar("CallT")


class Switchboard(Generic[CallT]):
    """One consumer of events. A call can be looked up until the event after its ENDED is asked for."""

    def __init__(self) -> None:
        self._calls: dict[str, CallT] = {}
        self._live: set[str] = set()
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._over: str | None = None
        self._ticks = asyncio.Event()

    def open(self, call_id: str, call: CallT) -> None:
        self._calls[call_id] = call
        self._live.add(call_id)

    def call(self, call_id: str) -> CallT:
        """Raises SipError("unknown-call")."""
        try:
            return self._calls[call_id]
        except KeyError:
            raise SipError("unknown-call", "no such call", call=call_id) from None

    @property
    def live(self) -> list[CallT]:
        """Calls that have not ended, oldest first."""
        return [call for call_id, call in self._calls.items() if call_id in self._live]

    def is_live(self, call_id: str) -> bool:
        return call_id in self._live

    def emit(self, kind: CallEventKind, call_id: str, detail: dict[str, Any]) -> None:
        """Queue an event; ENDED is a call's last one, and wakes whoever waits for its last frames."""
        if kind is CallEventKind.ENDED:
            self._live.discard(call_id)
            self._ticks.set()
        self._events.put_nowait(CallEvent(kind, call_id, detail))

    def ticked(self) -> None:
        """Media frames are there to be read."""
        self._ticks.set()

    async def next_event(self) -> CallEvent:
        if self._over is not None:
            self._calls.pop(self._over, None)
            self._over = None
        event = await self._events.get()
        if event.kind is CallEventKind.ENDED:
            self._over = event.call_id
        return event

    async def tick(self) -> None:
        await self._ticks.wait()
        self._ticks.clear()
