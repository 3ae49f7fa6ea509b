"""Approvals, pauses, hand-over and undo through the API: they reach the agent, in the person's own name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.control.conftest import Control
from tests.pipeline.test_oversight import REQUEST
from tests.pipeline.test_undo import ARRANGEMENT
from voicecore.types import Answer


@pytest.mark.parametrize("approved", [True, False])
async def test_what_waits_is_decided_by_a_supervisor(control: Control, approved: bool) -> None:
    asked = asyncio.ensure_future(control.house.desk.ask(REQUEST))
    await asyncio.sleep(0)
    mona = await control.be("supervisor")
    (waiting,) = (await control.client.get("/v1/approvals", headers=mona)).json()
    assert (waiting["key"], waiting["tool"], waiting["reason"]) == ("c1:a1", "refund", "over 500")
    verdict = {"key": waiting["key"], "approved": approved, "why": "known customer"}
    assert (await control.client.post("/v1/approvals", headers=mona, json=verdict)).json() == {
        "approved": approved
    }
    assert await asked == Answer(approved, "supervisor", "known customer")
    late = await control.client.post("/v1/approvals", headers=mona, json=verdict)
    assert (late.status_code, late.json()["error"]["code"]) == (404, "unknown-approval")
    (entry,) = control.house.book.kept
    assert (entry[1], entry[3]["who"]) == ("human.approve" if approved else "human.deny", "supervisor")


@pytest.mark.parametrize(
    "verdict",
    [
        {"key": "c1:a1", "approved": True},
        {"key": "c1:a1", "approved": True, "why": "  "},
        {"key": "c1:a1", "approved": "yes", "why": "x"},
        {"key": "c1:a1", "approved": True, "why": "x", "who": "somebody else"},
    ],
)
async def test_no_decision_without_a_reason_or_in_another_name(
    control: Control, verdict: dict[str, Any]
) -> None:
    mona = await control.be("supervisor")
    answer = await control.client.post("/v1/approvals", headers=mona, json=verdict)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad-request")


async def test_the_box_is_paused_and_goes_on(control: Control) -> None:
    officer = await control.be("compliance")
    held = {"scope": "box", "why": "odd refunds"}
    assert (await control.client.post("/v1/pauses", headers=officer, json=held)).status_code == 200
    assert control.house.pauses.box
    (pause,) = (await control.client.get("/v1/pauses", headers=officer)).json()
    assert (pause["scope"], pause["who"], pause["why"]) == ("box", "compliance", "odd refunds")
    assert (await control.client.post("/v1/pauses/lift", headers=officer, json=held)).status_code == 200
    assert not control.house.pauses.box
    again = await control.client.post("/v1/pauses/lift", headers=officer, json=held)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "not-paused")


async def test_a_call_is_handed_over(control: Control) -> None:
    mona = await control.be("supervisor")
    assert (await control.client.get("/v1/calls", headers=mona)).json() == [
        {"id": "c1", "t": 12.5, "waits": False}
    ]
    reason = {"why": "the caller is upset"}
    assert (await control.client.post("/v1/calls/c1/hand-over", headers=mona, json=reason)).status_code == 200
    assert control.house.line.rescued == ["taken-over"]
    assert (await control.client.post("/v1/calls/c9/hand-over", headers=mona, json=reason)).status_code == 404


async def test_a_step_is_taken_back(control: Control) -> None:
    await control.house.tools.call("create_arrangement", ARRANGEMENT, "c1:a7")
    mona = await control.be("supervisor")
    (step,) = (await control.client.get("/v1/steps", headers=mona, params={"call": "c1"})).json()
    back = {"key": step["key"], "why": "wrong person"}
    done = await control.client.post("/v1/steps/undo", headers=mona, json=back)
    assert done.json() == {"result": {"cancelled": True}}
    again = await control.client.post("/v1/steps/undo", headers=mona, json=back)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already-undone")


async def test_without_an_agent_the_api_says_so(control: Control) -> None:
    await control.house.oversight.close()
    control.house.socket.unlink()
    answer = await control.client.get("/v1/calls", headers=await control.be("viewer"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "agent-unreachable")
