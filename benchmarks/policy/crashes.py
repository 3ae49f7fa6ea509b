"""Tool calls of sixteen calls at a time, against a process that dies between any two steps.

A process is everything that forgets: gate, conversations, transactions not begun. What it leaves is the
ledger on disk and the back-end, which keeps its promise about idempotency keys. After each death another
process settles what has no outcome; then effects, ledger and what callers were told must agree.
"""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from voicecore.errors import ToolError
from voicecore.pipeline.policed import Caller, Gate, PolicedTools, settle
from voicecore.pipeline.reservations import Reservations
from voicecore.policy import Counter, Policy
from voicecore.policy.ledger import Expire, Op, Outcome, Reservation
from voicecore.store.ledger import SqlLedger
from voicecore.types import Answer, ApprovalRequest

AT_ONCE = 16
TOOLS = """
tools:
  verify: {arguments: {customer: string}, returns: {verified: boolean}}
  pay:
    read_only: false
    arguments: {customer: string, cents: integer, order: string}
    returns: {accepted: boolean}
"""
POLICY = """
identity: {tool: verify, verified: verified, customer: customer}
rules:
  verify: {}
  pay:
    arguments: {cents: {minimum: 1, maximum: 500}}
    amount: args.cents
    when: [identity.verified && args.customer == identity.customer]
    approve: amount > 300
    effective: result.accepted
limits:
  a-call: {tools: [pay], per: call, amount: 700, count: 4}
  a-customer: {tools: [pay], per: customer-day, amount: 1200}
  a-day: {tools: [pay], per: day, amount: 4000, count: 20}
"""
_PARSED = Policy.parse(POLICY, TOOLS)
Fate = Literal["done", "declined", "rejected", "request lost", "answer lost"]
_FATES: tuple[Fate, ...] = ("done", "done", "done", "declined", "rejected", "request lost", "answer lost")


@dataclass(frozen=True, slots=True)
class Step:
    """One payment that the dialogue decided on."""

    cents: int
    fate: Fate
    """Of the first try."""
    approved: bool
    pauses: int
    """How often others come in between, at each step."""


@dataclass(slots=True)
class Findings:
    """What was counted over all rounds."""

    sequences: int = 0
    calls: int = 0
    crashes: int = 0
    effects: int = 0
    violations: int = 0
    double_effects: int = 0
    lost_effects: int = 0


