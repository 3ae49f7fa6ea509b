"""Events by role: words only for those who may read; the relay survives its agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from voicecore.control.events import Relay, visible
from voicecore.control.roles import ALLOWED, Permission, Role
from voicecore.pipeline.feed import Feed

SAID = {
    "type": "caller.said",
    "call": "c1",
    "t": 2.0,
    "turn": 1,
    "text": "my name is [NAME_1]",
    "confidence": 0.9,
    "by": "speech",
}
TOOL = {
    "type": "tool",
    "call": "c1",
    "t": 3.0,
    "name": "find",
    "ok": True,
    "arguments": {"n": "1"},
    "result": {"a": 1},
    "ms": 4.0,
}
NEW = {"type": "invented.later", "call": "c1", "t": 3.0, "words": "secret"}


@pytest.mark.parametrize("role", Role)
def test_who_may_not_read_sees_that_something_was_said_but_not_what(role: Role) -> None:
    reads = Permission.READ in ALLOWED[role]
    for event, hidden in ((SAID, {"text"}), (TOOL, {"arguments", "result"}), (NEW, {"words"})):
        seen = visible(event, ALLOWED[role])
        assert seen == event if reads else set(seen) == set(event) - hidden


async def test_the_relay_follows_an_agent_that_comes_back(tmp_path: Path) -> None:
    relay = Relay(tmp_path / "feed.sock", rest=0.0)
    events = relay.feed.subscribe()
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    running = asyncio.ensure_future(relay.run())
    async with asyncio.timeout(10):
        assert (await first)["type"] == "agent.down"
        for number in range(2):
            feed = Feed()
            await feed.serve(tmp_path / "feed.sock")
            while not feed.watchers:
                await asyncio.sleep(0)
            feed.publish("floor", f"c{number}", 1.0, state="speaking")
            while (event := await anext(events))["type"] == "agent.down":
                continue
            assert event == {"type": "floor", "call": f"c{number}", "t": 1.0, "state": "speaking"}
            await feed.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            running = asyncio.ensure_future(relay.run())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await events.aclose()


async def test_an_event_that_is_none_ends_the_connection_not_the_relay(tmp_path: Path) -> None:
    rounds = iter([[{"no": "event"}], [{"type": "floor", "call": "c1", "t": 0.0, "state": "idle"}]])

    async def source(_path: Path) -> AsyncIterator[dict[str, Any]]:
        for event in next(rounds, []):
            yield event

    relay = Relay(tmp_path / "none", source, rest=0.0)
    events = relay.feed.subscribe()
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    running = asyncio.ensure_future(relay.run())
    async with asyncio.timeout(10):
        assert (await first)["type"] == "agent.down"
        assert (await anext(events))["type"] == "floor"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await events.aclose()
