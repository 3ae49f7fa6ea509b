"""Decides what each step of the model is spent on: who decodes, whose prompt is read, and how far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from models.sharing.precedence import Need
from voicecore.errors import ConfigError


class Priority(IntEnum):
    """Who waits; the lower goes first."""

    FIRST = 0
    """A caller who has finished speaking and has heard nothing yet."""
    NEXT = 1
    """A caller who listens to the sentences before."""
    AHEAD = 2
    """A caller who still speaks: their words are read in advance."""
    BACKGROUND = 3
    """Nobody: summaries and the like."""


_NEEDS = {
    Priority.FIRST: Need.URGENT,
    Priority.NEXT: Need.FLOWING,
    Priority.AHEAD: Need.FLOWING,
    Priority.BACKGROUND: Need.IDLE,
}


@dataclass(frozen=True, slots=True)
class Caps:
    """How many prompt tokens a step may read: it is as long for all who decode in it."""

    alone: int = 128
    """... when nobody decodes. Bounds how long an urgent arrival waits for the step before it."""
    urgent: int = 64
    """... beside others' decoding, for a caller who waits for a first sentence."""
    beside: int = 16
    """... beside others' decoding, otherwise."""
    background_every: int = 8
    """While somebody waits for a first sentence, background work is done in every so-manieth step."""

    def __post_init__(self) -> None:
        if min(self.alone, self.urgent, self.beside, self.background_every) < 1:
            raise ConfigError("bad-caps", f"must be at least 1: {self}")


@dataclass(slots=True, eq=False)
class Job:
    """A prompt to be read (``unread`` tokens), then a reply of up to ``most`` tokens to be decoded."""

    priority: Priority
    unread: int
    most: int
    """0: the prompt is only read."""
    decoded: int = 0
    arrival: int = field(default=0, init=False)

    @property
    def decoding(self) -> bool:
        return not self.unread and self.decoded < self.most


@dataclass(frozen=True, slots=True)
class Share:
    """A job's part of a step."""

    job: Job
    tokens: int
    """Prompt tokens to read; 0 decodes one token."""


class Scheduler:
    """Continuous batching (Orca, Yu et al. 2022) with chunked prefill (Sarathi-Serve, Agrawal et al. 2024).

    Every step decodes one token of each reply under way; what room is left reads prompts, by priority
    and then arrival, up to a cap that keeps the step short for those who decode.
    """

    def __init__(self, caps: Caps, batch: int, rows: int) -> None:
        """``batch``: most tokens of a step; ``rows``: most jobs that get a token out of one step."""
        self._caps = caps
        self._batch = batch
        self._rows = rows
        self._jobs: list[Job] = []
        self._arrivals = 0
        self._steps = 0

    @property
    def jobs(self) -> Iterable[Job]:
        return tuple(self._jobs)

    @property
    def need(self) -> Need:
        """Who waits for the next step: the most urgent of its jobs."""
        first = min((job.priority for job in self._jobs), default=Priority.BACKGROUND)
        return _NEEDS[first]

    def add(self, job: Job) -> None:
        self._arrivals += 1
        job.arrival = self._arrivals
        self._jobs.append(job)

    def remove(self, job: Job) -> None:
        """It has no part in any later step."""
        if job in self._jobs:
            self._jobs.remove(job)

    def plan(self) -> list[Share]:
        """The next step; empty when there is nothing to do."""
        self._steps += 1
        jobs = sorted(self._eligible(), key=lambda job: (job.priority, job.arrival))
        shares = [Share(job, 0) for job in jobs if job.decoding][: min(self._batch, self._rows)]
        beside = bool(shares)
        rows, room, read = len(shares), self._batch - len(shares), 0
        for job in jobs:
            if not job.unread:
                continue
            cap = self._caps.alone
            if beside:
                cap = self._caps.urgent if job.priority is Priority.FIRST else self._caps.beside
            tokens = min(job.unread, cap - read, room - read)
            finishes = tokens == job.unread and job.most > 0
            if tokens <= 0 or (finishes and rows >= self._rows):
                continue
            rows += finishes
            read += tokens
            shares.append(Share(job, tokens))
        return shares

    @staticmethod
    def advance(share: Share) -> bool:
        """The step was done: move the job on; whether it got a token to say."""
        job = share.job
        job.unread -= share.tokens
        speaks = not job.unread and job.most > 0
        job.decoded += speaks
        return speaks

    def _eligible(self) -> list[Job]:
        waiting = any(job.priority is Priority.FIRST for job in self._jobs)
        if waiting and self._steps % self._caps.background_every:
            return [job for job in self._jobs if job.priority is not Priority.BACKGROUND]
        return list(self._jobs)
