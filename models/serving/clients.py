"""Engines that live in another process, behind the same ports."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from models.serving.host import EngineHost
from models.serving.protocol import (
    ACCEPT,
    DONE,
    DROP,
    FINISH,
    FORGET,
    GENERATE,
    JUDGE,
    OPEN,
    PREPARE,
    REPLY,
    SPEAK,
    Packet,
    chunk_of,
    expectation_facts,
    said_of,
    talk_facts,
    transcript_of,
)
from voicecore.errors import EngineError
from voicecore.types import RATE, Expectation, Message, Pcm, SpeechChunk, ToolOffer, ToolRequest, Transcript

ANSWER_S = 10.0
"""How long, by the wall clock, an engine may take for its next answer to a call."""
WORDING_S = 30.0
"""The same for a sentence of a language model, which may have a whole conversation to read first, ..."""
BACKGROUND_S = 300.0
"""... and for one that no caller waits for."""
HEARD = 8 * RATE
"""What a turn model looks at, from the end."""


class _Exchange:
    """A line that a worker thread waits on; an error ends it, so that no answer comes to a later question."""

    def __init__(self, host: EngineHost) -> None:
        """Raises EngineError("engine-died")."""
        self._inbox: queue.SimpleQueue[Packet | EngineError] = queue.SimpleQueue()
        self._failure: EngineError | None = None
        self.line = host.open(self._inbox.put)

    def ask(self, op: str, facts: Mapping[str, Any] | None = None, pcm: Pcm | None = None) -> Packet:
        """Send, and return what comes back. Raises as ``receive`` does."""
        self.line.send(op, facts, pcm)
        return self.receive()

    def receive(self) -> Packet:
        """Raises EngineError: the engine's own code, ``engine-died`` or ``engine-late``."""
        if self._failure is not None:
            raise self._failure
        try:
            received = self._inbox.get(timeout=ANSWER_S)
        except queue.Empty:
            received = _late(ANSWER_S)
        if isinstance(received, EngineError):
            self._failure = received
            self.line.close()
            raise received
        return received


def _late(seconds: float) -> EngineError:
    return EngineError("engine-late", f"no answer from the engine process within {seconds:.0f} s")


class RemoteAsr:
    """``ports.Asr``; every method raises EngineError("engine-died") as soon as the process is gone."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host

    def open(self, expectation: Expectation) -> RemoteStream:
        """Start an utterance. Raises the engine's own errors too, as all methods do."""
        return RemoteStream(_Exchange(self._host), expectation)

    def close(self) -> None:
        """The process goes with its fleet."""


class RemoteStream:
    """``ports.AsrStream``; dropping the object is enough to end it."""

    def __init__(self, exchange: _Exchange, expectation: Expectation) -> None:
        self._exchange = exchange
        self._release = weakref.finalize(self, exchange.line.close)
        exchange.ask(OPEN, expectation_facts(expectation))

    def accept(self, pcm: Pcm) -> Transcript | None:
        """See ``AsrStream``."""
        return transcript_of(self._exchange.ask(ACCEPT, pcm=pcm).facts)

    def finish(self) -> Transcript:
        """See ``AsrStream``."""
        transcript = transcript_of(self._exchange.ask(FINISH).facts)
        self._over()
        return transcript or Transcript(final=True)

    def drop(self) -> None:
        """Forget the utterance without reading it."""
        self._exchange.line.send(DROP)
        self._over()

    def _over(self) -> None:
        self._release.detach()
        self._exchange.line.close(over=True)


class RemoteTurnModel:
    """``ports.TurnModel``."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host

    def probability(self, pcm: Pcm) -> float:
        """See ``TurnModel``. Raises EngineError."""
        exchange = _Exchange(self._host)
        try:
            return float(exchange.ask(JUDGE, pcm=pcm[-HEARD:]).facts["probability"])
        finally:
            exchange.line.close(over=True)


class RemoteTts:
    """``ports.Tts``. The engine works ahead: closing the iterator stops it after the chunk it is at."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        """See ``Tts``. Raises EngineError."""
        exchange, over = _Exchange(self._host), False
        try:
            packet = exchange.ask(SPEAK, {"text": text})
            while packet.op != DONE:
                yield chunk_of(packet)
                packet = exchange.receive()
            over = True
        finally:
            exchange.line.close(over)


class RemoteLlm:
    """``ports.Llm``."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        """See ``Llm``. Raises EngineError."""
        facts = {"instruction": instruction, "question": question, "passages": list(passages)}
        async with contextlib.aclosing(self._stream(GENERATE, facts, WORDING_S)) as answer:
            async for said in answer:
                assert isinstance(said, str), "generate offers no tools"
                yield said

    async def _stream(
        self, op: str, facts: Mapping[str, Any], patience_s: float
    ) -> AsyncGenerator[str | ToolRequest, None]:
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[Packet | EngineError] = asyncio.Queue()

        def deliver(received: Packet | EngineError) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(inbox.put_nowait, received)

        line, over = self._host.open(deliver), False
        try:
            line.send(op, facts)
            while True:
                try:
                    received = await asyncio.wait_for(inbox.get(), patience_s)
                except TimeoutError as exc:
                    raise _late(patience_s) from exc
                over = isinstance(received, EngineError) or received.op == DONE
                if isinstance(received, EngineError):
                    raise received
                if over:
                    return
                yield said_of(received.facts)
        finally:
            line.close(over)


class RemoteConversationLlm(RemoteLlm):
    """``ports.ConversationLlm``. A process that was started again knows nothing of earlier conversations,
    and need not: they are stated whole every time."""

    def prepare(self, call: str, messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> None:
        """See ``ConversationLlm``."""
        self._host.tell(PREPARE, talk_facts(call, messages, tools))

    async def reply(
        self,
        call: str,
        messages: Sequence[Message],
        tools: Sequence[ToolOffer] = (),
        urgent: bool = True,
        insist: bool = False,
    ) -> AsyncIterator[str | ToolRequest]:
        """See ``ConversationLlm``. Raises EngineError."""
        facts = {**talk_facts(call, messages, tools), "urgent": urgent, "insist": insist}
        patience_s = WORDING_S if urgent else BACKGROUND_S
        async with contextlib.aclosing(self._stream(REPLY, facts, patience_s)) as answer:
            async for said in answer:
                yield said

    def forget(self, call: str) -> None:
        """See ``ConversationLlm``."""
        self._host.tell(FORGET, {"call": call})
