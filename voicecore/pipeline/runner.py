"""The agent process's loop: SIP events make and end sessions, media ticks drive them all in one batch."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from voicecore.pipeline.ears import hear
from voicecore.pipeline.recording import Recorder
from voicecore.pipeline.session import House, Session
from voicecore.ports import Endpoint
from voicecore.types import CallEvent, CallEventKind

log = logging.getLogger(__name__)


class Runner:
    """Serves every call of one endpoint."""

    def __init__(self, endpoint: Endpoint, house: House, recordings: Path, labels: dict[str, str]) -> None:
        self.sessions: dict[str, Session] = {}
        self._endpoint = endpoint
        self._house = house
        self._recordings = recordings
        self._labels = labels
        self._ending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled; calls still up are ended and kept then."""
        self._recordings.mkdir(parents=True, exist_ok=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._events())
                tasks.create_task(self._ticks())
        finally:
            for call_id in list(self.sessions):
                self._end(call_id, {"code": 0, "reason": "shutdown", "by": "agent"})
            await asyncio.gather(*self._ending, return_exceptions=True)

    async def _events(self) -> None:
        while True:
            self.handle(await self._endpoint.next_event())

    def handle(self, event: CallEvent) -> None:
        """Act on one SIP event."""
        session = self.sessions.get(event.call_id)
        match event.kind:
            case CallEventKind.INCOMING:
                self._endpoint.call(event.call_id).answer()
            case CallEventKind.ANSWERED if session is None:
                self._begin(event)
            case CallEventKind.DTMF if session is not None:
                session.key(event.detail["digit"])
            case CallEventKind.TRANSFER if session is not None and event.detail.get("final"):
                session.transferred(int(event.detail["code"]))
            case CallEventKind.ENDED:
                self._end(event.call_id, event.detail)

    async def _ticks(self) -> None:
        while True:
            await self._endpoint.tick()
            self.tick()

    def tick(self) -> None:
        """Hand every call its new media ticks; voice activity is judged for all calls at once."""
        waiting = [(session, session.call.read()) for session in self.sessions.values()]
        for index in range(max((len(frames) for _, frames in waiting), default=0)):
            due = [(session, frames[index]) for session, frames in waiting if index < len(frames)]
            sounds = hear(self._house.engines.vad, [(session.ears, frame) for session, frame in due])
            for (session, frame), sound in zip(due, sounds, strict=True):
                session.tick(frame, sound)

    def _begin(self, event: CallEvent) -> None:
        call = self._endpoint.call(event.call_id)
        recorder = Recorder(self._recordings / f"{call.info.id}.wav")
        session = Session(call, self._house, recorder)
        self.sessions[event.call_id] = session
        session.start(str(event.detail.get("codec", "")), self._labels)

    def _end(self, call_id: str, outcome: dict[str, object]) -> None:
        session = self.sessions.pop(call_id, None)
        if session is None:
            return
        task = asyncio.ensure_future(session.end(outcome))
        self._ending.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            log.error("a call's record could not be kept", exc_info=exc)
