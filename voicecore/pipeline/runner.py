"""The agent process's loop: SIP events make and end sessions, media ticks drive them all in one batch."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from voicecore.pipeline.admission import Overflow
from voicecore.pipeline.ears import hear
from voicecore.pipeline.house import House
from voicecore.pipeline.session import Session
from voicecore.ports import Call, Endpoint
from voicecore.types import CallEvent, CallEventKind

log = logging.getLogger(__name__)

_UNAVAILABLE = 503


class Runner:
    """Serves every call of one endpoint."""

    def __init__(self, endpoint: Endpoint, house: House, recordings: Path, labels: dict[str, str]) -> None:
        self.sessions: dict[str, Session] = {}
        self._endpoint = endpoint
        self._house = house
        self._recordings = recordings
        self._labels = labels
        self._ending: set[asyncio.Task[None]] = set()
        overflow = house.admission.settings.overflow
        self._overflow = None if overflow is None else Overflow(overflow)

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
        if self._overflow is not None and self._overflow.handle(event):
            return
        session = self.sessions.get(event.call_id)
        match event.kind:
            case CallEventKind.INCOMING:
                self._admit(self._endpoint.call(event.call_id))
            case CallEventKind.ANSWERED if session is None:
                self._begin(event)
            case CallEventKind.DTMF if session is not None:
                session.key(event.detail["digit"])
            case CallEventKind.TRANSFER if session is not None and event.detail.get("final"):
                session.transferred(int(event.detail["code"]))
            case CallEventKind.ENDED:
                self._end(event.call_id, event.detail)

    def _admit(self, call: Call) -> None:
        admission = self._house.admission
        refusal = admission.refusal()
        if refusal is None:
            call.answer()
            return
        log.warning("call %s is not taken: %s", call.info.id, refusal)
        if self._overflow is not None:
            self._overflow.take(call)
        else:
            call.reject(_UNAVAILABLE, admission.settings.retry_after_s)

    def engine_failed(self, code: str) -> None:
        """An engine that all calls depend on is gone: each is handed over to a person."""
        for session in self.sessions.values():
            session.rescue(code)

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
        recorder = self._house.recorder(self._recordings, call.info.id)
        session = Session(call, self._house, recorder)
        self.sessions[event.call_id] = session
        self._house.admission.calls = len(self.sessions)
        session.start(str(event.detail.get("codec", "")), self._labels)

    def _end(self, call_id: str, outcome: dict[str, object]) -> None:
        session = self.sessions.pop(call_id, None)
        if session is None:
            return
        self._house.admission.calls = len(self.sessions)
        task = asyncio.ensure_future(session.end(outcome))
        self._ending.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            log.error("a call's record could not be kept", exc_info=exc)
