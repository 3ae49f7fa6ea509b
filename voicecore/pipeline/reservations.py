"""Reservations from the event loop: what comes in while the disk is busy shares the next transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from voicecore.policy.ledger import Ledger, LedgerError, Op, Outcome, Release, Reservation, Reserve


class Reservations:
    """One ledger, one writing thread, group commit. For one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._waiting: list[tuple[Op, asyncio.Future[Outcome]]] = []
        self._work: asyncio.Task[None] | None = None

    async def do(self, op: Op) -> Reservation | None:
        """Have it done; it is on disk when this returns. Raises LedgerError and StoreError.

        Whoever is cancelled while a Reserve is under way has sent nothing: it is released again.
        """
        done = self._submit(op)
        try:
            outcome = await asyncio.shield(done)
        except asyncio.CancelledError:
            if isinstance(op, Reserve):
                done.add_done_callback(self._take_back)
            raise
        if isinstance(outcome, LedgerError):
            raise outcome
        return outcome

    async def unsettled(self, before: float) -> list[Reservation]:
        """See ``Ledger.unsettled``."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._ledger.unsettled, before)

    async def close(self) -> None:
        """Return when all is written; nothing may be asked afterwards."""
        while self._work is not None and not self._work.done():
            await asyncio.wait([self._work])
        self._thread.shutdown(wait=False)

    def _submit(self, op: Op) -> asyncio.Future[Outcome]:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((op, done))
        if self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._write())
        return done

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            ops = [op for op, _ in batch]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._ledger.run, ops)
            except Exception as exc:
                _fail([done for _, done in batch], exc)
                continue
            for (_, done), outcome in zip(batch, outcomes, strict=True):
                done.set_result(outcome)

    def _take_back(self, done: asyncio.Future[Outcome]) -> None:
        if done.exception() is None and isinstance(found := done.result(), Reservation) and found.fresh:
            self._submit(Release(found.key))


def _fail(futures: Sequence[asyncio.Future[Outcome]], exc: Exception) -> None:
    for done in futures:
        done.set_exception(exc)
        done.exception()  # Whoever waits gets it; it may be that nobody does.
