"""A call without SIP and engines without models, for the pipeline's own tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from voicecore.errors import ToolError
from voicecore.pipeline.work import InlineLane
from voicecore.types import (
    RATE,
    TICK,
    CallInfo,
    Expectation,
    Floats,
    MediaFrame,
    Message,
    Pcm,
    SlotKind,
    SpeechChunk,
    ToolOffer,
    ToolRequest,
    ToolTrace,
    Transcript,
    TurnTrace,
    Word,
    WordMark,
)

T = TypeVar("T")
WORD = RATE // 5
"""Samples per word of ``SlowSpeaker``."""


class LoopCall:
    """Plays what is written at one tick per ``tick``; records which verbs were used."""

    def __init__(self, room: int = 10 * RATE) -> None:
        self.info = CallInfo("call-1", "in", "sip:caller@test", "sip:agent@test")
        self.verbs: list[str] = []
        self.written = 0
        self.played = 0
        self.expects_more = False
        self._room = room
        self._line = np.zeros(0, np.int16)

    def write(self, pcm: Pcm) -> int:
        taken = min(len(pcm), self._room - len(self._line))
        self._line = np.concatenate([self._line, pcm[:taken]])
        self.written += taken
        return taken

    def streaming(self, on: bool) -> None:
        self.expects_more = on

    def flush(self) -> None:
        self.verbs.append("flush")
        self.played += len(self._line)
        self._line = self._line[:0]

    def gain(self, factor: float, ramp_ms: int = 40) -> None:
        self.verbs.append(f"gain {factor}")

    def tick(self, caller: Pcm | None = None) -> MediaFrame:
        out, self._line = self._line[:TICK], self._line[TICK:]
        self.played += len(out)
        silence = np.zeros(TICK, np.int16)
        agent = np.concatenate([out, silence])[:TICK]
        return MediaFrame(caller if caller is not None else silence, agent, self.played, 0)


class SlowSpeaker:
    """A Tts that takes 200 ms per word, one chunk per word, loud enough to be seen."""

    def __init__(self) -> None:
        self.closed = 0

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        at = 0
        try:
            for index, word in enumerate(text.split()):
                start = text.index(word, at)
                at = start + len(word)
                mark = WordMark((start, at), index * WORD)
                yield SpeechChunk(np.full(WORD, 5000, np.int16), (mark,))
        finally:
            self.closed += 1


class Parrot:
    """An Asr that reads "<n> samples"; remembers how it was used."""

    def __init__(self) -> None:
        self.opened: list[Expectation] = []
        self.finished: list[int] = []

    def open(self, expectation: Expectation) -> ParrotStream:
        self.opened.append(expectation)
        return ParrotStream(self)

    def close(self) -> None:
        """Nothing to close."""


class ParrotStream:
    def __init__(self, parrot: Parrot) -> None:
        self._parrot = parrot
        self._samples = 0

    def accept(self, pcm: Pcm) -> Transcript:
        self._samples += len(pcm)
        return Transcript(f"{self._samples} samples")

    def finish(self) -> Transcript:
        self._parrot.finished.append(self._samples)
        return Transcript(f"{self._samples} samples", final=True)


class EnergyVad:
    """Speech is what is loud."""

    rate = 8000
    frame = 256

    def open(self) -> EnergyStream:
        return EnergyStream()

    def step(self, streams: Sequence[EnergyStream], frames: Floats) -> Floats:
        assert len(streams) == len(frames)
        loud = np.sqrt((frames**2).mean(axis=1)) > 0.01
        return loud.astype(np.float32)


class EnergyStream:
    def reset(self) -> None:
        """Nothing is remembered."""


class Reader:
    """An Asr that reads ``text``, whatever it hears."""

    def __init__(self) -> None:
        self.text = ""
        self.kinds: list[SlotKind] = []

    def open(self, expectation: Expectation) -> ReaderStream:
        self.kinds.append(expectation.kind)
        return ReaderStream(self)

    def close(self) -> None:
        """Nothing to close."""


class ReaderStream:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def accept(self, pcm: Pcm) -> None:
        """Partials are of no interest here."""

    def finish(self) -> Transcript:
        return Transcript(self._reader.text, final=True)


class Follower(Reader):
    """An Asr whose partials are ``text`` as far as it was said, all of it stable; a word every 200 ms."""

    def open(self, expectation: Expectation) -> FollowerStream:  # type: ignore[override]
        self.kinds.append(expectation.kind)
        return FollowerStream(self)


class FollowerStream:
    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._samples = self._told = 0

    def accept(self, pcm: Pcm) -> Transcript | None:
        self._samples += len(pcm)
        said = self._follower.text.split()[: self._samples // WORD]
        if len(said) == self._told:
            return None
        self._told = len(said)
        return Transcript(" ".join(said), tuple(Word(word, 0, 0) for word in said), stable=len(said))

    def finish(self) -> Transcript:
        return Transcript(self._follower.text, final=True)


class UnsureTurnModel:
    def probability(self, pcm: Pcm) -> float:
        return 0.5


class UnsureSoundModel:
    """Takes everything rather for a listener's sound; only its length makes it an interruption."""

    def classify(self, frames: Floats) -> Floats:
        assert frames.ndim == 2
        assert 3 <= len(frames) <= 75
        return np.array([0.2, 0.4, 0.2, 0.2], np.float32)


