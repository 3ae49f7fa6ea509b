"""Runs blocking engine calls off the event loop, or inline where a test wants every tick exact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Lane(Protocol):
    """Where blocking calls run; calls of one lane run in the order they were submitted."""

    def submit(self, fn: Callable[[], T]) -> asyncio.Future[T]: ...

    def close(self) -> None: ...


class ThreadLane:
    """One worker thread: keeps the order of one stream's calls."""

    def __init__(self, name: str, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def submit(self, fn: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._pool, fn)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class InlineLane:
    """Runs at once in the caller: the same audio gives the same decisions on the same tick."""

    def submit(self, fn: Callable[[], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(fn())
        except Exception as exc:
            future.set_exception(exc)
        return future

    def close(self) -> None:
        """Nothing to close."""
