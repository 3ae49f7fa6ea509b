"""Speaks: pulls speech from TTS ahead of time, queues it for playout, and knows the word at the ear."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from voicecore.pipeline.work import Lane
from voicecore.ports import Call, Tts
from voicecore.types import Pcm, SpeechChunk, WordMark


@dataclass(slots=True)
class Speech:
    """One utterance on its way from text to ear. Positions are playout samples of the call."""

    id: str
    text: str
    waiting: deque[Pcm] = field(default_factory=deque)
    """Synthesised, not yet in the playout ring."""
    marks: list[WordMark] = field(default_factory=list)
    samples: int = 0
    """Synthesised so far."""
    synthesised: bool = False
    start: int | None = None
    """Playout position of the first sample, once it is queued."""
    begun: bool = False
    """Whether its first sample was played."""
    task: asyncio.Task[None] | None = None

    def heard(self, played: int) -> str:
        """The text whose words were over when ``played`` samples had been consumed."""
        if self.start is None:
            return ""
        done = played - self.start
        if self.synthesised and done >= self.samples:
            return self.text
        end = 0
        for mark, following in zip(self.marks, self.marks[1:], strict=False):
            if following.sample > done:
                break
            end = mark.chars[1]
        return self.text[:end]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An utterance whose playout is over: how much of it was heard."""

    id: str
    text: str
    heard: str
    complete: bool


class Mouth:
    """The speaking half of one call."""

    def __init__(
        self,
        call: Call,
        tts: Tts,
        lane: Lane,
        on_sound: Callable[[], None],
        on_queued: Callable[[Speech], None],
    ) -> None:
        self._call = call
        self._tts = tts
        self._lane = lane
        self._on_sound = on_sound
        self._on_queued = on_queued
        self._line: deque[Speech] = deque()
        self._flowing = False
        """Whether a sample was queued since the line was last empty: from then on, a gap is an underrun."""

    @property
    def busy(self) -> bool:
        """Whether anything is queued or being played."""
        return bool(self._line)

    def prepare(self, speech_id: str, text: str) -> Speech:
        """Start synthesis without promising to say it."""
        speech = Speech(speech_id, text)
        speech.task = asyncio.ensure_future(self._synthesise(speech))
        return speech

    def say(self, speech: Speech) -> None:
        """Queue prepared speech behind what is being said."""
        self._line.append(speech)
        self.pump()

    def drop(self, speech: Speech) -> None:
        """Cancel speech that was prepared and will not be said."""
        if speech.task is not None:
            speech.task.cancel()

    def stop(self, played: int) -> list[Delivery]:
        """Fall silent now; what was heard of each utterance in line."""
        self._call.flush()
        self._call.streaming(False)
        self._flowing = False
        deliveries = []
        while self._line:
            speech = self._line.popleft()
            self.drop(speech)
            heard = speech.heard(played)
            deliveries.append(Delivery(speech.id, speech.text, heard, heard == speech.text))
        return deliveries

    def begun(self, played: int) -> list[Speech]:
        """The utterances whose first sample was played since the last call."""
        fresh = [s for s in self._line if not s.begun and s.start is not None and played > s.start]
        for speech in fresh:
            speech.begun = True
        return fresh

    def tick(self, played: int) -> list[Delivery]:
        """Advance by one media tick: refill the ring, and report what is over."""
        self.pump()
        deliveries = []
        while self._line:
            speech = self._line[0]
            if not speech.synthesised or speech.start is None or played < speech.start + speech.samples:
                break
            self._line.popleft()
            deliveries.append(Delivery(speech.id, speech.text, speech.text, complete=True))
        self._flowing = self._flowing and bool(self._line)
        return deliveries

    def pump(self) -> None:
        """Move synthesised speech into the playout ring, as far as it has room."""
        for speech in self._line:
            if not self._queue(speech):
                break
        due = any(speech.waiting or not speech.synthesised for speech in self._line)
        self._call.streaming(self._flowing and due)

    def _queue(self, speech: Speech) -> bool:
        """Queue what there is of an utterance; whether the next one may follow."""
        while speech.waiting:
            pcm = speech.waiting[0]
            position = self._call.written
            taken = self._call.write(pcm)
            if taken and speech.start is None:
                speech.start = position
                self._flowing = True
                self._on_queued(speech)
            if taken < len(pcm):
                speech.waiting[0] = pcm[taken:]
                return False
            speech.waiting.popleft()
        if speech.synthesised and speech.start is None:
            speech.start = self._call.written
        return speech.synthesised

    async def _synthesise(self, speech: Speech) -> None:
        chunks = self._tts.synthesize(speech.text)
        try:
            while (chunk := await self._lane.submit(lambda: _next(chunks))) is not None:
                speech.marks.extend(chunk.marks)
                if len(chunk.pcm):
                    if speech.samples == 0:
                        self._on_sound()
                    speech.waiting.append(np.ascontiguousarray(chunk.pcm))
                    speech.samples += len(chunk.pcm)
                self.pump()
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                self._lane.submit(close)
            speech.synthesised = True
            self.pump()


def _next(chunks: Iterator[SpeechChunk]) -> SpeechChunk | None:
    return next(chunks, None)
