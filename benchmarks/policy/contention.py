"""Processes that draw on one limit together, and what a transaction costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from voicecore.pipeline.reservations import Reservations
from voicecore.policy import Counter, Draw, Spent
from voicecore.policy.ledger import Reservation, Reserve
from voicecore.store.ledger import SqlLedger

PROCESSES = 4
DRAWS = 100
"""Of each process."""
CENTS, MOST = 70, 10_000
_DAY = Counter("a-day", "2026-11-20")
SINGLE, GROUPED, AT_ONCE = 300, 1600, 16


class RelaxedLedger(SqlLedger):
    """The same ledger with synchronous=NORMAL: what was acknowledged may be gone after a power loss."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        sa.event.listen(self._engine, "connect", _relax)
        self._engine.dispose()


def _relax(connection: Any, _record: object) -> None:
    connection.execute("pragma synchronous = normal")


def overspent(folder: Path) -> tuple[int, int]:
    """Cents over the limit, and how many draws the processes were granted together."""
    url = f"sqlite:///{folder / 'contended.db'}"
    ledger = SqlLedger(url)
    with get_context("spawn").Pool(PROCESSES) as pool:
        granted = sum(pool.starmap(_draw, [(url, nth) for nth in range(PROCESSES)]))
    spent = ledger.spent([_DAY]).get(_DAY, Spent())
    ledger.close()
    over = max(granted, spent.count, MOST // CENTS) - MOST // CENTS
    return max(over * CENTS, spent.amount - MOST), granted


def _draw(url: str, nth: int) -> int:
    ledger = SqlLedger(url)
    outcomes = [ledger.run([_reserve(f"{nth}-{n}", CENTS, MOST)])[0] for n in range(DRAWS)]
    ledger.close()
    return sum(isinstance(outcome, Reservation) for outcome in outcomes)


def single_ms(ledger: SqlLedger) -> list[float]:
    """Milliseconds per reservation, each in a transaction of its own."""
    took = []
    for n in range(SINGLE):
        began = time.perf_counter()
        ledger.run([_reserve(f"s-{n}", 1, None)])
        took.append((time.perf_counter() - began) * 1000)
    return took


def grouped_ms(ledger: SqlLedger) -> tuple[list[float], float]:
    """Milliseconds that each of sixteen callers at a time waits, and reservations per second."""
    return asyncio.run(_grouped(Reservations(ledger)))


async def _grouped(reservations: Reservations) -> tuple[list[float], float]:
    took: list[float] = []

    async def caller(names: Sequence[str]) -> None:
        for name in names:
            began = time.perf_counter()
            await reservations.do(_reserve(name, 1, None))
            took.append((time.perf_counter() - began) * 1000)

    each = GROUPED // AT_ONCE
    began = time.perf_counter()
    await asyncio.gather(*(caller([f"g-{c}-{n}" for n in range(each)]) for c in range(AT_ONCE)))
    rate = GROUPED / (time.perf_counter() - began)
    await reservations.close()
    return took, rate


def _reserve(key: str, cents: int, most: int | None) -> Reserve:
    counter = _DAY if most is not None else Counter("free", "all")
    return Reserve(key, "call", "pay", (Draw(counter, cents, most, None),), 1.0, 2.0, sent=True)
