"""Decides whether a tool may be called: pure, total, and closed on everything it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import cel

from voicecore.policy.arguments import of_kind, plain_values
from voicecore.policy.formula import Unclear
from voicecore.policy.policy import Policy, ToolRule
from voicecore.policy.schema import Limit

Verdict = Literal["allow", "approve", "deny"]


@dataclass(frozen=True, slots=True)
class Request:
    """A tool that is to be called."""

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)
    call: str
    customer: str | None = field(repr=False)
    """Whose limits it draws on, once verified; any stable name."""
    at: datetime
    """On the box's own clock; its date is the day that limits count by."""
    by: str = "agent"
    """Who asks: the agent, or a ``person``."""


@dataclass(frozen=True, slots=True, order=True)
class Counter:
    """What a limit has counted for one call, customer or day."""

    limit: str
    whose: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Reserved and done so far."""

    amount: int = 0
    """Cents."""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Draw:
    """What one request takes from a limit."""

    counter: Counter
    amount: int
    most_amount: int | None
    most_count: int | None

    def fits(self, spent: Spent) -> bool:
        """Whether the limit holds with this drawn as well."""
        return (self.most_amount is None or spent.amount + self.amount <= self.most_amount) and (
            self.most_count is None or spent.count + 1 <= self.most_count
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """``approve``: allowed once a person agrees. ``draws`` are to be reserved before the call."""

    verdict: Verdict
    reason: str
    """Code, perhaps with what it is about: ``allowed``, ``no-rule``, ``bad-arguments: NAMES``,
    ``missing-fact: PATH``, ``bad-amount``, ``condition: N`` (of ``when``, from 0), ``unclear: FIELD``,
    ``no-customer: LIMIT``, ``limit: LIMIT``, ``needs-approval``. Never holds a value."""
    amount: int = 0
    """Cents."""
    draws: tuple[Draw, ...] = ()


def decide(
    policy: Policy, request: Request, facts: Mapping[str, Any], spent: Mapping[Counter, Spent]
) -> Decision:
    """``facts``: what is known of the call by root: identity, results, slots, risk. ``spent``: see Draw.

    An error, a missing or mistyped value, or a reservation that does not fit denies.
    """
    rule = policy.rules.get(request.tool)
    if rule is None:
        return _deny("no-rule")
    arguments = plain_values(request.arguments)
    if faults := rule.arguments.faults(arguments):
        return _deny(f"bad-arguments: {', '.join(faults)}")
    values, missing = _values(rule, {**facts, "args": arguments, "time": _time(request.at), "by": request.by})
    if missing:
        return _deny(f"missing-fact: {missing}")
    about, context = "amount", cel.Context(values)
    try:
        amount = rule.amount.value(context)
        if amount < 0:
            return _deny("bad-amount")
        context.add_variable("amount", amount)
        for nth, condition in enumerate(rule.when):
            about = f"when {nth}"
            if not condition.value(context):
                return _deny(f"condition: {nth}")
        about = "approve"
        asks = rule.approve.value(context)
    except Unclear:
        return _deny(f"unclear: {about}")
    draws = []
    for name, limit in policy.limits_of(request.tool).items():
        whose = whose_counter(limit, request)
        if whose is None:
            return _deny(f"no-customer: {name}")
        draw = Draw(Counter(name, whose), amount, limit.amount, limit.count)
        if not draw.fits(spent.get(draw.counter, Spent())):
            return _deny(f"limit: {name}")
        draws.append(draw)
    if asks:
        return Decision("approve", "needs-approval", amount, tuple(draws))
    return Decision("allow", "allowed", amount, tuple(draws))


def took_effect(rule: ToolRule, result: Mapping[str, Any]) -> bool:
    """Whether an answer means that the tool did something; when in doubt it did."""
    known: dict[str, Any] = {}
    for path in rule.effective.paths:
        name = path.removeprefix("result.")
        if result.get(name) is None:
            return True
        known[name] = result[name]
    try:
        return bool(rule.effective.value(cel.Context({"result": known})))
    except Unclear:
        return True


def _deny(reason: str) -> Decision:
    return Decision("deny", reason)


def _time(at: datetime) -> dict[str, Any]:
    return {"hour": at.hour, "minute": at.minute, "weekday": at.isoweekday(), "date": at.date().isoformat()}


def _values(rule: ToolRule, values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What the rule's expressions may see, and the first path that has no value of its kind, or ""."""
    context: dict[str, Any] = {}
    for path, kind in rule.needs.items():
        *roots, name = path.split(".")
        source: Any = values
        target = context
        for root in roots:
            source = source.get(root) if isinstance(source, Mapping) else None
            target = target.setdefault(root, {})
        value = of_kind(source.get(name) if isinstance(source, Mapping) else None, kind)
        if value is None:
            return {}, path
        target[name] = value
    return context, ""


def whose_counter(limit: Limit, request: Request) -> str | None:
    """Whose counter a limit uses; None when that needs a verified customer and there is none."""
    day = request.at.date().isoformat()
    match limit.per:
        case "call":
            return request.call
        case "day":
            return day
        case "customer":
            return request.customer
        case "customer-day":
            return None if request.customer is None else f"{day} {request.customer}"