class ZeroEmbedder:
    dimensions = 4

    def embed(self, texts: Sequence[str]) -> Floats:
        return np.zeros((len(texts), self.dimensions), np.float32)


class SilentLlm:
    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        return
        yield


class Conversant:
    """A ConversationLlm that says what it was made with, and notes what it is given to read."""

    def __init__(self, *said: str | ToolRequest) -> None:
        self.said = said
        self.prepared: list[Sequence[Message]] = []
        self.asked: list[Sequence[Message]] = []
        self.forgotten: list[str] = []
        self.closed = 0

    def prepare(self, call: str, messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> None:
        self.prepared.append(messages)

    async def reply(
        self,
        call: str,
        messages: Sequence[Message],
        tools: Sequence[ToolOffer] = (),
        urgent: bool = True,
        insist: bool = False,
    ) -> AsyncIterator[str | ToolRequest]:
        assert urgent
        self.asked.append(messages)
        try:
            for said in self.said:
                yield said
        finally:
            self.closed += 1

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        raise AssertionError("it is no single question")
        yield ""

    def forget(self, call: str) -> None:
        self.forgotten.append(call)


class Desk:
    """A back-end in memory: remembers the calls, answers with what it was given."""

    def __init__(self, answers: Mapping[str, dict[str, Any]]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any], str]] = []

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        self.calls.append((name, dict(arguments), key))
        if name not in self.answers:
            raise ToolError("tool-unreachable", "no such desk")
        return self.answers[name]

    async def close(self) -> None:
        """Nothing to close."""


class Shelf:
    """A store that keeps everything in lists."""

    def __init__(self) -> None:
        self.turns: list[TurnTrace] = []
        self.tools: list[ToolTrace] = []
        self.outcomes: list[dict[str, Any]] = []

    def begin_call(self, info: CallInfo, agent: str, engines: dict[str, str]) -> None:
        """The call is known from elsewhere."""

    def add_turn(self, call_id: str, turn: TurnTrace) -> None:
        self.turns.append(turn)

    def add_tool(self, call_id: str, tool: ToolTrace) -> None:
        self.tools.append(tool)

    def end_call(self, call_id: str, outcome: dict[str, Any], recording: str | None) -> None:
        self.outcomes.append(outcome)

    def export(self, call_id: str) -> dict[str, Any]:
        return {}


class GatedLane:
    """Runs calls at once, or keeps them until the gate opens."""

    def __init__(self) -> None:
        self._inline = InlineLane()
        self._waiting: list[Callable[[], None]] | None = None

    def submit(self, fn: Callable[[], T]) -> asyncio.Future[T]:
        if self._waiting is None:
            return self._inline.submit(fn)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(lambda: None if future.cancelled() else future.set_result(fn()))
        return future

    def close_gate(self) -> None:
        self._waiting = []

    def open_gate(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for run in waiting:
            run()

    def close(self) -> None:
        """Nothing to close."""
