"""A pretend appliance on the audio clock: an endpoint whose calls are answered by a scripted agent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from sip.memory import MemoryCall, MemoryEndpoint
from voicecore.types import RATE, TICK, TICK_MS, CallEvent, CallEventKind, Pcm, SpeechChunk, WordMark

Feed = asyncio.Queue[dict[str, Any]]
DELAY_TICKS = 4
"""Delay of the pretend network, one way."""


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


class PretendAgent:
    """The far end of one call, a tick at a time.

    ``replies`` are the agent's utterances (text, ms of sound), each begun 400 ms after the caller fell
    silent. It stops when interrupted for 200 ms, and hangs up when it has nothing left to say, or
    after 3 s of silence at the end.
    """

    def __init__(self, number: int, call: MemoryCall, replies: list[tuple[str, float]], feed: Feed) -> None:
        self.call = call
        self._name = f"in-{number}"
        self._feed = feed
        self._replies = deque(replies)
        self._line = deque([silence(TICK_MS)] * 2 * DELAY_TICKS)
        """What the caller will have said when the agent hears it: the delay both ways."""
        self._speech = silence(0)
        self._text: str | None = None
        self._turn = 0
        self._quiet_ticks = self._loud_ticks = 0
        self._owed = True
        self._keys = 0

    def advance(self) -> None:
        """One tick of the media clock: hear what was said a while ago, and speak."""
        out = self._react(self._line.popleft())
        if self.call.state == "answered":
            self._line.append(self.call.hear(out))

    @property
    def keys(self) -> str:
        return "".join(digit for digit, _ in self.call.sent_digits)

    def _react(self, heard: Pcm) -> Pcm:
        loud = bool(np.abs(heard).max() > 500)
        self._loud_ticks = self._loud_ticks + 1 if loud else 0
        self._quiet_ticks = 0 if loud else self._quiet_ticks + 1
        if len(self.keys) > self._keys:
            self._keys, self._owed, self._quiet_ticks = len(self.keys), True, 0
        self._owed |= self._loud_ticks >= 3
        if self._text is not None:
            if self._loud_ticks >= 10 or not len(self._speech):
                self._said(complete=not len(self._speech))
        elif self._owed and self._quiet_ticks * TICK_MS >= 400:
            self._say_next()
        elif not self._replies and self._quiet_ticks * TICK_MS >= 3000:
            self.call.far_hangup()
        out, self._speech = self._speech[:TICK], self._speech[TICK:]
        return np.concatenate([out, np.zeros(TICK - len(out), np.int16)])

    def _say_next(self) -> None:
        if not self._replies:
            self.call.far_hangup()
            return
        self._text, ms = self._replies.popleft()
        if not self._turn:
            self.tell("call.started", **{"from": "x", "to": "y", "codec": "G722"})
        self._turn += 1
        self._owed, self._quiet_ticks, self._speech = False, 0, tone(ms, hz=600)
        self.tell("agent.says", turn=self._turn, utterance="u", text=self._text)

    def _said(self, complete: bool) -> None:
        text, self._text, self._speech = self._text if complete else "", None, silence(0)
        self.tell("agent.heard", turn=self._turn, utterance="u", text=text, complete=complete)
        self.tell("listening", expects="open")

    def tell(self, kind: str, **data: Any) -> None:
        self._feed.put_nowait({"type": kind, "call": self._name, "t": self.call.seconds, **data})


class PretendEndpoint(MemoryEndpoint):
    """An endpoint whose far end is an agent, and whose media clock runs as fast as it is asked."""

    def __init__(self, *replies: list[tuple[str, float]], answers: bool | None = True) -> None:
        """``answers``: True picks up, False is busy, None lets it ring."""
        super().__init__()
        self.feed: Feed = asyncio.Queue()
        self.agents: list[PretendAgent] = []
        self._replies = replies
        self._answers = answers
        self._running = True

    def dial(self, uri: str, headers: dict[str, str] | None = None) -> MemoryCall:
        call = super().dial(uri, headers)
        number = len(self.agents)
        self.agents.append(PretendAgent(number, call, self._replies[number], self.feed))
        if self._answers:
            call.far_answer()
        elif self._answers is not None:
            call.far_reject(486, "Busy Here")
        return call

    async def next_event(self) -> CallEvent:
        event = await super().next_event()
        if event.kind is CallEventKind.ENDED:
            for agent in self.agents:
                if agent.call.info.id == event.call_id:
                    agent.tell("call.ended", outcome={})
        return event

    async def tick(self) -> None:
        for agent in self.agents:
            if agent.call.state == "answered":
                agent.advance()
        await super().tick()

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
