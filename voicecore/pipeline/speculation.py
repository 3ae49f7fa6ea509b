"""Works ahead on the caller's turn between soft end and commit, and accounts for what that was worth."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any

from voicecore.dialogue import Event, Heard
from voicecore.pipeline.answers import doubted_fit, slot_fit
from voicecore.pipeline.chronicle import Chronicle
from voicecore.pipeline.engines import Engines
from voicecore.pipeline.listener import Listener
from voicecore.pipeline.reply import Reply
from voicecore.pipeline.work import Lane
from voicecore.turns.endpointing import SlotFit
from voicecore.turns.syntax import Ending, ending
from voicecore.types import Expectation, Transcript

_WORTH_READING_S = 0.4
"""Voiced time after which an empty reading is a failed one, not a cough."""


_WORTH_WEIGHING = 0.7
"""Confidence of a reading from which on its words count: below it, speech outside of the grammar was read
as something inside."""


def weighty(reading: Transcript) -> str:
    """The words of ``reading`` if they may decide who has the floor, else ""."""
    return reading.text if reading.confidence >= _WORTH_WEIGHING else ""


@dataclass(slots=True)
class Tally:
    """What working ahead was worth in one call."""

    hits: int = 0
    """Soft ends whose work became the reply."""
    misses: int = 0
    """Soft ends whose work was thrown away, because the caller went on or it was no turn."""
    wasted_ms: float = 0.0
    """Wall-clock work of engines on misses."""

    def undo_hit(self) -> None:
        """The caller went on after the commit, before a sound of ours: that was a miss after all."""
        self.hits -= 1
        self.misses += 1


@dataclass(frozen=True, slots=True)
class Pause:
    """A soft end: what has been heard, and what the dialogue waits for. Seconds on the audio clock."""

    expectation: Expectation
    onset: float
    last_voiced: float


@dataclass(frozen=True, slots=True)
class Shell:
    """What the session lends to the early work."""

    now: Callable[[], float]
    watch: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    """Run as a task whose failure ends the call."""
    draft: Callable[[Event], Awaitable[Reply]]
    """Begin a reply that has no effects and no sound until it is committed."""
    screen: Callable[[Heard], Awaitable[Event | None]]
    """What is to be answered in the place of what was heard, if a guardrail says so."""


class Speculation:
    """The early work of one call; at most one soft end is worked on at a time.

    Nothing of it is visible outside before ``take``: the draft is a reply without effects, and
    ``discard`` leaves no more than the count.
    """

    def __init__(
        self,
        listener: Listener,
        engines: Engines,
        lane: Lane,
        chronicle: Chronicle,
        shell: Shell,
    ) -> None:
        self.tally = Tally()
        self.transcript = Transcript()
        """The reading of the turn as of the latest soft end; word times on the call's clock."""
        self.turn_probability: float | None = None
        self.ending = Ending.UNKNOWN
        self.slot = SlotFit()
        self.read = False
        """Whether the recogniser has answered: until then ``ending`` and ``slot`` say nothing."""
        self._listener = listener
        self._engines = engines
        self._lane = lane
        self._chronicle = chronicle
        self._shell = shell
        self._draft: Reply | None = None
        self._work: asyncio.Task[None] | None = None
        self._judging: asyncio.Task[None] | None = None
        self._spent_ms = 0.0

    def start(self, pause: Pause) -> None:
        """Work on the turn as it is now; ``discard`` or ``take`` comes before the next start."""
        self._spent_ms = 0.0
        self._judging = self._shell.watch(self._judge_end())
        self._work = self._shell.watch(self._work_ahead(pause))

    async def settled(self) -> None:
        """Return when everything that can be known of the turn before its commit is known."""
        if self._work is not None:
            await self._work

    def take(self) -> Reply | None:
        """The turn is certain and settled: its draft, None when there is nothing to reply to."""
        draft, self._draft, self._work = self._draft, None, None
        if draft is not None:
            self.tally.hits += 1
        else:
            self._count_miss()
        return draft

    def discard(self) -> None:
        """Throw away what was worked out."""
        if self._work is not None:
            self._count_miss()
        for task in (self._work, self._judging):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        if self._draft is not None:
            self._draft.discard()
        self._draft = self._work = self._judging = None
        self.forget()

    def forget(self) -> None:
        """Forget what speaks for an end: it was about a turn that is over, or goes on."""
        self.turn_probability, self.read = None, False
        self.ending, self.slot = Ending.UNKNOWN, SlotFit()

    async def _judge_end(self) -> None:
        pcm, model = self._listener.pcm, self._engines.turn_model
        with self._timed("turn_model"):
            self.turn_probability = await self._lane.submit(lambda: model.probability(pcm))

    async def _work_ahead(self, pause: Pause) -> None:
        with self._timed("asr"):
            self.transcript = self._on_call_clock(await self._listener.finish())
        self._chronicle.mark("asr_final", self._shell.now())
        text = self.transcript.text
        if weighty(self.transcript):
            self.ending, self.slot = ending(text), slot_fit(pause.expectation, text)
        else:
            self.slot = doubted_fit(pause.expectation, text)
        self.read = True
        if not text and pause.last_voiced - pause.onset < _WORTH_READING_S:
            return
        vector = None
        if text:
            embedder = self._engines.embedder
            with self._timed("nlu"):
                vector = await self._lane.submit(lambda: embedder.embed([text])[0])
        await self._draft_screened(Heard(self.transcript, vector))

    async def _draft_screened(self, event: Heard) -> None:
        """The guardrails judge while the reply is worked out; it waits for them only in the end."""
        screening = asyncio.ensure_future(self._shell.screen(event))
        try:
            self._draft = await self._shell.draft(event)
            instead = await screening
        finally:
            screening.cancel()
        if instead is not None:
            self._draft.discard()
            self._draft = await self._shell.draft(instead)

    def _on_call_clock(self, transcript: Transcript) -> Transcript:
        at = self._listener.started_at
        words = tuple(replace(w, start=w.start + at, end=w.end + at) for w in transcript.words)
        return replace(transcript, words=words)

    def _count_miss(self) -> None:
        self.tally.misses += 1
        self.tally.wasted_ms += self._spent_ms

    @contextlib.contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            ms = (time.perf_counter() - begun) * 1000
            self._spent_ms += ms
            self._chronicle.cost(stage, ms)
