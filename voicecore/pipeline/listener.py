"""Recognises one caller turn at a time; keeps its sound, so that a withdrawn end costs nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np

from voicecore.pipeline.work import Lane
from voicecore.ports import Asr, AsrStream
from voicecore.types import RATE, TICK, Expectation, Pcm, Transcript

_PRE_ROLL_TICKS = 20
"""A turn is recognised from here back at least,"""
_LEAD_TICKS = 15
"""... or from so long before its onset when the floor was late to notice,"""
_KEPT_TICKS = 50
"""... and from here back at most."""
_FEED_TICKS = 5
"""Ticks per recogniser call: 100 ms keeps the per-call overhead small."""


class _Utterance:
    """A recogniser stream opened on first use; only ever touched from its lane."""

    def __init__(self, asr: Asr, expectation: Expectation) -> None:
        self._asr = asr
        self._expectation = expectation
        self._stream: AsrStream | None = None
        self.abandoned = False
        """Nobody wants its reading any more: what still waits in the lane is skipped."""

    def accept(self, pcm: Pcm) -> Transcript | None:
        return None if self.abandoned else self._opened().accept(pcm)

    def finish(self) -> Transcript:
        return Transcript(final=True) if self.abandoned else self._opened().finish()

    def release(self) -> None:
        self._stream = None

    def _opened(self) -> AsrStream:
        if self._stream is None:
            self._stream = self._asr.open(self._expectation)
        return self._stream


class Listener:
    """The recogniser's end of one call. Word times are seconds from the turn's first sample."""

    def __init__(self, asr: Asr, lane: Lane, on_partial: Callable[[Transcript], None]) -> None:
        self._asr = asr
        self._lane = lane
        self._on_partial = on_partial
        self._recent: deque[Pcm] = deque(maxlen=_KEPT_TICKS)
        self._turn: list[Pcm] | None = None
        self._fed = 0
        self._utterance: _Utterance | None = None
        """Being fed."""
        self._finishing: _Utterance | None = None
        """Being read to its end."""
        self._expectation = Expectation()
        self.started_at = 0.0
        """Audio time of the turn's first sample, pre-roll included."""

    @property
    def pcm(self) -> Pcm:
        """The sound of the turn so far."""
        return np.concatenate(self._turn) if self._turn else np.zeros(0, np.int16)

    def open(self, expectation: Expectation, now: float, onset: float) -> None:
        """Begin a turn with its pre-roll; ``onset`` of its sound, ``now`` after the latest tick (s)."""
        self.drop()
        self._expectation = expectation
        pre_roll = max(_PRE_ROLL_TICKS, _LEAD_TICKS + round((now - onset) * RATE / TICK))
        self._turn = list(self._recent)[-pre_roll:]
        self.started_at = now - len(self._turn) * TICK / RATE
        self._start_stream()

    def reopen(self) -> None:
        """The caller goes on: recognise the whole turn anew, from its first sample."""
        self._abandon()
        self._start_stream()

    def tick(self, pcm: Pcm) -> None:
        """One tick of the caller's sound, in a turn or not."""
        self._recent.append(pcm)
        if self._turn is None:
            return
        self._turn.append(pcm)
        if self._utterance is not None and len(self._turn) - self._fed >= _FEED_TICKS:
            self._feed(self._utterance)

    async def finish(self) -> Transcript:
        """The reading of the turn up to now. ``reopen`` may follow, or ``drop``."""
        if self._utterance is None:
            return Transcript(final=True)
        utterance, self._utterance, self._finishing = self._utterance, None, self._utterance
        self._feed(utterance)
        return await self._lane.submit(utterance.finish)

    def drop(self) -> None:
        """Forget the turn."""
        self._abandon()
        self._turn = None

    def _abandon(self) -> None:
        for utterance in (self._utterance, self._finishing):
            if utterance is not None:
                utterance.abandoned = True
                self._lane.submit(utterance.release)
        self._utterance = self._finishing = None

    def _start_stream(self) -> None:
        self._utterance = _Utterance(self._asr, self._expectation)
        self._fed = 0
        self._feed(self._utterance)

    def _feed(self, utterance: _Utterance) -> None:
        piece = (self._turn or [])[self._fed :]
        self._fed += len(piece)
        if not piece:
            return
        pcm = np.concatenate(piece)
        self._lane.submit(lambda: utterance.accept(pcm)).add_done_callback(self._report)

    def _report(self, done: asyncio.Future[Transcript | None]) -> None:
        if not done.cancelled() and done.exception() is None and (partial := done.result()) is not None:
            self._on_partial(partial)
