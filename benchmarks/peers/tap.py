"""An endpoint whose calls are heard by peers as well: what a session reads goes to the peer of that call."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from benchmarks.peers.floor import PeerFloor
from benchmarks.peers.link import Link
from voicecore.config import TurnSettings
from voicecore.errors import EngineError
from voicecore.ports import Call, Endpoint
from voicecore.types import CallEvent, CallEventKind, MediaFrame

_LOOK_S = 0.02


class TappedCall:
    """A call that lets a peer hear each frame that is read from it; else the call itself."""

    def __init__(self, call: Call, link: Link) -> None:
        self._call = call
        self._link = link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def read(self) -> list[MediaFrame]:
        """As ``Call.read``."""
        frames = self._call.read()
        for frame in frames:
            self._link.hear(frame.caller)
        return frames


class Tap:
    """Behaves as ``endpoint`` does; gives each incoming call a peer that is ready before it is answered.

    Use as ``running(appliance, tap, tap.floor)``. There must be a link for each call at once: ``start``
    waits ``patience_s`` for all, ``next_event`` for one; then they raise EngineError("no-peer").
    """

    def __init__(self, endpoint: Endpoint, links: Sequence[Link], patience_s: float = 60.0) -> None:
        self.floors: dict[str, PeerFloor] = {}
        """The floor of every call so far, by call id: what its peer decided."""
        self._endpoint = endpoint
        self._links = links
        self._patience_s = patience_s
        self._of: dict[str, Link] = {}

    def floor(self, turns: TurnSettings, call: Call) -> PeerFloor:
        """Makes the floor of one call (``House.floor``)."""
        floor = self.floors[call.info.id] = PeerFloor(turns, self._of[call.info.id])
        return floor

    def account(self) -> dict[str, Any]:
        """For the report: the peers' versions and settings, packets lost (any: void), ms per verdict."""
        applied = [applied for floor in self.floors.values() for applied in floor.applied]
        took = [a.decision.facts["took_ms"] for a in applied if a.decision.event == "verdict"]
        p50, p95 = np.percentile(took, (50, 95)) if took else (math.nan, math.nan)
        return {
            "versions": self._links[0].hello.get("versions"),
            "settings": self._links[0].hello.get("settings"),
            "lost": sum(link.lost for link in self._links),
            "verdicts": len(took),
            "verdict_p50_ms": round(float(p50), 1),
            "verdict_p95_ms": round(float(p95), 1),
        }

    async def start(self) -> None:
        """Start listening once every peer is ready."""
        await self._until(lambda: all(link.idle for link in self._links))
        await self._endpoint.start()

    async def stop(self) -> None:
        await self._endpoint.stop()

    async def tick(self) -> None:
        await self._endpoint.tick()

    def dial(self, uri: str, headers: dict[str, str] | None = None) -> Call:
        """An outgoing call; peers are given incoming ones only."""
        return self._endpoint.dial(uri, headers)

    def call(self, call_id: str) -> Call:
        """As ``Endpoint.call``, heard by its peer while it has one."""
        call, link = self._endpoint.call(call_id), self._of.get(call_id)
        return call if link is None else cast(Call, TappedCall(call, link))

    async def next_event(self) -> CallEvent:
        """As ``Endpoint.next_event``; an INCOMING call has a peer before anybody knows of it."""
        event = await self._endpoint.next_event()
        if event.kind is CallEventKind.INCOMING:
            self._of[event.call_id] = await self._idle_link()
        elif event.kind is CallEventKind.ENDED and (link := self._of.pop(event.call_id, None)):
            link.hang_up()
        return event

    async def _idle_link(self) -> Link:
        await self._until(lambda: any(link.idle for link in self._links))
        link = next(link for link in self._links if link.idle)
        link.taken = True
        return link

    async def _until(self, ready: Callable[[], bool]) -> None:
        for _ in range(round(self._patience_s / _LOOK_S)):
            if ready():
                return
            await asyncio.sleep(_LOOK_S)
        raise EngineError("no-peer", f"{len(self._links)} peers, none of use after {self._patience_s} s")
