"""The one way to the back-end: every tool call is decided, counted and recorded before it goes out."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from voicecore.errors import StoreError, ToolError
from voicecore.pipeline.reservations import Reservations
from voicecore.policy import Decision, Policy, Request, decide, took_effect
from voicecore.policy.arguments import plain_values
from voicecore.policy.ledger import Finish, LedgerError, Release, Reservation, Reserve, Send
from voicecore.ports import Approvals, Audit, Keys, Tools
from voicecore.types import ApprovalRequest

log = logging.getLogger(__name__)

REFUSALS = frozenset(("tool-paused", "tool-denied", "tool-limit", "tool-not-approved"))
"""What this refuses with: nothing was done, and trying again does not help."""
_NOT_DONE = frozenset(("tool-rejected", "tool-unknown", "tool-bad-arguments"))
"""Failures after which it is certain that the back-end did nothing."""
_GRACE_S = 30.0
"""How much longer than an approval may take its reservation lasts."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the calls of an agent process share."""

    policy: Policy
    ledger: Reservations
    approvals: Approvals
    audit: Audit
    keys: Keys
    """Whose seal is on what it takes to send a call again."""
    paused: Callable[[str, str], str | None]
    """Why a tool may not be called now, by call id and tool, or None."""
    clock: Callable[[], datetime]
    """The box's own, with its zone: days and hours of the policy are read from it."""
    alias: Callable[[str], str]
    """What a customer is called in the ledger: the same for the same one, and nobody's number."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What one call contributes."""

    call_id: str
    now: Callable[[], float]
    """Seconds on its audio clock."""
    facts: Callable[[], Mapping[str, Any]]
    """Slots and risk, by root; identity and results are learned here."""
    redact: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """Arguments as people may see them."""
    by: str = "agent"
    """Who calls: the agent, or a ``person``."""


