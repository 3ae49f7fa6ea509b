"""The feed: every watcher gets every event, a slow one loses the oldest, the socket is private."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

from voicecore.pipeline.feed import Feed, follow


async def collect(events: Any, count: int) -> list[dict[str, Any]]:
    got = []
    async for event in events:
        got.append(event)
        if len(got) == count:
            break
    await events.aclose()
    return got


async def test_every_watcher_gets_every_event(tmp_path: Path) -> None:
    feed = Feed()
    path = tmp_path / "feed.sock"
    await feed.serve(path)
    here = asyncio.ensure_future(collect(feed.subscribe(), 2))
    there = asyncio.ensure_future(collect(follow(path), 2))
    async with asyncio.timeout(10):
        while feed.watchers < 2:
            await asyncio.sleep(0)
        feed.publish("call.started", "c1", 0.0, codec="G722")
        feed.publish("floor", "c1", 0.12345, state="speaking")
        assert await here == await there
    assert here.result()[1] == {"type": "floor", "call": "c1", "t": 0.123, "state": "speaking"}
    await feed.close()


async def test_a_slow_watcher_loses_the_oldest_events() -> None:
    feed = Feed()
    watching = feed.subscribe()
    first = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0)
    for number in range(1500):
        feed.publish("tick", "c1", number)
    assert (await first)["t"] == 500
    await watching.aclose()
    assert feed.watchers == 0


async def test_only_this_user_can_read_the_socket(tmp_path: Path) -> None:
    feed = Feed()
    path = tmp_path / "feed.sock"
    await feed.serve(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await feed.close()
