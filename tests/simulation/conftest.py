"""A pretend appliance on the audio clock: an endpoint whose calls are answered by a scripted agent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from voicecore.types import (
    RATE,
    TICK,
    TICK_MS,
    CallEvent,
    CallEventKind,
    CallInfo,
    MediaFrame,
    Pcm,
    SpeechChunk,
    WordMark,
)

DELAY_TICKS = 4
"""One-way delay of the pretend network."""


def tone(ms: float, amplitude: int = 8000, hz: float = 440.0) -> Pcm:
    """Voiced from its first sample to its last."""
    t = np.arange(round(ms * RATE / 1000))
    return (amplitude * np.cos(2 * np.pi * hz * t / RATE)).astype(np.int16)


def silence(ms: float) -> Pcm:
    return np.zeros(round(ms * RATE / 1000), np.int16)


class ToneTts:
    """Speaks every word as 200 ms of tone, with silence around the sentence as engines leave it."""

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        yield SpeechChunk(silence(30), (WordMark((0, len(text)), 0),))
        yield SpeechChunk(tone(200 * len(text.split())))
        yield SpeechChunk(silence(50))


class PretendCall:
    """Both ends of one call: ours (the Call port), and the agent's, which ``tick`` plays.

    ``replies`` are the agent's utterances (text, ms of sound), each begun 400 ms after the caller fell
    silent. It stops when interrupted for 200 ms, and hangs up when it has nothing left to say, or
    after 3 s of silence at the end.
    """

    def __init__(self, number: int, endpoint: PretendEndpoint, replies: list[tuple[str, float]]) -> None:
        self.info = CallInfo(f"out-{number}", "out", "sip:agent@test", "sip:caller@test")
        self.number = number
        self.written = 0
        self.keys = ""
        self.over = False
        self._endpoint = endpoint
        self._replies = deque(replies)
        self._ring = np.zeros(0, np.int16)
        self._frames: list[MediaFrame] = []
        self._played = 0
        self._tick = 0
        self._to_agent: deque[Pcm] = deque([silence(TICK_MS)] * DELAY_TICKS)
        self._to_caller: deque[Pcm] = deque([silence(TICK_MS)] * DELAY_TICKS)
        self._speech = np.zeros(0, np.int16)
        self._saying: tuple[int, str] | None = None
        self._turn = 0
        self._quiet_ticks = 0
        self._loud_ticks = 0
        self._owed = True
        self._spoke_until = 0

    def read(self) -> list[MediaFrame]:
        frames, self._frames = self._frames, []
        return frames

    def write(self, pcm: Pcm) -> int:
        taken = min(len(pcm), RATE - len(self._ring))
        self._ring = np.concatenate([self._ring, pcm[:taken]])
        self.written += taken
        return taken

    def flush(self) -> None:
        self._ring = self._ring[:0]

    def send_dtmf(self, digits: str, method: str = "rfc4733") -> None:
        self.keys += digits
        self._owed, self._quiet_ticks = True, 0

    def hangup(self) -> None:
        self._end("us")

    def _end(self, by: str) -> None:
        if not self.over:
            self.over = True
            self._feed("call.ended", outcome={"by": by})
            self._endpoint.emit(
                self, CallEventKind.ENDED, code=200, reason="OK", by="agent" if by == "us" else "caller"
            )

    def advance(self) -> None:
        """One tick of the media clock at both ends."""
        sent = np.concatenate([self._ring[:TICK], np.zeros(max(0, TICK - len(self._ring)), np.int16)])
        self._played += min(TICK, len(self._ring))
        self._ring = self._ring[TICK:]
        self._to_agent.append(sent)
        self._to_caller.append(self._agent(self._to_agent.popleft()))
        heard = self._to_caller.popleft()
        self._frames.append(MediaFrame(heard, sent, self._played, self._tick * TICK_MS * 1_000_000))
        self._tick += 1

    def _agent(self, heard: Pcm) -> Pcm:
        """The agent's tick: what it transmits after having heard ``heard``."""
        loud = bool(np.abs(heard).max() > 500)
        self._loud_ticks = self._loud_ticks + 1 if loud else 0
        self._quiet_ticks = 0 if loud else self._quiet_ticks + 1
        self._owed |= self._loud_ticks >= 3
        if self._saying is not None:
            if self._loud_ticks >= 10:
                self._said(complete=False)
            elif not len(self._speech):
                self._said(complete=True)
        elif self._owed and self._quiet_ticks * TICK_MS >= 400:
            self._say_next()
        elif not self._replies and self._quiet_ticks * TICK_MS >= 3000:
            self._end("them")
        out, self._speech = self._speech[:TICK], self._speech[TICK:]
        return np.concatenate([out, np.zeros(TICK - len(out), np.int16)])

    def _say_next(self) -> None:
        if not self._replies:
            self._end("them")
            return
        text, ms = self._replies.popleft()
        if not self._turn:
            self._feed("call.started", **{"from": "x", "to": "y", "codec": "G722"})
        self._turn += 1
        self._owed = False
        self._saying, self._speech = (self._turn, text), tone(ms, hz=600)
        self._quiet_ticks = 0
        self._feed("agent.says", turn=self._turn, utterance="u", text=text)

    def _said(self, complete: bool) -> None:
        assert self._saying is not None
        turn, text = self._saying
        self._saying, self._speech = None, self._speech[:0]
        self._feed("agent.heard", turn=turn, utterance="u", text=text if complete else "", complete=complete)
        self._feed("listening", expects="open")

    def _feed(self, kind: str, **data: Any) -> None:
        call = f"in-{self.number}"
        self._endpoint.feed.put_nowait({"type": kind, "call": call, "t": self._tick * TICK_MS / 1000, **data})


class PretendEndpoint:
    """An endpoint whose media clock runs as fast as it is asked."""

    def __init__(self, *replies: list[tuple[str, float]], answers: bool = True) -> None:
        self.feed: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.calls: list[PretendCall] = []
        self._replies = replies
        self._answers = answers
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()

    def emit(self, call: PretendCall, kind: CallEventKind, **detail: Any) -> None:
        self._events.put_nowait(CallEvent(kind, call.info.id, detail))

    def dial(self, uri: str, headers: dict[str, str] | None = None) -> PretendCall:
        call = PretendCall(len(self.calls), self, self._replies[len(self.calls)])
        self.calls.append(call)
        if self._answers:
            self.emit(call, CallEventKind.RINGING)
            self.emit(call, CallEventKind.ANSWERED, codec="G722", clock_rate=16_000)
        else:
            call.over = True
            self.emit(call, CallEventKind.ENDED, code=486, reason="Busy Here", by="caller")
        return call

    async def next_event(self) -> CallEvent:
        return await self._events.get()

    async def tick(self) -> None:
        while all(call.over for call in self.calls):
            await asyncio.sleep(0.001)
        for call in self.calls:
            if not call.over:
                call.advance()

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            yield await self.feed.get()


@pytest.fixture(name="tone")
def _tone() -> Any:
    return tone


@pytest.fixture(name="silence")
def _silence() -> Any:
    return silence


@pytest.fixture(name="tts")
def _tts() -> ToneTts:
    return ToneTts()


@pytest.fixture(name="pretend_endpoint")
def _pretend_endpoint() -> type[PretendEndpoint]:
    return PretendEndpoint
