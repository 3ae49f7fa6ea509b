"""Collects what calls want computed, and has it computed together."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from models.sharing.board import Seat, alone
from models.sharing.precedence import Need
from voicecore.errors import EngineError

_log = logging.getLogger(__name__)
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(slots=True, eq=False)
class Job(Generic[In, Out]):
    """One thing to compute."""

    payload: In
    key: Hashable
    """What jobs must share to be computed together."""
    urgent: bool
    """Somebody waits for it in silence."""
    since: float
    """Seconds, on the clock that ``take`` is given."""
    future: Future[Out] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Manner:
    """How jobs are put together."""

    linger_s: float = 0.003
    """How long a job waits for company."""
    most: int = 16
    """Jobs computed together."""
    ride: bool = False
    """Whether others may join an urgent batch: company is nearly free on a GPU, not on a CPU."""


class Queue(Generic[In, Out]):
    """Which jobs come next. Pure: it is told the time, and starts no thread."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._jobs: list[Job[In, Out]] = []

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def urged(self) -> bool:
        """Whether an urgent job waits."""
        return any(job.urgent for job in self._jobs)

    def put(self, job: Job[In, Out]) -> None:
        """Jobs are put in the order of their ``since``."""
        self._jobs.append(job)

    def withdraw(self, job: Job[In, Out]) -> bool:
        """Forget a job; False when it is too late."""
        if job in self._jobs:
            self._jobs.remove(job)
            return True
        return False

    def take(self, now: float, urgent_only: bool = False) -> list[Job[In, Out]] | float | None:
        """The next batch; or for how many seconds to wait for more company; None when there is nothing.

        Urgent jobs first, then the oldest, with all of the same key up to ``most``. A job that has waited
        for ``linger_s``, or has company enough, goes.
        """
        first = min((job for job in self._jobs if job.urgent or not urgent_only), key=_rank, default=None)
        if first is None:
            return None
        ride = self._manner.ride or not first.urgent
        company = [job for job in self._jobs if job.key == first.key and (job.urgent or ride)]
        batch = sorted(company, key=_rank)[: self._manner.most]
        rest = first.since + self._manner.linger_s - now
        if rest > 0 and len(batch) < self._manner.most:
            return rest
        self._jobs = [job for job in self._jobs if job not in batch]
        return batch

    def clear(self) -> list[Job[In, Out]]:
        """Forget all jobs, and give them back."""
        jobs, self._jobs = self._jobs, []
        return jobs


def _rank(job: Job[In, Out]) -> tuple[bool, float]:
    return not job.urgent, job.since


class Batcher(Generic[In, Out]):
    """Threads that compute batches. With more than one, the first is kept for what is urgent.

    A batch that runs cannot be stopped, so the urgent thread is what an end of turn need not wait for.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[In]], Sequence[Out]],
        manner: Manner,
        threads: int = 2,
        clock: Callable[[], float] = time.monotonic,
        seat: Seat | None = None,
    ) -> None:
        """``seat``: at the board of the device, where others compute on it."""
        self._compute = compute
        self._queue: Queue[In, Out] = Queue(manner)
        self._clock = clock
        self._seat = seat or alone()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(threads > 1 and n == 0,), name=f"asr-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, payload: In, key: Hashable, urgent: bool) -> Job[In, Out]:
        """Have ``payload`` computed. Raises EngineError("asr-closed")."""
        with self._changed:
            if self._closed:
                raise EngineError("asr-closed", "the recogniser has been closed")
            job: Job[In, Out] = Job(payload, key, urgent, self._clock())
            if urgent:
                self._seat.begin()
                job.future.add_done_callback(lambda _: self._seat.end())
            self._queue.put(job)
            self._changed.notify_all()
        return job

    def withdraw(self, job: Job[In, Out]) -> None:
        """Nobody wants it any more; if it runs already, it runs on."""
        with self._changed:
            if self._queue.withdraw(job):
                job.future.cancel()

    def close(self) -> None:
        """Finish what runs, refuse what waits with EngineError("asr-closed")."""
        with self._changed:
            self._closed = True
            waiting = self._queue.clear()
            self._changed.notify_all()
        for job in waiting:
            job.future.set_exception(EngineError("asr-closed", "the recogniser has been closed"))
        for thread in self._threads:
            thread.join()

    def _work(self, urgent_only: bool) -> None:
        while batch := self._next(urgent_only):
            if not batch[0].urgent:
                self._seat.give_way(Need.FLOWING, until=self._urged)
            try:
                results = self._compute([job.payload for job in batch])
            except Exception as exc:  # whatever it is, it is for those who wait, not for this thread
                _log.exception("asr: a batch of %d failed", len(batch))
                for job in batch:
                    job.future.set_exception(exc)
            else:
                for job, result in zip(batch, results, strict=True):
                    job.future.set_result(result)

    def _urged(self) -> bool:
        """Whether urgent work waits for a thread of ours."""
        with self._changed:
            return self._queue.urged

    def _next(self, urgent_only: bool) -> list[Job[In, Out]]:
        """Wait for a batch; empty at the end."""
        with self._changed:
            while not self._closed:
                found = self._queue.take(self._clock(), urgent_only)
                if isinstance(found, list):
                    return found
                self._changed.wait(found)
            return []