class Died(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Process:
    """Dies at its ``left``-th step; after that nothing of it reaches the world."""

    left: int
    dead: bool = False

    def step(self) -> None:
        """Here it may die."""
        self.left -= 1
        if self.dead or self.left < 0:
            self.dead = True
            raise Died


@dataclass(slots=True)
class Bank:
    """The back-end: the same key is one payment, whoever asks again."""

    paid: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Arguments by key."""
    tries: Tally[str] = field(default_factory=Tally)
    contradictions: int = 0

    def pay(self, key: str, arguments: Mapping[str, Any], fate: Fate) -> dict[str, Any]:
        """The answer. Raises ToolError."""
        self.tries[key] += 1
        first = self.tries[key] == 1
        if fate == "rejected":
            raise ToolError("tool-rejected")
        if fate == "declined":
            return {"accepted": False}
        if fate == "request lost" and first:
            raise ToolError("tool-timeout")
        self.contradictions += self.paid.setdefault(key, dict(arguments)) != arguments
        if fate == "answer lost" and first:
            raise ToolError("tool-timeout")
        return {"accepted": True}


class _Line:
    """``ports.Tools``: the bank from one process."""

    def __init__(self, bank: Bank, fates: Mapping[str, Step], process: Process) -> None:
        self._bank = bank
        self._fates = fates
        self._process = process

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        if name == "verify":
            return {"verified": True}
        step = self._fates[arguments["order"]]
        for _ in range(step.pauses):
            await asyncio.sleep(0)
        self._process.step()
        try:
            return self._bank.pay(key, arguments, step.fate)
        finally:
            self._process.step()

    async def close(self) -> None:
        """Nothing to close."""


class _Disk:
    """``policy.ledger.Ledger`` as one process sees it: it may die before or after each transaction."""

    def __init__(self, ledger: SqlLedger, process: Process) -> None:
        self._ledger = ledger
        self._process = process

    def run(self, ops: Sequence[Op]) -> list[Outcome]:
        self._process.step()
        outcomes = self._ledger.run(ops)
        self._process.step()
        return outcomes

    def unsettled(self, before: float) -> list[Reservation]:
        return self._ledger.unsettled(before)


class _Desk:
    """Approvals, audit and keys of one process; what they keep is not at issue here."""

    def __init__(self, fates: Mapping[str, Step], process: Process) -> None:
        self._fates = fates
        self._process = process

    async def ask(self, request: ApprovalRequest) -> Answer:
        await asyncio.sleep(0)
        self._process.step()
        return Answer(self._fates[request.key].approved)

    def note(self, *_record: Any) -> None:
        """Forget it."""

    def keep(self, *_record: Any) -> Future[Any]:
        self._process.step()
        done: Future[Any] = Future()
        done.set_result(None)
        return done

    def make(self, *_call: str) -> _Key:
        return _Key()

    open = make


class _Key:
    """Seals nothing."""

    def seal(self, content: bytes, _context: str, /) -> bytes:
        return content

    open = seal


def _gate(ledger: SqlLedger, fates: Mapping[str, Step], process: Process, at: datetime) -> Gate:
    desk = _Desk(fates, process)
    return Gate(
        policy=_PARSED,
        ledger=Reservations(_Disk(ledger, process)),
        approvals=desk,
        audit=desk,
        keys=desk,
        paused=lambda _call, _tool: None,
        clock=lambda: at,
        alias=str,
    )


async def _hold(
    gate: Gate, line: _Line, call: str, customer: str, steps: Sequence[Step], told: dict[str, bool]
) -> None:
    """One call: what the caller was told is in ``told``, by key."""
    tools = PolicedTools(line, gate, Caller(call, lambda: 0.0, dict, dict))
    await tools.call("verify", {"customer": customer}, f"{call}:v")
    for nth, step in enumerate(steps):
        key, arguments = (
            f"{call}:{nth}",
            {"customer": customer, "cents": step.cents, "order": f"{call}:{nth}"},
        )
        for _ in range(2):
            try:
                told[key] = (await tools.call("pay", arguments, key))["accepted"]
                break
            except ToolError as exc:
                if exc.code != "tool-timeout":
                    break


class Rounds:
    """Rounds of sixteen calls on one ledger; each round is a day of its own."""

    def __init__(self, folder: Path) -> None:
        self.ledger = SqlLedger(f"sqlite:///{folder / 'ledger.db'}")
        self.findings = Findings()
        self._round = 0

    def play(self, calls: Sequence[Sequence[Step]], dies_at: int) -> None:
        """One round; a process that dies at step ``dies_at``, another that settles, and the reckoning."""
        self._round += 1
        at = datetime(2020, 1, 1, 12, tzinfo=UTC) + timedelta(days=self._round)
        names = {f"{self._round}-{nth}": steps for nth, steps in enumerate(calls)}
        fates = {f"{call}:{n}": step for call, steps in names.items() for n, step in enumerate(steps)}
        bank, told = Bank(), dict[str, bool]()
        died = asyncio.run(self._process(names, fates, bank, told, (at, dies_at)))
        self.findings.crashes += died
        self.findings.sequences += len(calls)
        self.findings.calls += len(fates)
        asyncio.run(self._settle(fates, bank, at))
        self._reckon(bank, told, at)

    async def _process(
        self,
        names: Mapping[str, Sequence[Step]],
        fates: Mapping[str, Step],
        bank: Bank,
        told: dict[str, bool],
        when: tuple[datetime, int],
    ) -> bool:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _what: None)  # It dies.
        process = Process(when[1])
        gate, line = _gate(self.ledger, fates, process, when[0]), _Line(bank, fates, process)
        customers = (f"{self._round}c{nth % 5}" for nth in range(len(names)))
        tasks = [
            asyncio.ensure_future(_hold(gate, line, call, customer, steps, told))
            for (call, steps), customer in zip(names.items(), customers, strict=True)
        ]
        while not process.dead and not all(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=0.001, return_when=asyncio.FIRST_EXCEPTION)
        while pending := [task for task in tasks if not task.done()]:
            for task in pending:  # Again and again: what it does about it waits for a disk that is gone.
                task.cancel()
            await asyncio.wait(pending, timeout=0.001)
        await gate.ledger.close()
        return process.dead

    async def _settle(self, fates: Mapping[str, Step], bank: Bank, at: datetime) -> None:
        """The next process: until nothing is open."""
        process = Process(1 << 60)
        gate = _gate(self.ledger, fates, process, at)
        for _ in range(3):
            await settle(gate, _Line(bank, fates, process), at.timestamp() + 1)
        await gate.ledger.do(Expire(at.timestamp() + 1e6))
        await gate.ledger.close()

    def _reckon(self, bank: Bank, told: Mapping[str, bool], at: datetime) -> None:
        found = self.findings
        found.effects += len(bank.paid)
        orders = Tally(paid["order"] for paid in bank.paid.values())
        found.double_effects += bank.contradictions + sum(n > 1 for n in orders.values())
        for limit in _PARSED.limits.values():
            totals, times = Tally[str](), Tally[str]()
            for paid in bank.paid.values():
                call, customer = paid["order"].partition(":")[0], paid["customer"]
                whose = {"call": call, "customer-day": customer, "day": "today"}[limit.per]
                totals[whose] += paid["cents"]
                times[whose] += 1
            found.violations += sum(cents > (limit.amount or 0) for cents in totals.values())
            found.violations += sum(limit.count is not None and n > limit.count for n in times.values())
        counted = self.ledger.drawn(Counter("a-day", at.date().isoformat()))
        found.lost_effects += sum(accepted and key not in bank.paid for key, accepted in told.items())
        found.lost_effects += len(set(counted) ^ set(bank.paid))
        found.lost_effects += len(self.ledger.unsettled(2e9)) + len(self.ledger.discrepancies())


def crash_test(folder: Path, rounds: int) -> Findings:
    """``rounds`` times sixteen sequences, drawn by hypothesis, always the same ones."""
    played = Rounds(folder)
    step = st.builds(
        Step,
        st.sampled_from([1, 100, 250, 300, 301, 499, 500, 501]),
        st.sampled_from(_FATES),
        st.booleans(),
        st.integers(0, 3),
    )
    calls = st.lists(st.lists(step, min_size=1, max_size=4), min_size=AT_ONCE, max_size=AT_ONCE)

    @settings(
        max_examples=rounds,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(calls, st.integers(0, 150))
    def every(calls: list[list[Step]], dies_at: int) -> None:
        played.play(calls, dies_at)

    run: Callable[[], None] = every
    run()
    played.ledger.close()
    return played.findings
