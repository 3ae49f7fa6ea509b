"""Work for a call: watched, stopped, and waited for."""

from __future__ import annotations

import asyncio

from voicecore.pipeline.errands import Errands


async def test_a_failure_is_reported_and_a_cancellation_is_none() -> None:
    failures: list[BaseException] = []
    errands = Errands(failures.append)

    async def fails() -> None:
        raise ValueError("no")

    async def lasts() -> None:
        await asyncio.Event().wait()

    errands.watch(fails())
    lasting = errands.watch(asyncio.ensure_future(lasts()))
    for _ in range(3):
        await asyncio.sleep(0)
    assert [str(failure) for failure in failures] == ["no"]
    assert not errands.idle
    errands.cancel()
    await errands.over()
    assert lasting.cancelled()
    assert len(failures) == 1
    await asyncio.sleep(0)
    assert errands.idle
