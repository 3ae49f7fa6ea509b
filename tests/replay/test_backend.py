"""Tools of a replayed call: recorded answers in their order and time, a live back-end for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from voicecore.errors import ToolError
from voicecore.replay.backend import Backend
from voicecore.replay.clock import AudioLoop
from voicecore.types import ToolTrace


def trace(
    name: str, arguments: dict[str, Any], result: dict[str, Any], ms: int = 0, ok: bool = True
) -> ToolTrace:
    return ToolTrace(1, name, arguments, ok, result, 10.0 - ms / 1000, 10.0)


def ask(backend: Backend, name: str, **arguments: Any) -> dict[str, Any]:
    return asyncio.run(backend.call(name, arguments, "key"))


def test_answers_come_in_order_and_the_last_again_and_again() -> None:
    backend = Backend(
        [trace("find", {"n": "1"}, {"found": False}), trace("find", {"n": "1"}, {"found": True})]
    )
    assert [ask(backend, "find", n="1")["found"] for _ in range(3)] == [False, True, True]


def test_a_date_finds_its_exported_form() -> None:
    backend = Backend([trace("arrange", {"first": "2026-12-04", "n": 3}, {"accepted": True})])
    assert ask(backend, "arrange", n=3, first=date(2026, 12, 4)) == {"accepted": True}


def test_a_recorded_failure_fails_again() -> None:
    with pytest.raises(ToolError) as failure:
        ask(Backend([trace("find", {}, {"code": "tool-timeout"}, ok=False)]), "find")
    assert failure.value.code == "tool-timeout"


def test_what_nobody_recorded_is_out_of_reach() -> None:
    with pytest.raises(ToolError) as failure:
        ask(Backend([trace("find", {"n": "1"}, {})]), "find", n="2")
    assert failure.value.code == "tool-unreachable"


@pytest.mark.parametrize(("ms", "ticks"), [(0, 0), (19, 0), (20, 1), (350, 17)])
def test_an_answer_takes_the_whole_ticks_that_it_took(ms: int, ticks: int) -> None:
    backend = Backend([trace("find", {}, {"found": True}, ms)])

    async def waited(loop: AudioLoop) -> int:
        task, count = asyncio.ensure_future(backend.call("find", {}, "key")), 0
        await loop.settled()
        while not task.done():
            count += 1
            loop.advance(count * 0.02)
            await loop.settled()
        return count

    with asyncio.Runner(loop_factory=AudioLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, AudioLoop)
        assert runner.run(waited(loop)) == ticks


class Desk:
    """A live back-end that needs an event loop which waits for real."""

    def __init__(self) -> None:
        self.closed = False

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"name": name, "key": key, **arguments}

    async def close(self) -> None:
        self.closed = True


def test_a_live_back_end_takes_no_time_on_the_audio_clock() -> None:
    desk = Desk()
    backend = Backend([trace("find", {}, {"found": True})], desk)

    async def main(loop: AudioLoop) -> None:
        task = asyncio.ensure_future(backend.call("pay", {"n": 1}, "k"))
        await loop.settled()
        assert task.result() == {"name": "pay", "key": "k", "n": 1}
        assert loop.time() == 0

    with asyncio.Runner(loop_factory=AudioLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, AudioLoop)
        runner.run(main(loop))
    asyncio.run(backend.close())
    assert desk.closed
