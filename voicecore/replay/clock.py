"""An event loop on the audio clock: all that a tick causes happens before the next one, and nothing else."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class AudioLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time`` is seconds of audio, so that sleeps and deadlines are too.

    Threads of the default executor (``asyncio.to_thread``) run inline: all computing takes no time on
    this clock. Whatever waits for another thread or the network is not waited for by ``settled``.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._settled: asyncio.Future[None] | None = None
        super().__init__(_IdleSelector(self._on_idle))
        self.set_default_executor(_InlineExecutor(1))

    def time(self) -> float:
        return self._now

    def advance(self, now: float) -> None:
        """The audio clock reads ``now`` from here on; due timers run at the next ``settled``."""
        self._now = now

    async def settled(self) -> None:
        """Return when nothing is left that could run before the next tick. One waiter at a time."""
        self._settled = self.create_future()
        await self._settled

    def _on_idle(self) -> bool:
        """Whether somebody waited for this."""
        waiter, self._settled = self._settled, None
        if waiter is None or waiter.done():
            return False
        waiter.set_result(None)
        return True


class _IdleSelector(selectors.DefaultSelector):
    """Tells when the event loop would go to sleep."""

    def __init__(self, on_idle: Callable[[], bool]) -> None:
        super().__init__()
        self._on_idle = on_idle

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0) or self._on_idle():
            return ready
        return super().select(timeout)


class _InlineExecutor(ThreadPoolExecutor):
    """Runs what it is given at once, in the caller."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:
            future.set_exception(exc)
        return future