class PolicedTools:
    """``ports.Tools`` of one call. What the caller is verified as, and what the back-end answered, is known
    only from tools that passed here."""

    def __init__(self, tools: Tools, gate: Gate, caller: Caller) -> None:
        self._tools = tools
        self._gate = gate
        self._caller = caller
        self._identity: dict[str, Any] = {"verified": False}
        self._results: dict[str, Mapping[str, Any]] = {}

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Run a tool, once the policy, the limits and perhaps a person agree; see ``ports.Tools``.

        Raises ToolError also with ``tool-paused``, ``tool-denied``, ``tool-limit`` and ``tool-not-approved``
        (nothing was done; fact reason) and ``tool-unguarded`` (the ledger or the audit can't be written,
        so nothing was done; trying again may heal it).
        """
        decision = self._decide(name, arguments)
        self._refuse_paused(name)
        if decision.verdict == "deny":
            code = "tool-limit" if decision.reason.startswith("limit:") else "tool-denied"
            raise self._refused(name, key, code, decision.reason)
        counted = await self._cleared(name, arguments, key, decision)
        try:
            result = await self._tools.call(name, arguments, key)
        except ToolError as exc:
            if counted and exc.code in _NOT_DONE:
                await self._settle(Release(key))
            self._note("tool-failed", name, key, exc.code)
            raise
        done = took_effect(self._gate.policy.rules[name], result)
        if counted:
            await self._settle(Finish(key) if done else Release(key))
        self._note("tool-answered", name, key, "done" if done else "nothing done")
        self._learn(name, arguments, result)
        return result

    async def close(self) -> None:
        await self._tools.close()

    def _decide(self, name: str, arguments: Mapping[str, Any]) -> Decision:
        customer = self._identity.get("customer")
        whose = None if customer is None else self._gate.alias(customer)
        at = self._gate.clock()
        request = Request(name, arguments, self._caller.call_id, whose, at, self._caller.by)
        facts = {**self._caller.facts(), "identity": self._identity, "results": self._results}
        return decide(self._gate.policy, request, facts, {})

    async def _cleared(self, name: str, arguments: Mapping[str, Any], key: str, decision: Decision) -> bool:
        """Count it, have it approved and recorded; whether the ledger counts it. Raises ToolError."""
        try:
            if not decision.draws:
                if decision.verdict == "approve":
                    await self._ask(name, arguments, key, decision)
                await self._record("tool-called", name, key, decision)
                return False
            body = await asyncio.to_thread(self._sealed, name, arguments, key)
            found = await self._reserve(name, key, decision, body)
            try:
                if found.state == "held":
                    await self._ask(name, arguments, key, decision)
                    await self._gate.ledger.do(Send(key))
                await self._record("tool-called", name, key, decision)
            except BaseException:
                if found.fresh:
                    await self._settle(Release(key))
                raise
        except LedgerError as exc:
            code = "tool-limit" if exc.code == "limit-exceeded" else "tool-denied"
            raise self._refused(name, key, code, f"{exc.code}: {exc.facts.get('limit', '')}") from exc
        except StoreError as exc:
            raise ToolError("tool-unguarded", f"{name}: {exc.code}", tool=name, reason=exc.code) from exc
        return True

    async def _reserve(self, name: str, key: str, decision: Decision, body: bytes | None) -> Reservation:
        at = self._gate.clock().timestamp()
        expires = at + self._gate.policy.approval_s + _GRACE_S
        sent = decision.verdict == "allow"
        draws = decision.draws
        found = await self._gate.ledger.do(
            Reserve(key, self._caller.call_id, name, draws, at, expires, sent, body)
        )
        assert found is not None
        return found

    async def _ask(self, name: str, arguments: Mapping[str, Any], key: str, decision: Decision) -> None:
        """Wait for a person's yes. Raises ToolError("tool-not-approved")."""
        await self._record("approval-asked", name, key, decision)
        limit_s, shown = self._gate.policy.approval_s, self._caller.redact(arguments)
        request = ApprovalRequest(self._caller.call_id, key, name, shown, decision.reason, limit_s)
        answer = await self._gate.approvals.ask(request)
        if not answer.approved:
            raise self._refused(name, key, "tool-not-approved", answer.why)
        self._refuse_paused(name)

    def _refuse_paused(self, name: str) -> None:
        if (reason := self._gate.paused(self._caller.call_id, name)) is not None:
            raise ToolError("tool-paused", f"{name}: {reason}", tool=name, reason=reason)

    def _refused(self, name: str, key: str, code: str, reason: str) -> ToolError:
        self._note("tool-refused", name, key, f"{code}: {reason}")
        return ToolError(code, f"{name}: {reason}", tool=name, reason=reason)

    def _sealed(self, name: str, arguments: Mapping[str, Any], key: str) -> bytes | None:
        """What ``settle`` needs to send it again. Raises StoreError."""
        if self._gate.policy.rules[name].read_only:
            return None
        body = json.dumps({"tool": name, "arguments": plain_values(arguments)}).encode()
        return self._gate.keys.open(self._caller.call_id).seal(body, key)

    async def _settle(self, op: Finish | Release) -> None:
        """Tell the ledger what became of it; if that fails it stays counted, and ``settle`` sees to it."""
        try:
            await self._gate.ledger.do(op)
        except (LedgerError, StoreError) as exc:
            log.error("ledger: %s", exc.code, extra={"call": self._caller.call_id})

    async def _record(self, kind: str, name: str, key: str, decision: Decision) -> None:
        """Durable before what it permits. Raises StoreError."""
        gate, data = self._gate, {"tool": name, "key": key, "verdict": decision.verdict}
        data |= {"reason": decision.reason, "policy": self._gate.policy.digest}
        told = {**data, "amount": decision.amount, "limits": [d.counter.limit for d in decision.draws]}
        await asyncio.wrap_future(gate.audit.keep(self._caller.call_id, kind, self._caller.now(), told))

    def _note(self, kind: str, name: str, key: str, what: str) -> None:
        data = {"tool": name, "key": key, "what": what}
        try:
            self._gate.audit.note(self._caller.call_id, kind, self._caller.now(), data)
        except StoreError as exc:
            log.error("audit: %s", exc.code, extra={"call": self._caller.call_id})

    def _learn(self, name: str, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Another customer's answers are no longer this one's."""
        identity = self._gate.policy.identity
        if identity is not None and name == identity.tool:
            known = self._identity.get("customer")
            self._identity = {"verified": False}
            if result.get(identity.verified) is True:
                self._identity = {"verified": True, "customer": arguments[identity.customer]}
            if self._identity.get("customer") != known:
                self._results.clear()
        self._results[name] = dict(result)


async def settle(gate: Gate, tools: Tools, before: float) -> dict[str, str]:
    """Send again, under its own key, what was sent before (Unix time) and has no outcome, as after a crash.

    What each key came to: ``done``, ``nothing done``, or the code of what still is in the way.
    """
    found = {}
    for reservation in await gate.ledger.unsettled(before):
        try:
            found[reservation.key] = await _settled(gate, tools, reservation)
        except (ToolError, StoreError, LedgerError) as exc:
            found[reservation.key] = exc.code
    return found


async def _settled(gate: Gate, tools: Tools, reservation: Reservation) -> str:
    rule, key = gate.policy.rules.get(reservation.tool), reservation.key
    if rule is not None and rule.read_only:
        await gate.ledger.do(Finish(key))
        return "done"
    if rule is None or reservation.body is None:
        return "tool-unknown"
    if (reason := gate.paused(reservation.call, reservation.tool)) is not None:
        return reason
    sealed = await asyncio.to_thread(gate.keys.open, reservation.call)
    body = json.loads(sealed.open(reservation.body, key))
    data = {"tool": reservation.tool, "key": key}
    await asyncio.wrap_future(gate.audit.keep(reservation.call, "tool-sent-again", 0.0, data))
    try:
        result = await tools.call(reservation.tool, body["arguments"], key)
        done = took_effect(rule, result)
    except ToolError as exc:
        if exc.code not in _NOT_DONE:
            raise
        done = False
    await gate.ledger.do(Finish(key) if done else Release(key))
    what = "done" if done else "nothing done"
    gate.audit.note(reservation.call, "tool-answered", 0.0, {**data, "what": what})
    return what
