"""Which jobs are computed together, and what the threads do with them."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from models.asr_whisper.batcher import Batcher, Job, Manner, Queue
from models.sharing.board import Board
from models.sharing.precedence import WAIT_S, Need
from voicecore.errors import EngineError

MANNER = Manner(linger_s=0.003, most=3)


def queue(*jobs, manner=MANNER):
    """Jobs as (name, key, urgent, since)."""
    made = Queue(manner)
    for name, key, urgent, since in jobs:
        made.put(Job(name, key, urgent, since))
    return made


def names(batch):
    return [job.payload for job in batch]


class TestQueue:
    def test_nothing_to_do(self):
        assert queue().take(0.0) is None

    def test_a_job_waits_for_company_then_goes(self):
        jobs = queue(("a", 1, True, 1.0))
        assert jobs.take(1.001) == pytest.approx(0.002)
        assert names(jobs.take(1.003)) == ["a"]
        assert jobs.take(2.0) is None

    def test_a_full_batch_waits_for_nobody(self):
        jobs = queue(*((name, 1, True, 1.0) for name in "abcd"))
        assert names(jobs.take(1.0)) == ["a", "b", "c"]
        assert jobs.take(1.0) == pytest.approx(0.003)
        assert len(jobs) == 1

    def test_only_jobs_of_one_key_go_together(self):
        jobs = queue(("a", 1, True, 1.0), ("b", 2, True, 1.0), ("c", 1, True, 1.001))
        assert names(jobs.take(1.01)) == ["a", "c"]
        assert names(jobs.take(1.01)) == ["b"]

    def test_the_urgent_goes_first_and_alone(self):
        jobs = queue(("early", 1, False, 0.0), ("late", 1, True, 1.0))
        assert names(jobs.take(1.01)) == ["late"]
        assert names(jobs.take(1.01)) == ["early"]

    def test_others_may_ride_where_that_is_free(self):
        jobs = queue(("early", 1, False, 0.0), ("late", 1, True, 1.0), manner=Manner(ride=True))
        assert names(jobs.take(1.01)) == ["late", "early"]

    def test_a_thread_for_the_urgent_takes_nothing_else(self):
        jobs = queue(("early", 1, False, 0.0))
        assert jobs.take(1.0, urgent_only=True) is None
        assert names(jobs.take(1.0)) == ["early"]

    def test_the_oldest_key_goes_first(self):
        jobs = queue(("old", 2, False, 0.0), ("new", 1, False, 0.5))
        assert names(jobs.take(1.0)) == ["old"]

    def test_a_job_can_be_withdrawn_until_it_is_taken(self):
        jobs = Queue(MANNER)
        job = Job("a", 1, False, 0.0)
        jobs.put(job)
        assert jobs.withdraw(job)
        assert not jobs.withdraw(job)
        assert jobs.take(1.0) is None


class TestBatcher:
    @pytest.fixture
    def gate(self):
        """Compute waits for it."""
        gate = threading.Event()
        yield gate
        gate.set()

    @pytest.fixture
    def batches(self):
        return []

    @pytest.fixture
    def batcher(self, gate, batches):
        def compute(payloads):
            batches.append(list(payloads))
            gate.wait(5)
            return [payload * 2 for payload in payloads]

        made = Batcher(compute, Manner(linger_s=0.02, most=8), threads=1)
        yield made
        gate.set()
        made.close()

    def test_jobs_that_come_together_are_computed_together(self, batcher, gate, batches):
        gate.set()
        jobs = [batcher.submit(n, "key", urgent=True) for n in range(4)]
        assert [job.future.result(5) for job in jobs] == [0, 2, 4, 6]
        assert batches == [[0, 1, 2, 3]]

    def test_what_waits_can_be_withdrawn(self, batcher, gate, batches):
        running = batcher.submit(1, "key", urgent=True)
        while not batches:
            threading.Event().wait(0.005)
        waiting = batcher.submit(2, "key", urgent=False)
        batcher.withdraw(waiting)
        batcher.withdraw(running)
        gate.set()
        assert running.future.result(5) == 2
        assert waiting.future.cancelled()
        assert batches == [[1]]

    def test_closing_refuses_what_waits(self, batcher, gate, batches):
        running = batcher.submit(1, "key", urgent=True)
        while not batches:
            threading.Event().wait(0.005)
        waiting = batcher.submit(2, "key", urgent=True)
        gate.set()
        batcher.close()
        assert running.future.result(0) == 2
        assert waiting.future.done()
        with pytest.raises(EngineError, match="asr-closed"):
            batcher.submit(3, "key", urgent=True)

    def test_a_failure_is_for_those_who_wait(self, caplog):
        def compute(payloads):
            if "bad" in payloads:
                raise EngineError("asr-failed")
            return payloads

        batcher = Batcher(compute, Manner(linger_s=0.0), threads=1)
        with caplog.at_level(logging.CRITICAL), pytest.raises(EngineError, match="asr-failed"):
            batcher.submit("bad", 1, urgent=True).future.result(5)
        assert batcher.submit("good", 1, urgent=True).future.result(5) == "good"
        batcher.close()

    def test_the_urgent_need_not_wait_for_what_runs(self):
        gate, begun = threading.Event(), threading.Event()

        def compute(payloads):
            if "slow" in payloads:
                begun.set()
                gate.wait(5)
            return payloads

        batcher = Batcher(compute, Manner(linger_s=0.0), threads=2)
        slow = batcher.submit("slow", 1, urgent=False)
        assert begun.wait(5)
        assert batcher.submit("fast", 1, urgent=True).future.result(5) == "fast"
        assert not slow.future.done()
        gate.set()
        batcher.close()

    def test_urgent_jobs_are_announced_until_they_are_done(self, gate, batches):
        board, begun = Board(), threading.Event()

        def compute(payloads):
            batches.append(payloads)
            begun.set()
            gate.wait(5)
            return payloads

        batcher = Batcher(compute, Manner(linger_s=0.0), threads=1, seat=board.join())
        plain = batcher.submit("plain", 1, urgent=False)
        assert begun.wait(5)
        assert board.notices() == []
        urgent = [batcher.submit("urgent", 1, urgent=True) for _ in range(2)]
        assert [notice.urgent for notice in board.notices()] == [2]
        batcher.withdraw(urgent[1])
        assert [notice.urgent for notice in board.notices()] == [1]
        gate.set()
        assert urgent[0].future.result(5) == "urgent"
        assert plain.future.result(5) == "plain"
        batcher.close()
        assert board.notices() == []

    def test_others_urgent_work_goes_before_plain_jobs(self):
        board, ran = Board(), []
        seat, other = board.join(), board.join()
        batcher = Batcher(
            lambda payloads: ran.append(time.monotonic()) or payloads,
            Manner(linger_s=0.0),
            threads=1,
            seat=seat,
        )
        with other.urgent():
            begun = time.monotonic()
            batcher.submit("plain", 1, urgent=False).future.result(5)
            batcher.submit("urgent", 1, urgent=True).future.result(5)
        batcher.close()
        assert ran[0] - begun >= WAIT_S[Need.FLOWING]
