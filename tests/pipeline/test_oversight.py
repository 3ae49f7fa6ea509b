"""What people do to a running agent: seen, done, and on record first."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.test_undo import ACCEPTED, ARRANGEMENT, TOOLS, Backend
from tests.store.test_steps import Ring
from voicecore.errors import StoreError, VoicecoreError
from voicecore.pipeline import oversight as module
from voicecore.pipeline.approvals import Desk
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.oversight import Oversight, tell
from voicecore.pipeline.pauses import Pauses
from voicecore.pipeline.undo import UndoableTools, Undoing
from voicecore.pipeline.work import InlineLane
from voicecore.store.steps import SqlSteps
from voicecore.types import Answer, ApprovalRequest

MONA = {"who": "mona", "why": "odd refunds"}
REQUEST = ApprovalRequest("c1", "c1:a1", "refund", {"card": "[CARD_1]", "cents": 90_000}, "over 500", 60.0)


class Book:
    """An audit in memory; ``broken`` ones keep nothing."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, float, dict[str, Any]]] = []
        self.broken = False

    def note(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> None:
        if self.broken:
            raise StoreError("audit-unavailable", "disk full")
        self.kept.append((call_id, kind, at, dict(data)))

    def keep(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> Future[None]:
        done: Future[None] = Future()
        try:
            self.note(call_id, kind, at, data)
            done.set_result(None)
        except StoreError as exc:
            done.set_exception(exc)
        return done


class Line:
    """A call that is up."""

    now = 12.5

    def __init__(self) -> None:
        self.rescued: list[str] = []

    def rescue(self, code: str) -> None:
        self.rescued.append(code)


class House:
    """An agent process with one call and everything that people can touch."""

    def __init__(self, folder: Path) -> None:
        self.line, self.book, self.feed, self.desk = Line(), Book(), Feed(), Desk()
        self.pauses = Pauses(folder / "pauses.json")
        self.backend = Backend(create_arrangement=ACCEPTED, cancel_arrangement={"cancelled": True})
        steps, lane = SqlSteps(folder / "steps.db", Ring()), InlineLane()
        self.tools = UndoableTools("c1", self.backend, TOOLS, steps, lane)
        undoing = Undoing(steps, lambda _call: self.backend, TOOLS, lane)
        calls = {"c1": self.line}
        self.oversight = Oversight(lambda: calls, self.desk, self.pauses, undoing, self.book, self.feed)
        self.socket = folder / "control.sock"

    async def tell(self, do: str, **fields: Any) -> Any:
        return await tell(self.socket, do, **fields)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.oversight.serve(made.socket)
    yield made
    await made.oversight.close()


async def ask(house: House) -> asyncio.Task[Answer]:
    asked = asyncio.ensure_future(house.desk.ask(REQUEST))
    await asyncio.sleep(0)
    return asked


async def test_what_waits_is_seen_and_answered_on_record(house: House) -> None:
    asked = await ask(house)
    seen = await house.tell("look")
    assert seen["calls"] == [{"id": "c1", "t": 12.5, "waits": True}]
    (waiting,) = seen["approvals"]
    assert (waiting["key"], waiting["arguments"], waiting["reason"]) == (
        "c1:a1",
        dict(REQUEST.arguments),
        "over 500",
    )
    assert await house.tell("answer", key="c1:a1", approved=True, **MONA) == {"approved": True}
    assert await asked == Answer(True, "mona", "odd refunds")
    facts = {"key": "c1:a1", "tool": "refund", "arguments": dict(REQUEST.arguments), "reason": "over 500"}
    assert house.book.kept == [("c1", "human.approve", 12.5, MONA | facts)]


@pytest.mark.parametrize("approved", [False, None, "true", 1])
async def test_anything_but_a_plain_yes_is_no(house: House, approved: object) -> None:
    asked = await ask(house)
    await house.tell("answer", key="c1:a1", approved=approved, **MONA)
    assert not (await asked).approved
    assert house.book.kept[0][1] == "human.deny"


async def test_without_a_record_nothing_is_approved_but_anything_is_stopped(house: House) -> None:
    house.book.broken = True
    asked = await ask(house)
    with pytest.raises(VoicecoreError, match="audit-unavailable"):
        await house.tell("answer", key="c1:a1", approved=True, **MONA)
    assert not asked.done()
    await house.tell("answer", key="c1:a1", approved=False, **MONA)
    assert not (await asked).approved
    await house.tell("pause", scope="box", **MONA)
    assert house.pauses.box
    with pytest.raises(VoicecoreError, match="audit-unavailable"):
        await house.tell("resume", scope="box", **MONA)
    assert house.pauses.box
    await house.tell("hand-over", call="c1", **MONA)
    assert house.line.rescued == ["taken-over"]


async def test_pause_and_resume_of_call_tool_and_box(house: House) -> None:
    for scope, name in (("call", "c1"), ("tool", "refund"), ("box", "")):
        await house.tell("pause", scope=scope, name=name, **MONA)
        assert house.pauses.refusal("c1", "refund") == f"paused-{scope}"
        ((pause),) = (await house.tell("look"))["pauses"]
        assert (pause["scope"], pause["name"], pause["who"], pause["why"]) == (scope, name, *MONA.values())
        await house.tell("resume", scope=scope, name=name, **MONA)
        assert house.pauses.refusal("c1", "refund") is None
    assert [kind for _, kind, _, _ in house.book.kept] == ["human.pause", "human.resume"] * 3
    assert [call for call, _, _, _ in house.book.kept] == ["c1", "c1", "", "", "", ""]
    with pytest.raises(VoicecoreError, match="not-paused"):
        await house.tell("resume", scope="box", **MONA)


async def test_a_step_is_listed_without_values_and_taken_back(house: House) -> None:
    await house.tools.call("create_arrangement", ARRANGEMENT, "c1:a7")
    (step,) = await house.tell("steps", call="c1")
    assert (step["key"], step["undo"], step["undone"]) == ("c1:a7", "cancel_arrangement", None)
    assert "2741" not in json.dumps(step)
    assert await house.tell("undo", key="c1:a7", **MONA) == {"result": {"cancelled": True}}
    assert [(kind, data.get("outcome")) for _, kind, _, data in house.book.kept] == [
        ("human.undo", None),
        ("human.undo.outcome", "done"),
    ]
    with pytest.raises(VoicecoreError, match="already-undone"):
        await house.tell("undo", key="c1:a7", **MONA)


async def test_an_undo_that_the_back_end_declines_is_told_and_on_record(house: House) -> None:
    await house.tools.call("create_arrangement", ARRANGEMENT, "c1:a7")
    house.backend.answers["cancel_arrangement"] = {"cancelled": False}
    with pytest.raises(VoicecoreError, match="undo-declined"):
        await house.tell("undo", key="c1:a7", **MONA)
    assert house.book.kept[-1][3]["outcome"] == "undo-declined"


async def test_watchers_are_told_who_did_what(house: House) -> None:
    watching = house.feed.subscribe()
    event = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0)
    await house.tell("pause", scope="tool", name="refund", **MONA)
    assert await event == {
        "type": "human.pause",
        "call": "",
        "t": 0.0,
        "scope": "tool",
        "name": "refund",
        **MONA,
    }
    await watching.aclose()


@pytest.mark.parametrize(
    ("do", "fields"),
    [
        ("fly", {}),
        ("pause", {"scope": "moon", **MONA}),
        ("pause", {"scope": "tool", **MONA}),
        ("pause", {"scope": "box", "who": "mona"}),
        ("pause", {"scope": "box", "who": "", "why": "x"}),
        ("pause", {"scope": "box", "who": "mona", "why": "   "}),
        ("pause", {"scope": "box", "who": "mona", "why": "x" * 501}),
        ("answer", {"key": 7}),
        ("undo", {}),
    ],
)
async def test_a_bad_request_changes_nothing(house: House, do: str, fields: dict[str, Any]) -> None:
    with pytest.raises(VoicecoreError, match="bad-request"):
        await house.tell(do, **fields)
    assert house.pauses.all == []
    assert house.book.kept == []


@pytest.mark.parametrize(
    "fields",
    [{"do": "answer", "key": "c9:a9"}, {"do": "undo", "key": "c9"}, {"do": "hand-over", "call": "c9"}],
)
async def test_what_is_not_there_is_named(house: House, fields: dict[str, Any]) -> None:
    with pytest.raises(VoicecoreError, match=r"unknown-(approval|step|call)"):
        await house.tell(**fields, **MONA)
    assert house.book.kept == []


async def test_a_line_that_is_not_json_gets_an_answer(house: House) -> None:
    for line in (b"{\n", b"[]\n", b"\xff\n", b"\n"):
        reader, writer = await asyncio.open_unix_connection(house.socket)
        writer.write(line)
        assert json.loads(await reader.readline())["error"] == "bad-request"
        writer.close()


async def test_only_this_user_is_answered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stat.S_IMODE(house.socket.stat().st_mode) == 0o600
    here, there = socket.socketpair()
    assert module._is_ours(here)
    monkeypatch.setattr(module, "_is_ours", lambda _sock: False)
    with pytest.raises(VoicecoreError, match="bad-answer"):
        await house.tell("look")
    here.close()
    there.close()


async def test_no_agent_is_told(tmp_path: Path) -> None:
    with pytest.raises(VoicecoreError, match="agent-unreachable"):
        await tell(tmp_path / "none.sock", "look")
