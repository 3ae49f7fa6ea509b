"""The work under way for one call: all of it ends with the call, and none of it fails unnoticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Errands:
    """Tasks of one call."""

    def __init__(self, on_failure: Callable[[BaseException], None]) -> None:
        """``on_failure`` gets what a task raised, but for its cancellation."""
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._tasks

    def watch(self, work: Coroutine[Any, Any, None] | asyncio.Task[None]) -> asyncio.Task[None]:
        """Run ``work``, unless it runs already, and report its failure."""
        task = work if isinstance(work, asyncio.Task) else asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def cancel(self) -> None:
        """Stop all."""
        for task in self._tasks:
            task.cancel()

    async def over(self) -> None:
        """Return when nothing is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            self._on_failure(exc)
