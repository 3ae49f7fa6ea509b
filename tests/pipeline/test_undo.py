"""Undo: what is kept, what is called, and that it happens once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.store.test_steps import Ring
from voicecore.dialogue import load_agent
from voicecore.errors import ToolError, VoicecoreError
from voicecore.examples.billing.backend import BillingBackend
from voicecore.pipeline.tools import HttpTools
from voicecore.pipeline.undo import UndoableTools, Undoing, undo_arguments
from voicecore.pipeline.work import InlineLane
from voicecore.store.steps import SqlSteps

TOOLS = load_agent(Path("voicecore/examples/billing")).tools
TODAY = date(2026, 11, 20)
ARRANGEMENT = {
    "customer_number": "4417",
    "invoice_id": "4102",
    "instalments": 3,
    "first_date": date(2026, 12, 1),
}
ACCEPTED = {"accepted": True, "reference": "2741", "instalment_cents": 2880}


class Backend:
    """Answers from a table and keeps what it was asked."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any], str]] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        self.asked.append((name, dict(arguments), key))
        await self.hold.wait()
        return self.answers[name]

    async def close(self) -> None:
        """Nothing to close."""


def rig(tmp_path: Path, backend: Any) -> tuple[UndoableTools, Undoing]:
    steps, lane = SqlSteps(tmp_path / "steps.db", Ring()), InlineLane()
    tools = UndoableTools("c1", backend, TOOLS, steps, lane, lambda: "2026-11-20T10:00:00Z")
    return tools, Undoing(steps, lambda _call: backend, TOOLS, lane, lambda: "2026-11-20T11:00:00Z")


def test_only_what_happened_and_can_be_taken_back_is_kept() -> None:
    create = TOOLS["create_arrangement"]
    assert undo_arguments(create, ARRANGEMENT, ACCEPTED) == {"reference": "2741"}
    assert undo_arguments(create, ARRANGEMENT, {"accepted": False, "decline": "too-many"}) is None
    assert undo_arguments(TOOLS["find_customer"], {"customer_number": "4417"}, {"found": True}) is None


async def test_a_step_is_taken_back_once_by_whom_and_why(tmp_path: Path) -> None:
    backend = Backend(create_arrangement=ACCEPTED, cancel_arrangement={"cancelled": True})
    tools, undoing = rig(tmp_path, backend)
    assert await tools.call("create_arrangement", ARRANGEMENT, "c1:a7") == ACCEPTED
    step = await undoing.find("c1:a7")
    assert await undoing.undo(step, "mona", "wrong person") == {"cancelled": True}
    assert backend.asked[1] == ("cancel_arrangement", {"reference": "2741"}, "c1:a7:undo")
    with pytest.raises(VoicecoreError, match="already-undone: by mona at 2026-11-20T11:00:00Z"):
        await undoing.find("c1:a7")
    (listed,) = await undoing.latest(5)
    assert listed.undone is not None
    assert listed.undone.why == "wrong person"


async def test_a_back_end_that_would_not_has_not(tmp_path: Path) -> None:
    backend = Backend(create_arrangement=ACCEPTED, cancel_arrangement={"cancelled": False})
    tools, undoing = rig(tmp_path, backend)
    await tools.call("create_arrangement", ARRANGEMENT, "c1:a7")
    with pytest.raises(ToolError, match="undo-declined"):
        await undoing.undo(await undoing.find("c1:a7"), "mona", "wrong person")
    assert (await undoing.find("c1:a7")).undone is None


async def test_two_at_once_are_one(tmp_path: Path) -> None:
    backend = Backend(create_arrangement=ACCEPTED, cancel_arrangement={"cancelled": True})
    tools, undoing = rig(tmp_path, backend)
    await tools.call("create_arrangement", ARRANGEMENT, "c1:a7")
    step = await undoing.find("c1:a7")
    backend.hold.clear()
    first = asyncio.ensure_future(undoing.undo(step, "mona", "why"))
    await asyncio.sleep(0)
    with pytest.raises(VoicecoreError, match="undo-in-progress"):
        await undoing.find("c1:a7")
    backend.hold.set()
    await first


async def test_an_arrangement_of_the_example_is_taken_back_for_real(tmp_path: Path) -> None:
    with BillingBackend(tmp_path / "billing.db", today=TODAY) as backend:
        http = HttpTools(TOOLS, backend.url)
        tools, undoing = rig(tmp_path, http)
        customer, invoice = open_invoice(backend)
        wanted = ARRANGEMENT | {"customer_number": customer, "invoice_id": invoice}
        assert (await tools.call("create_arrangement", wanted, "c1:a7"))["accepted"]
        step = await undoing.find("c1:a7")
        seeded = len(backend.ledger.arrangements())
        assert await undoing.undo(step, "mona", "wrong person") == {"cancelled": True}
        assert await undoing.undo(step, "mona", "again, after a crash") == {"cancelled": True}
        assert len(backend.ledger.arrangements()) == seeded - 1
        second = await tools.call("create_arrangement", wanted, "c1:a8")
        assert second["reference"] != step.arguments["reference"], (
            "a number stands for one arrangement for ever"
        )
        await tools.close()


def open_invoice(backend: BillingBackend) -> tuple[str, str]:
    """A seeded customer and invoice that can be arranged."""
    from voicecore.examples.billing.seed import CUSTOMERS

    for customer in CUSTOMERS:
        latest = backend.ledger.latest_invoice(customer.number)
        if latest["found"] and latest["status"] == "open":
            return customer.number, latest["invoice_id"]
    raise AssertionError("the example has no open invoice")
