"""The engine's side of each port: packets of many calls in, packets out."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from typing import Any

from models.serving.protocol import (
    ACCEPT,
    CANCEL,
    DONE,
    DROP,
    FINISH,
    FORGET,
    GENERATE,
    JUDGE,
    OPEN,
    PIECE,
    PREPARE,
    REPLY,
    SPEAK,
    Packet,
    chunk_packet,
    expectation_of,
    failed,
    said_facts,
    talk_of,
    transcript_facts,
)
from models.warming import warm_asr, warm_llm, warm_tts, warm_turn_model
from voicecore.errors import EngineError, VoicecoreError
from voicecore.ports import Asr, AsrStream, ConversationLlm, Llm, Tts, TurnModel
from voicecore.types import Expectation, SpeechChunk, ToolRequest

Send = Callable[[Packet], None]
"""Any thread may call it."""


class Strand:
    """Runs jobs one after the other on threads that it shares with others."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], None]] = deque()
        self._running = False

    def submit(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._jobs.append(job)
            if self._running:
                return
            self._running = True
        self._pool.submit(self._run)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._running = False
                    return
                job = self._jobs.popleft()
            job()


@contextlib.contextmanager
def reporting(send: Send, line: int) -> Iterator[None]:
    """Tell the client of a failure instead of raising it."""
    try:
        yield
    except VoicecoreError as exc:
        send(failed(line, exc.code, str(exc)))
    except Exception as exc:
        send(failed(line, "engine-failed", f"{type(exc).__name__}: {exc}"))


class AsrService:
    """A recogniser; a line is an utterance."""

    def __init__(self, asr: Asr, pool: Executor, send: Send) -> None:
        self._asr = asr
        self._pool = pool
        self._send = send
        self._utterances: dict[int, _Utterance] = {}

    def warm(self) -> None:
        """See ``models.warming``."""
        warm_asr(self._asr, Expectation())

    def take(self, packet: Packet) -> None:
        """Act on a packet (polling thread)."""
        if packet.op == OPEN:
            self._utterances[packet.line] = _Utterance(self._asr, Strand(self._pool))
        utterance = self._utterances.get(packet.line)
        if utterance is None:
            return
        if packet.op in (FINISH, DROP, CANCEL):
            del self._utterances[packet.line]
        utterance.strand.submit(lambda: self._work(utterance, packet))

    def _work(self, utterance: _Utterance, packet: Packet) -> None:
        with reporting(self._send, packet.line):
            self._send(Packet(DONE, packet.line, utterance.work(packet)))


class _Utterance:
    """One utterance; all but its making happens on its strand."""

    def __init__(self, asr: Asr, strand: Strand) -> None:
        self.strand = strand
        self._asr = asr
        self._stream: AsrStream | None = None

    def work(self, packet: Packet) -> dict[str, Any]:
        if packet.op == OPEN:
            self._stream = self._asr.open(expectation_of(packet.facts))
            return {}
        if self._stream is None:
            raise EngineError("asr-failed", "the utterance was not opened")
        if packet.op == ACCEPT:
            return transcript_facts(self._stream.accept(packet.pcm))
        if packet.op == FINISH:
            return transcript_facts(self._stream.finish())
        drop = getattr(self._stream, "drop", self._stream.finish)
        self._stream = None
        drop()
        return {}


class TurnService:
    """A turn model; a line is a question."""

    def __init__(self, model: TurnModel, pool: Executor, send: Send) -> None:
        self._model = model
        self._pool = pool
        self._send = send

    def warm(self) -> None:
        """See ``models.warming``."""
        warm_turn_model(self._model)

    def take(self, packet: Packet) -> None:
        """Act on a packet (polling thread)."""
        if packet.op == JUDGE:
            self._pool.submit(self._judge, packet)

    def _judge(self, packet: Packet) -> None:
        with reporting(self._send, packet.line):
            probability = float(self._model.probability(packet.pcm))
            self._send(Packet(DONE, packet.line, {"probability": probability}))


class TtsService:
    """A voice; a line is an utterance."""

    def __init__(self, tts: Tts, pool: Executor, send: Send) -> None:
        self._tts = tts
        self._pool = pool
        self._send = send
        self._unwanted: dict[int, threading.Event] = {}

    def warm(self) -> None:
        """See ``models.warming``."""
        warm_tts(self._tts)

    def take(self, packet: Packet) -> None:
        """Act on a packet (polling thread)."""
        if packet.op == SPEAK:
            self._unwanted[packet.line] = unwanted = threading.Event()
            self._pool.submit(self._speak, packet.line, str(packet.facts["text"]), unwanted)
        elif packet.op == CANCEL and (speaking := self._unwanted.get(packet.line)) is not None:
            speaking.set()

    def _speak(self, line: int, text: str, unwanted: threading.Event) -> None:
        chunks: Iterator[SpeechChunk] = iter(())
        try:
            with reporting(self._send, line):
                chunks = iter(self._tts.synthesize(text))
                while not unwanted.is_set() and (chunk := next(chunks, None)) is not None:
                    self._send(chunk_packet(line, chunk))
                self._send(Packet(DONE, line))
        finally:
            del self._unwanted[line]
            close = getattr(chunks, "close", None)
            if close is not None:
                close()


class LlmService:
    """A language model; a line is a reply. Works on the event loop of the process."""

    def __init__(self, llm: Llm, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self._llm = llm
        self._loop = loop
        self._send = send
        self._replies: dict[int, asyncio.Task[None]] = {}

    def warm(self) -> None:
        """See ``models.warming``. Not from the event loop's thread."""
        asyncio.run_coroutine_threadsafe(warm_llm(self._llm), self._loop).result()

    def take(self, packet: Packet) -> None:
        """Act on a packet (polling thread)."""
        self._loop.call_soon_threadsafe(self._act, packet)

    def _act(self, packet: Packet) -> None:
        with reporting(self._send, packet.line):
            if packet.op in (GENERATE, REPLY):
                self._begin(packet.line, self._answer(packet))
            elif packet.op == CANCEL and packet.line in self._replies:
                self._replies[packet.line].cancel()
            elif packet.op == PREPARE and isinstance(self._llm, ConversationLlm):
                self._llm.prepare(*talk_of(packet.facts))
            elif packet.op == FORGET and isinstance(self._llm, ConversationLlm):
                self._llm.forget(str(packet.facts["call"]))

    def _answer(self, packet: Packet) -> AsyncIterator[str | ToolRequest]:
        facts = packet.facts
        if packet.op == GENERATE:
            return self._llm.generate(facts["instruction"], facts["question"], tuple(facts["passages"]))
        if not isinstance(self._llm, ConversationLlm):
            raise EngineError("llm-no-conversation", "this language model answers single questions only")
        urgent, insist = bool(facts["urgent"]), bool(facts["insist"])
        return self._llm.reply(*talk_of(facts), urgent=urgent, insist=insist)

    def _begin(self, line: int, answer: AsyncIterator[str | ToolRequest]) -> None:
        task = asyncio.ensure_future(self._pass_on(line, answer))
        self._replies[line] = task
        task.add_done_callback(lambda _: self._replies.pop(line))

    async def _pass_on(self, line: int, answer: AsyncIterator[str | ToolRequest]) -> None:
        with reporting(self._send, line):
            try:
                async for said in answer:
                    self._send(Packet(PIECE, line, said_facts(said)))
                self._send(Packet(DONE, line))
            finally:
                close = getattr(answer, "aclose", None)
                if close is not None:
                    await close()
