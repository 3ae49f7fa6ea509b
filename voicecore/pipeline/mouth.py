"""Speaks: pulls speech from TTS ahead of time, queues it for playout, and knows the word at the ear."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from voicecore.pipeline.work import Lane
from voicecore.ports import Call, Tts
from voicecore.types import RATE, Pcm, SpeechChunk, WordMark

_HUSH_RAMP_MS = 10
_SILENCE = 0.01
"""What is 40 dB below the loudest sample of an utterance is silence between words."""


@dataclass(slots=True)
class Speech:
    """One utterance on its way from text to ear. Positions are playout samples of the call."""

    id: str
    text: str
    offset: int = 0
    """Where in ``text`` its sound begins: behind 0 when it goes on with what was cut off."""
    known: int = 0
    """Characters of ``text`` that were heard before."""
    resumed: bool = False
    """Was cut off and is said again."""
    filler: bool = False
    """Says that we are still at work; no part of the dialogue."""
    waiting: deque[Pcm] = field(default_factory=deque)
    """Synthesised, not yet in the playout ring."""
    sound: list[Pcm] = field(default_factory=list)
    """All that was synthesised."""
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
        """The text whose words were over when ``played`` samples had been consumed, and what was known.

        A word that was cut, by a flush or its fade, is not heard; one that was over is, even if the pause
        behind it was cut.
        """
        if self.start is None:
            return self.text[: self.known]
        done = played - self.start
        if self.synthesised and done >= self.samples:
            return self.text
        ends = self._ends()
        over = sum(1 for end in ends if end <= done)
        if over == len(self.marks) > 0 and self.synthesised:
            return self.text
        reached = self.marks[over - 1].chars[1] if over else 0
        return self.text[: max(self.known, reached)]

    def _ends(self) -> list[int]:
        """The sample at which each word is over, as far as that is known; never decreasing.

        A word lasts to its last audible sample before the next one. One that has none of its own
        is said in the sound of the one before it.
        """
        if not self.sound:
            return []
        pcm = np.abs(np.concatenate(self.sound).astype(np.int32))
        audible = np.flatnonzero(pcm > _SILENCE * pcm.max())
        starts = [mark.sample for mark in self.marks] + [self.samples] * self.synthesised
        ends: list[int] = []
        for start, following in pairwise(starts):
            index = int(np.searchsorted(audible, following)) - 1
            own = index >= 0 and audible[index] >= start
            ends.append(int(audible[index]) + 1 if own else ends[-1] if ends else following)
        return ends


@dataclass(frozen=True, slots=True)
class Delivery:
    """An utterance whose playout is over: how much of it was heard."""

    id: str
    text: str
    heard: str
    """All that was ever heard of it, from its beginning."""
    complete: bool
    known: int = 0
    """Characters of ``heard`` that an earlier delivery has told of."""
    filler: bool = False


class Mouth:
    """The speaking half of one call."""

    def __init__(
        self,
        call: Call,
        tts: Tts,
        lane: Lane,
        on_sound: Callable[[], None],
        on_queued: Callable[[Speech], None],
        on_failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """``on_failed`` gets what ended a synthesis."""
        self._call = call
        self._tts = tts
        self._lane = lane
        self._on_sound = on_sound
        self._on_queued = on_queued
        self._on_failed = on_failed
        self._line: deque[Speech] = deque()
        self._hushed_at: int | None = None
        """Playout position since which nothing of it is audible."""
        self._flowing = False
        """Whether a sample was queued since the line was last empty: from then on, a gap is an underrun."""

    @property
    def busy(self) -> bool:
        """Whether anything is queued or being played."""
        return bool(self._line)

    def prepare(self, speech_id: str, text: str, filler: bool = False) -> Speech:
        """Start synthesis without promising to say it."""
        return self._prepared(Speech(speech_id, text, filler=filler))

    def prepare_again(self, cut: Delivery, offset: int) -> Speech:
        """The same for what was cut off, to go on from ``text[offset:]``; its id stays the same."""
        return self._prepared(Speech(cut.id, cut.text, offset, len(cut.heard), resumed=True))

    def _prepared(self, speech: Speech) -> Speech:
        speech.task = asyncio.ensure_future(self._synthesise(speech))
        if self._on_failed is not None:
            speech.task.add_done_callback(self._ended)
        return speech

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (exc := task.exception()) is not None:
            assert self._on_failed is not None
            self._on_failed(exc)

    def say(self, speech: Speech) -> None:
        """Queue prepared speech behind what is being said."""
        self._line.append(speech)
        self.pump()

    def interject(self, speech: Speech) -> None:
        """Queue a prepared filler ahead of every reply that makes no sound yet."""
        silent = (nth for nth, other in enumerate(self._line) if other.start is None and not other.filler)
        self._line.insert(next(silent, len(self._line)), speech)
        self.pump()

    def drop(self, speech: Speech) -> None:
        """Cancel speech that was prepared and will not be said."""
        if speech.task is not None:
            speech.task.cancel()

    def duck(self, gain: float) -> None:
        """Speak on, by ``gain`` as loud; 1.0 is as ever."""
        self._hushed_at = None
        self._call.gain(gain)

    def hush(self, played: int) -> None:
        """Speak on without a sound for a moment; what is said in it is not heard."""
        self._hushed_at = played
        self._call.gain(0.0, _HUSH_RAMP_MS)

    def stop(self, played: int) -> list[Delivery]:
        """Fall silent now; what was heard of each utterance in line."""
        if self._hushed_at is not None:
            played = min(played, self._hushed_at)
        self._call.flush()
        self._call.streaming(False)
        self._flowing = False
        deliveries = []
        while self._line:
            speech = self._line.popleft()
            self.drop(speech)
            deliveries.append(_delivery(speech, speech.heard(played)))
        return deliveries

    def begun(self, played: int) -> list[Speech]:
        """The utterances whose first sample was played since the last call."""
        fresh = [s for s in self._line if not s.begun and s.start is not None and played > s.start]
        for speech in fresh:
            speech.begun = True
        return fresh

    def progress_ms(self, played: int) -> tuple[float, float]:
        """How long the present utterance has been playing, and what is left of all in line.

        Infinite while synthesis goes on.
        """
        if not self._line:
            return 0.0, 0.0
        start = self._line[0].start
        into = max(0, played - start) if start is not None else 0
        left = sum(speech.samples for speech in self._line) - into
        whole = all(speech.synthesised for speech in self._line)
        return into * 1000 / RATE, left * 1000 / RATE if whole else math.inf

    def tick(self, played: int) -> list[Delivery]:
        """Advance by one media tick: refill the ring, and report what is over."""
        self.pump()
        deliveries = []
        while self._line:
            speech = self._line[0]
            if not speech.synthesised or speech.start is None or played < speech.start + speech.samples:
                break
            self._line.popleft()
            deliveries.append(_delivery(speech, speech.text))
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
                self._flowing = not speech.filler
                self._on_queued(speech)
            if taken < len(pcm):
                speech.waiting[0] = pcm[taken:]
                return False
            speech.waiting.popleft()
        if speech.synthesised and speech.start is None:
            speech.start = self._call.written
        return speech.synthesised

    async def _synthesise(self, speech: Speech) -> None:
        chunks = _Chunks(self._tts.synthesize(speech.text[speech.offset :]))
        try:
            while (chunk := await self._lane.submit(chunks.next)) is not None:
                speech.marks.extend(_moved(mark, speech.offset) for mark in chunk.marks)
                if len(chunk.pcm):
                    if speech.samples == 0:
                        self._on_sound()
                    speech.waiting.append(np.ascontiguousarray(chunk.pcm))
                    speech.sound.append(chunk.pcm)
                    speech.samples += len(chunk.pcm)
                self.pump()
        finally:
            self._lane.submit(chunks.close)
            speech.synthesised = True
            self.pump()


class _Chunks:
    """A synthesis, pulled and cancelled from the lane's threads: a pull that is on is finished first."""

    def __init__(self, chunks: Iterator[SpeechChunk]) -> None:
        self._chunks = chunks
        self._lock = threading.Lock()

    def next(self) -> SpeechChunk | None:
        with self._lock:
            return next(self._chunks, None)

    def close(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            with self._lock:
                close()


def _moved(mark: WordMark, offset: int) -> WordMark:
    return WordMark((mark.chars[0] + offset, mark.chars[1] + offset), mark.sample)


def _delivery(speech: Speech, heard: str) -> Delivery:
    return Delivery(speech.id, speech.text, heard, heard == speech.text, speech.known, speech.filler)
