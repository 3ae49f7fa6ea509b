"""Group commit: what waits for the disk shares a transaction, and whoever leaves takes back what he asked."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from voicecore.errors import StoreError
from voicecore.pipeline.reservations import Reservations
from voicecore.policy import Counter, Draw
from voicecore.policy.ledger import Finish, LedgerError, Op, Outcome, Release, Reservation, Reserve


class Slow:
    """A ledger that writes when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[Op]] = []
        self.gate = threading.Semaphore(0)
        self.fails: StoreError | None = None
        self.fresh = True

    def run(self, ops: Sequence[Op]) -> list[Outcome]:
        self.gate.acquire()
        self.batches.append(list(ops))
        if self.fails is not None:
            raise self.fails
        return [self.outcome(op) for op in ops]

    def outcome(self, op: Op) -> Outcome:
        if isinstance(op, Finish):
            return LedgerError("no-reservation")
        assert isinstance(op, Reserve | Release)
        return Reservation(op.key, "c1", "pay", "held", 1.0, fresh=self.fresh)

    def unsettled(self, before: float) -> list[Reservation]:
        return []


def reserve(key: str) -> Reserve:
    return Reserve(key, "c1", "pay", (Draw(Counter("l", "c1"), 1, 1, None),), 1.0, 2.0)


async def begun(ledger: Slow, *ops: Op) -> tuple[Reservations, list[asyncio.Task[Reservation | None]]]:
    reservations = Reservations(ledger)
    tasks = [asyncio.ensure_future(reservations.do(op)) for op in ops]
    await asyncio.sleep(0)
    return reservations, tasks


async def test_what_comes_while_the_disk_is_busy_shares_a_transaction() -> None:
    ledger = Slow()
    reservations, tasks = await begun(ledger, reserve("a"))
    await asyncio.sleep(0)
    tasks += [asyncio.ensure_future(reservations.do(reserve(key))) for key in "bcd"]
    await asyncio.sleep(0)
    ledger.gate.release(2)
    assert [found.key for found in await asyncio.gather(*tasks) if found] == ["a", "b", "c", "d"]
    assert [[op.key for op in batch if isinstance(op, Reserve)] for batch in ledger.batches] == [
        ["a"],
        ["b", "c", "d"],
    ]
    await reservations.close()


async def test_a_refusal_is_raised_for_its_own_op_only() -> None:
    ledger = Slow()
    ledger.gate.release(5)
    reservations, tasks = await begun(ledger, reserve("a"), Finish("b"))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[0], Reservation)
    assert isinstance(found[1], LedgerError)
    await reservations.close()


async def test_a_store_that_fails_fails_the_whole_batch_and_is_asked_again() -> None:
    ledger = Slow()
    ledger.gate.release(5)
    ledger.fails = StoreError("store-unavailable")
    reservations, tasks = await begun(ledger, reserve("a"), reserve("b"))
    assert [type(e) for e in await asyncio.gather(*tasks, return_exceptions=True)] == [StoreError] * 2
    ledger.fails = None
    assert await reservations.do(reserve("c"))
    await reservations.close()


@pytest.mark.parametrize("fresh", [True, False])
async def test_whoever_leaves_while_it_is_written_has_it_released(fresh: bool) -> None:
    """But not what an earlier try may have sent."""
    ledger = Slow()
    ledger.fresh = fresh
    reservations, tasks = await begun(ledger, reserve("a"))
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    ledger.gate.release(5)
    while not ledger.batches:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    await reservations.close()
    assert ledger.batches == [[reserve("a")]] + ([[Release("a")]] if fresh else [])
