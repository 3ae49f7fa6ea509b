"""Every tool call is decided, counted, approved and recorded before it goes out, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.policy.conftest import POLICY, TOOLS
from voicecore.errors import StoreError, ToolError
from voicecore.pipeline.policed import Caller, Gate, PolicedTools, settle
from voicecore.pipeline.reservations import Reservations
from voicecore.policy import Counter, Policy, Spent
from voicecore.store.ledger import SqlLedger
from voicecore.types import Answer, ApprovalRequest

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
CALL, CUSTOMER = Counter("a-call", "call-1"), Counter("a-customer", "2026-11-20 #c1")


class Bank:
    """The back-end: idempotent, as it promised."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.paid: dict[str, int] = {}
        self.fails: ToolError | None = None
        self.accepts = True
        self.closed = False

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        self.calls.append((name, key))
        if self.fails is not None and self.fails.code == "tool-rejected":
            raise self.fails
        if name == "pay" and self.accepts:
            self.paid[key] = arguments["cents"]
        if self.fails is not None:
            raise self.fails
        if name == "verify":
            return {"verified": arguments["customer"] != "thief"}
        return {"accepted": self.accepts} if name == "pay" else {"id": "7", "open_cents": 5}

    async def close(self) -> None:
        self.closed = True


class Records:
    """The audit."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.data: list[Mapping[str, Any]] = []
        self.fails = False

    def note(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> None:
        self.kinds.append(kind)
        self.data.append(data)

    def keep(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> Future[Any]:
        done: Future[Any] = Future()
        self.note(call_id, kind, at, data)
        if self.fails:
            done.set_exception(StoreError("audit-unavailable"))
        else:
            done.set_result(None)
        return done


class Person:
    """Who is asked."""

    def __init__(self) -> None:
        self.asked: list[ApprovalRequest] = []
        self.answer = Answer(True, "eva", "known customer")
        self.meanwhile: Callable[[], None] = lambda: None

    async def ask(self, request: ApprovalRequest) -> Answer:
        self.asked.append(request)
        self.meanwhile()
        await asyncio.sleep(0)
        return self.answer


class Seal:
    """Keys that turn bytes around, and are bound to their context."""

    def make(self, call_id: str, caller: str = "", kind: str = "record") -> "Seal":
        return self

    def open(self, call_id: str, kind: str = "record") -> "Seal":
        return _Key()  # type: ignore[return-value]


class _Key:
    def seal(self, content: bytes, context: str, /) -> bytes:
        return context.encode() + content[::-1]

    def open(self, sealed: bytes, context: str, /) -> bytes:
        assert sealed.startswith(context.encode())
        return sealed[len(context) :][::-1]


class Desk:
    """All of it, around one ledger on disk."""

    def __init__(self, folder: Path) -> None:
        self.ledger = SqlLedger(f"sqlite:///{folder / 'ledger.db'}")
        self.bank, self.records, self.person = Bank(), Records(), Person()
        self.pauses: dict[str, str] = {}
        self.gate = Gate(
            policy=Policy.parse(POLICY, TOOLS),
            ledger=Reservations(self.ledger),
            approvals=self.person,
            audit=self.records,
            keys=Seal(),  # type: ignore[arg-type]
            paused=lambda _call, tool: self.pauses.get(tool),
            clock=lambda: AT,
            alias=lambda customer: f"#{customer}",
        )
        self.tools = self.call()

    def call(self, by: str = "agent") -> PolicedTools:
        redact = dict.fromkeys
        facts = {"risk": {"score": 0.1}, "identity": {"verified": True, "customer": "forged"}}
        caller = Caller("call-1", lambda: 1.5, lambda: facts, lambda a: redact(a, "[TOKEN]"), by)
        return PolicedTools(self.bank, self.gate, caller)

    async def verified(self) -> PolicedTools:
        assert await self.tools.call("verify", {"customer": "c1"}, "v")
        return self.tools

    def spent(self) -> Spent:
        return self.ledger.spent([CALL]).get(CALL, Spent())


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    await desk.gate.ledger.close()
    assert desk.ledger.discrepancies() == []
    desk.ledger.close()


async def code(work: Any) -> str:
    with pytest.raises(ToolError) as caught:
        await work
    return f"{caught.value.code} {caught.value.facts.get('reason', '')}".strip()


def pay(cents: int = 100, customer: str = "c1") -> dict[str, Any]:
    return {"customer": customer, "cents": cents}


async def test_a_call_is_counted_recorded_and_done(desk: Desk) -> None:
    tools = await desk.verified()
    assert await tools.call("pay", pay(), "k") == {"accepted": True}
    assert desk.ledger.spent([CALL, CUSTOMER]) == {CALL: Spent(100, 1), CUSTOMER: Spent(100, 1)}
    assert desk.records.kinds == ["tool-called", "tool-answered"] * 2
    told = desk.records.data[2]
    assert (told["verdict"], told["amount"], told["limits"]) == ("allow", 100, ["a-call", "a-customer"])
    assert told["policy"] == desk.gate.policy.digest
    assert "'c1'" not in str(desk.records.data)
    assert desk.ledger.unsettled(2e9) == []


async def test_identity_is_what_the_back_end_said_never_what_was_said(desk: Desk) -> None:
    assert await code(desk.tools.call("pay", pay(), "k")) == "tool-denied missing-fact: identity.customer"
    await desk.tools.call("verify", {"customer": "thief"}, "v")
    assert await code(desk.tools.call("pay", pay(), "k")) == "tool-denied missing-fact: identity.customer"
    await desk.verified()
    assert await code(desk.tools.call("pay", pay(customer="c2"), "k")) == "tool-denied condition: 0"
    await desk.tools.call("pay", pay(), "k")
    await desk.tools.call("verify", {"customer": "thief"}, "v2")
    assert await code(desk.tools.call("pay", pay(), "k2")) == "tool-denied missing-fact: identity.customer"
    assert [name for name, _ in desk.bank.calls] == ["verify", "verify", "pay", "verify"]


async def test_answers_belong_to_the_customer_who_got_them(desk: Desk, tmp_path: Path) -> None:
    text = POLICY.replace("args.cents\n", "results.look.open_cents\n")
    desk.gate = replace(desk.gate, policy=Policy.parse(text, TOOLS))
    desk.tools = desk.call()
    tools = await desk.verified()
    assert await code(tools.call("pay", pay(), "k")) == "tool-denied missing-fact: results.look.open_cents"
    await tools.call("look", {"id": "7"}, "l")
    await tools.call("pay", pay(), "k")
    assert desk.spent() == Spent(5, 1)
    await tools.call("verify", {"customer": "c3"}, "v3")
    assert "results.look" in await code(tools.call("pay", pay(customer="c3"), "k3"))


async def test_limits_hold_over_calls_at_once(desk: Desk) -> None:
    tools = await desk.verified()
    found = await asyncio.gather(
        *(tools.call("pay", pay(250), f"k{n}") for n in range(8)), return_exceptions=True
    )
    refused = [exc.code for exc in found if isinstance(exc, ToolError)]
    assert refused == ["tool-limit"] * 5
    assert sum(desk.bank.paid.values()) == 750
    assert desk.spent() == Spent(750, 3)


@pytest.mark.parametrize("by", ["agent", "person"])
async def test_what_has_no_rule_is_denied(desk: Desk, by: str) -> None:
    assert await code(desk.call(by).call("wipe", {}, "k")) == "tool-denied no-rule"
    assert desk.bank.calls == []
    assert desk.records.kinds == ["tool-refused"]


async def test_above_the_threshold_a_person_decides(desk: Desk) -> None:
    tools = await desk.verified()
    desk.person.meanwhile = lambda: seen.append(desk.spent())
    seen: list[Spent] = []
    assert await tools.call("pay", pay(301), "k") == {"accepted": True}
    assert seen == [Spent(301, 1)]
    (asked,) = desk.person.asked
    assert (asked.key, asked.tool, asked.limit_s) == ("k", "pay", 60.0)
    assert asked.arguments == {"customer": "[TOKEN]", "cents": "[TOKEN]"}
    assert desk.records.kinds[2:] == ["approval-asked", "tool-called", "tool-answered"]


async def test_a_no_releases_and_may_be_asked_again(desk: Desk) -> None:
    tools = await desk.verified()
    desk.person.answer = Answer(False, why="timeout")
    assert await code(tools.call("pay", pay(301), "k")) == "tool-not-approved timeout"
    assert desk.spent() == Spent()
    assert desk.bank.paid == {}
    desk.person.answer = Answer(True)
    await tools.call("pay", pay(301), "k")
    assert desk.spent() == Spent(301, 1)


async def test_a_retry_of_what_was_sent_asks_nobody_again(desk: Desk) -> None:
    tools = await desk.verified()
    desk.bank.fails = ToolError("tool-timeout")
    assert await code(tools.call("pay", pay(301), "k")) == "tool-timeout"
    desk.bank.fails = None
    assert await tools.call("pay", pay(301), "k") == {"accepted": True}
    assert len(desk.person.asked) == 1
    assert desk.spent() == Spent(301, 1)
    assert desk.bank.paid == {"k": 301}


async def test_a_pause_stops_it_also_while_a_person_thinks(desk: Desk) -> None:
    tools = await desk.verified()
    desk.person.meanwhile = lambda: desk.pauses.update(pay="paused-tool")
    assert await code(tools.call("pay", pay(301), "k")) == "tool-paused paused-tool"
    assert await code(tools.call("pay", pay(), "k2")) == "tool-paused paused-tool"
    assert desk.spent() == Spent()
    assert desk.bank.paid == {}


@pytest.mark.parametrize("failure", ["tool-timeout", "tool-status", "tool-bad-answer", "tool-unreachable"])
async def test_an_unknown_outcome_stays_counted(desk: Desk, failure: str) -> None:
    tools = await desk.verified()
    desk.bank.fails = ToolError(failure)
    assert await code(tools.call("pay", pay(), "k")) == failure
    assert desk.spent() == Spent(100, 1)
    assert [found.key for found in desk.ledger.unsettled(2e9)] == ["k"]


async def test_what_was_certainly_not_done_is_not_counted(desk: Desk) -> None:
    tools = await desk.verified()
    desk.bank.fails = ToolError("tool-rejected")
    assert await code(tools.call("pay", pay(), "k")) == "tool-rejected"
    desk.bank.fails, desk.bank.accepts = None, False
    assert await tools.call("pay", pay(), "k2") == {"accepted": False}
    assert desk.spent() == Spent()
    assert desk.ledger.unsettled(2e9) == []


async def test_without_a_record_nothing_happens(desk: Desk) -> None:
    tools = await desk.verified()
    desk.records.fails = True
    assert await code(tools.call("pay", pay(), "k")) == "tool-unguarded audit-unavailable"
    assert await code(tools.call("look", {"id": "7"}, "k")) == "tool-unguarded audit-unavailable"
    assert desk.spent() == Spent()
    assert [name for name, _ in desk.bank.calls] == ["verify"]


async def test_a_caller_who_hangs_up_while_a_person_thinks_has_nothing_counted(desk: Desk) -> None:
    tools = await desk.verified()
    asking = asyncio.Event()
    desk.person.meanwhile = asking.set
    work = asyncio.ensure_future(tools.call("pay", pay(301), "k"))
    await asking.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert desk.spent() == Spent()
    assert desk.bank.paid == {}


async def test_after_a_crash_it_is_sent_again_under_its_own_key(desk: Desk) -> None:
    tools = await desk.verified()
    desk.bank.fails = ToolError("tool-timeout")
    for key in ("a", "b"):
        await code(tools.call("pay", pay(), key))
    desk.bank.fails = None
    del desk.bank.paid["b"]  # Its request got lost.
    assert await settle(desk.gate, desk.bank, AT.timestamp()) == {}
    assert await settle(desk.gate, desk.bank, AT.timestamp() + 1) == {"a": "done", "b": "done"}
    assert desk.bank.paid == {"a": 100, "b": 100}
    assert desk.spent() == Spent(200, 2)
    assert desk.ledger.unsettled(2e9) == []
    assert desk.records.kinds[-4:] == ["tool-sent-again", "tool-answered"] * 2


async def test_what_cannot_be_settled_stays_counted(desk: Desk) -> None:
    tools = await desk.verified()
    desk.bank.fails = ToolError("tool-timeout")
    await code(tools.call("pay", pay(), "k"))
    assert await settle(desk.gate, desk.bank, 2e9) == {"k": "tool-timeout"}
    desk.pauses["pay"] = "paused-tool"
    assert await settle(desk.gate, desk.bank, 2e9) == {"k": "paused-tool"}
    desk.pauses.clear()
    assert desk.spent() == Spent(100, 1)
    desk.bank.fails = ToolError("tool-rejected")
    assert await settle(desk.gate, desk.bank, 2e9) == {"k": "nothing done"}
    assert desk.spent() == Spent()


async def test_it_closes_what_it_guards(desk: Desk) -> None:
    await desk.tools.close()
    assert desk.bank.closed
