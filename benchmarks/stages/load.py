"""Calls at a time, as people hold them: each speaks, waits for the answer, listens and speaks again."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random
from typing import TypeVar, cast

import numpy as np

from benchmarks.stages.budgets import Stage
from benchmarks.stages.engines import Engines
from voicecore.errors import EngineError
from voicecore.ports import AsrStream
from voicecore.types import RATE, Expectation, Message, Pcm, ToolRequest

T = TypeVar("T")

PARTIAL_S = 0.7
"""How often a recogniser makes a partial."""
UNSTABLE = 3
"""Words at the end of a partial that may yet change: the language model does not read them in advance."""
LISTEN_S = 4.0
"""Time for which a caller listens to an answer; a caller who is alone disturbs nobody and skips it."""
UNFINISHED = "unfinished"
"""Code of a turn that was not over when the load was."""
SILENCE_S = 0.1
"""Silence behind the words when the turn model is asked."""
INSTRUCTION = " ".join(
    [
        "You answer the telephone for an energy company. Speak in short, plain sentences, one at a time.",
        "Say nothing that the company's records do not say. Never guess an amount, a date or a name.",
        "When a caller is angry, stay calm, say that you understand, and go on with what can be done.",
        "Invoices fall due fourteen days after they are sent. Payments take two working days to arrive.",
        "A reading of the meter may be given by telephone, on the web, or by post until the month ends.",
        "A contract may be ended with four weeks' notice. Moving house ends it with two weeks' notice.",
        "A payment plan has three, six or nine instalments; the first of them is due with the next invoice.",
        "An engineer comes on weekdays between eight and four. Somebody of age has to be at home.",
        "Nobody is asked for a password, and nobody is told about an account that is not their own.",
    ]
)
"""What all calls have in common: some 250 tokens of a trained vocabulary, 370 of a synthetic one."""
GREETING = "Good afternoon, you are talking to the assistant of the energy company. What can I do for you?"
BEGINNING = (Message("system", INSTRUCTION), Message("agent", GREETING))
ANSWER = "Thank you, I have found your invoice, number forty-two. It is due on Friday, the twelfth of June."
"""What is spoken, whatever the language model said: synthetic weights say nothing that can be read out."""


@dataclass(slots=True)
class Samples:
    """Of one load: milliseconds by stage and of whole answers, turns that failed by their error's code."""

    calls: int
    ms: dict[Stage, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Line:
    """What a caller may say, and the sound of it."""

    text: str
    pcm: Pcm


class Load:
    """``calls`` callers on the same engines, in real time, until they have had ``turns`` turns together."""

    def __init__(self, engines: Engines, lines: list[Line], calls: int, turns: int, seconds: float) -> None:
        """Two turns a call at least; after ``seconds`` none begins, after twice as long none goes on."""
        self._engines = engines
        self._lines = lines
        self._calls = calls
        self._turns = max(turns, 2 * calls)
        self._seconds = seconds
        self._begun = 0
        self._samples = Samples(calls)
        self._pool = ThreadPoolExecutor(calls + 1, thread_name_prefix="stage")

    async def run(self) -> Samples:
        """Raises what an engine raises that is no EngineError."""
        begun = time.perf_counter()
        listening = asyncio.create_task(self._listen())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * self._seconds), asyncio.TaskGroup() as group:
                    for call in range(self._calls):
                        group.create_task(self._call(call, begun))
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            self._pool.shutdown(cancel_futures=True)
        if left := self._begun - len(self._samples.answers_ms) - self._samples.failed.total():
            self._samples.failed[UNFINISHED] = left
        return self._samples

    async def _listen(self) -> None:
        """The voice detector, over all calls, a frame at a time."""
        vad = self._engines.vad
        streams = [vad.open() for _ in range(self._calls)]
        rows = np.random.default_rng(0).normal(0, 0.05, (self._calls, vad.frame)).astype(np.float32)
        begun = time.perf_counter()
        for frame in count(1):
            await _until(begun + frame * vad.frame / vad.rate)
            await self._timed(Stage.VAD, partial(vad.step, streams, rows))

    async def _call(self, number: int, begun: float) -> None:
        random = Random(1000 * self._calls + number)
        name = f"call {number} of {self._calls}"
        alone = self._calls == 1
        self._engines.llm.prepare(name, BEGINNING)
        await asyncio.sleep(0 if alone else random.uniform(0, 2 * LISTEN_S))
        try:
            while self._begun < self._turns and time.perf_counter() - begun < self._seconds:
                self._begun += 1
                try:
                    await self._turn(name, self._lines[random.randrange(len(self._lines))], random)
                except EngineError as exc:
                    self._samples.failed[exc.code] += 1
                await asyncio.sleep(0 if alone else LISTEN_S)
        finally:
            self._engines.llm.forget(name)

    async def _turn(self, call: str, line: Line, random: Random) -> None:
        stream = self._engines.asr.open(Expectation())
        talk = f"My customer number is {random.randrange(10**6)}. {line.text}"
        await self._speak(call, stream, line.pcm, talk)
        begun = time.perf_counter()
        heard = np.concatenate([line.pcm, np.zeros(round(SILENCE_S * RATE), np.int16)])
        await self._timed(Stage.TURN_MODEL, partial(self._engines.turn.probability, heard))
        await self._timed(Stage.ASR_FINAL, stream.finish)
        await self._reply(call, talk)
        spoken = await self._in_thread(partial(self._say, time.perf_counter()))
        self._samples.answers_ms.append((spoken - begun) * 1000)

    async def _speak(self, call: str, stream: AsrStream, pcm: Pcm, talk: str) -> None:
        """Sound as it comes, a partial at a time; what is late is heard in one go, as it would be."""
        begun, step, words = time.perf_counter(), round(PARTIAL_S * RATE), talk.split()
        heard = 0
        while heard < len(pcm):
            await _until(begun + min(heard + step, len(pcm)) / RATE)
            late = int((time.perf_counter() - begun) * RATE)
            upto = min(len(pcm), max(heard + step, late // step * step))
            work = partial(stream.accept, pcm[heard:upto])
            if upto - heard >= step:
                await self._timed(Stage.ASR_PARTIAL, work)
            else:
                await self._in_thread(work)
            heard = upto
            stable = max(1, len(words) * heard // len(pcm) - UNSTABLE)
            self._engines.llm.prepare(call, conversation(" ".join(words[:stable])))

    async def _reply(self, call: str, talk: str) -> None:
        begun = time.perf_counter()
        await first_sentence(self._engines, call, talk)
        self._note(Stage.LLM, begun)

    def _say(self, begun: float) -> float:
        """Speak a sentence to its end; when its first sound came."""
        first = 0.0
        for _ in self._engines.tts.synthesize(ANSWER):
            first = first or time.perf_counter()
        if not first:
            raise EngineError("tts-silent", "no sound for a sentence")
        self._samples.ms[Stage.TTS].append((first - begun) * 1000)
        return first

    async def _timed(self, stage: Stage, work: Callable[[], T]) -> T:
        begun = time.perf_counter()
        result = await self._in_thread(work)
        self._note(stage, begun)
        return result

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _note(self, stage: Stage, begun: float) -> None:
        self._samples.ms[stage].append((time.perf_counter() - begun) * 1000)


async def first_sentence(engines: Engines, call: str, talk: str) -> str | ToolRequest:
    """The language model's first sentence in answer to ``talk``; what follows is cancelled.

    Raises EngineError("llm-silent").
    """
    reply = cast("AsyncGenerator[str | ToolRequest, None]", engines.llm.reply(call, conversation(talk)))
    async with aclosing(reply) as sentences:
        async for sentence in sentences:
            return sentence
    raise EngineError("llm-silent", "no reply to a caller")


def conversation(talk: str) -> tuple[Message, ...]:
    """A call up to the caller's words."""
    return (*BEGINNING, Message("caller", talk))


async def _until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - time.perf_counter()))
