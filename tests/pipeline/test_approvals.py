"""Approvals: a person's answer, or no."""

from __future__ import annotations

import asyncio

import pytest

from tests.pipeline.test_oversight import Book
from voicecore.errors import VoicecoreError
from voicecore.pipeline.approvals import MOST, Desk, announcer
from voicecore.pipeline.feed import Feed
from voicecore.types import Answer, ApprovalRequest

YES = Answer(True, "mona", "known customer")


def request(key: str = "c1:a1", call: str = "c1", limit_s: float = 60.0) -> ApprovalRequest:
    return ApprovalRequest(call, key, "refund", {"card": "[CARD_1]", "cents": 90_000}, "over 500", limit_s)


async def asked(desk: Desk, *requests: ApprovalRequest) -> list[asyncio.Task[Answer]]:
    tasks = [asyncio.ensure_future(desk.ask(one)) for one in requests]
    await asyncio.sleep(0)
    return tasks


async def test_a_person_answers_and_everybody_is_told() -> None:
    told: list[tuple[str, Answer | None]] = []
    desk = Desk(lambda about, answer: told.append((about.key, answer)))
    (task,) = await asked(desk, request())
    assert desk.waits("c1")
    assert not desk.waits("c2")
    ((waiting, left),) = desk.waiting
    assert waiting == request()
    assert 59 < left <= 60
    desk.answer("c1:a1", YES)
    assert await task == YES
    assert desk.waiting == []
    assert told == [("c1:a1", None), ("c1:a1", YES)]


async def test_nobody_answers_so_it_is_no_and_too_late_is_too_late() -> None:
    desk = Desk()
    assert await desk.ask(request(limit_s=0)) == Answer(False, why="timeout")
    with pytest.raises(VoicecoreError, match="unknown-approval"):
        desk.answer("c1:a1", YES)


async def test_the_same_question_twice_waits_once() -> None:
    desk = Desk()
    first, second = await asked(desk, request(), request())
    assert len(desk.waiting) == 1
    first.cancel()
    await asyncio.sleep(0)
    desk.answer("c1:a1", YES)
    assert await second == YES


async def test_a_withdrawn_question_can_not_be_answered() -> None:
    told: list[Answer | None] = []
    desk = Desk(lambda _request, answer: told.append(answer))
    (task,) = await asked(desk, request())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.waiting == []
    assert told == [None, Answer(False, why="withdrawn")]


async def test_the_end_of_a_call_ends_its_questions_only() -> None:
    desk = Desk()
    mine, other = await asked(desk, request(), request("c2:a1", "c2"))
    desk.end_call("c1")
    assert await mine == Answer(False, why="call-ended")
    assert not other.done()
    desk.answer("c2:a1", YES)
    assert await other == YES


async def test_a_flood_is_refused() -> None:
    desk = Desk()
    tasks = await asked(desk, *(request(f"c1:a{n}") for n in range(MOST)))
    assert await desk.ask(request("c1:one-more")) == Answer(False, why="too-many")
    desk.end_call("c1")
    await asyncio.gather(*tasks)


async def test_watchers_and_the_record_are_told(caplog: pytest.LogCaptureFixture) -> None:
    feed, book = Feed(), Book()
    desk = Desk(announcer(feed, book, lambda _call: 7.5))
    watching = feed.subscribe()
    event = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0)
    (task,) = await asked(desk, request())
    desk.answer("c1:a1", YES)
    await task
    assert (await event)["type"] == "approval.asked"
    assert (await anext(watching))["who"] == "mona"
    assert [(call, kind, at) for call, kind, at, _ in book.kept] == [
        ("c1", "approval.asked", 7.5),
        ("c1", "approval.over", 7.5),
    ]
    book.broken = True
    assert await desk.ask(request(limit_s=0)) == Answer(False, why="timeout")
    assert "approval.asked is not on record" in caplog.text
    await watching.aclose()
