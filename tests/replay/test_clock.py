"""The event loop on the audio clock: settled is when nothing is left to run, and time is what it is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from voicecore.replay.clock import AudioLoop


def on_audio_clock(work: Callable[[AudioLoop], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=AudioLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, AudioLoop)
        runner.run(work(loop))  # type: ignore[arg-type]


def test_everything_that_can_run_has_run_before_the_next_tick() -> None:
    done: list[int] = []

    async def chain(depth: int) -> None:
        for _ in range(depth):
            await asyncio.sleep(0)
        done.append(depth)

    async def main(loop: AudioLoop) -> None:
        tasks = [asyncio.ensure_future(chain(depth)) for depth in (500, 1, 30)]
        await loop.settled()
        assert done == [1, 30, 500]
        await asyncio.gather(*tasks)

    on_audio_clock(main)


def test_sleep_and_deadlines_wait_for_audio() -> None:
    async def main(loop: AudioLoop) -> None:
        nap = asyncio.ensure_future(asyncio.sleep(0.5, "rested"))
        late = asyncio.ensure_future(asyncio.wait_for(asyncio.Event().wait(), 1.0))
        await loop.settled()
        loop.advance(0.48)
        await loop.settled()
        assert not nap.done()
        loop.advance(0.5)
        await loop.settled()
        assert nap.result() == "rested"
        assert not late.done()
        loop.advance(1.0)
        await loop.settled()
        with pytest.raises(TimeoutError):
            late.result()

    on_audio_clock(main)


def test_threads_run_inline() -> None:
    async def main(loop: AudioLoop) -> None:
        task = asyncio.ensure_future(asyncio.to_thread(threading.current_thread))
        broken = asyncio.ensure_future(asyncio.to_thread(int, "x"))
        await loop.settled()
        assert task.result() is threading.current_thread()
        with pytest.raises(ValueError, match="invalid literal"):
            broken.result()

    on_audio_clock(main)
