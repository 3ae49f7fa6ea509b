"""Pairs of small policies, and by counting every case whether the second permits more than the first.

The truth is found by trying: from nothing, every request that both policies permit leads to another state
of their counters, until one request is permitted by the new policy only. What was before in another call,
of another customer or on another day is always another one's that did nothing else, as the worst case has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from random import Random
from typing import Any

import yaml

from voicecore.policy import Counter, Decision, Draw, Policy, Request, Spent, decide

TOOLS = """
tools:
  look: {arguments: {who: string}, returns: {ok: boolean}}
  pay: {read_only: false, arguments: {n: integer}, returns: {}}
  wipe: {read_only: false, arguments: {n: integer}, returns: {}}
"""
_NUMBERS = range(-2, 9)
_AMOUNTS = ("args.n", "args.n * 2", "1", "args.n + 1", "args.n > 2 ? 3 : 1", "0")
_CONDITIONS = (
    "slots.calm",
    "!slots.calm",
    "args.n != 2",
    "args.n % 2 == 0",
    "amount <= 2",
    "amount < 4",
    "time.hour < 12",
    "slots.calm || args.n < 2",
    "args.n in [0, 1, 4]",
    "7 / args.n > 2",
)
_THRESHOLDS = ("false", "amount > 1", "amount > 2", "slots.calm", "args.n == 3", "time.hour < 12")
_PER = ("call", "customer", "customer-day", "day")
_HOURS = (9, 15)
_MOST_STATES = 20_000
_RANK = {"deny": 0, "approve": 1, "allow": 2}

Data = dict[str, Any]
Cell = tuple[bool, bool, bool]
_EITHER = (True, False)
CELLS: tuple[Cell, ...] = tuple(product(_EITHER, _EITHER, _EITHER))
"""(same call, same customer, same day) as the request that tells the policies apart."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A policy, and one that differs in one or two places."""

    old: Policy
    new: Policy
    more: bool
    """Whether the new one permits more, by trying."""


def pairs(number: int, seed: int) -> Iterator[Pair]:
    """``number`` of them, the same for the same seed."""
    chance = Random(seed)
    while number:
        data = _base(chance)
        old, new = _policy(data), _policy(_mutated(data, chance))
        more = permits_more(old, new)
        if more is not None:
            number -= 1
            yield Pair(old, new, more)


def permits_more(old: Policy, new: Policy) -> bool | None:
    """The truth; None where there are too many states to try."""
    cases = [(old_one, new_one) for old_one, new_one in _decisions(old, new) if new_one.verdict != "deny"]
    both = [case for case in cases if case[0].verdict != "deny"]
    start: frozenset[tuple[str, Spent]] = frozenset()
    seen, todo = {start}, [start]
    while todo:
        spent = dict(todo.pop())
        if any(_rank(case[0], spent) < _rank(case[1], spent) for case in cases):
            return True
        for case, cell in product(both, CELLS):
            after = _after(case, spent, cell)
            if after is not None and after not in seen:
                seen.add(after)
                todo.append(after)
        if len(seen) > _MOST_STATES:
            return None
    return False


def _decisions(old: Policy, new: Policy) -> Iterator[tuple[Decision, Decision]]:
    """Every request, decided by both; counters are called "old.LIMIT PER" and so on."""
    known = set()
    who = ("customer", None)
    for tool, n, calm, hour, customer in product(("pay", "wipe"), _NUMBERS, _EITHER, _HOURS, who):
        request = Request(tool, {"n": n}, "call", customer, datetime(2026, 1, 5, hour))
        facts = {"slots": {"calm": calm}}
        case = tuple(
            _named(decide(policy, request, facts, {}), policy, name)
            for policy, name in ((old, "old"), (new, "new"))
        )
        if case not in known:
            known.add(case)
            yield case[0], case[1]


def _named(decision: Decision, policy: Policy, name: str) -> Decision:
    draws = []
    for draw in decision.draws:
        limit = draw.counter.limit
        counter = Counter(f"{name}.{limit}", policy.limits[limit].per)
        draws.append(Draw(counter, draw.amount, draw.most_amount, draw.most_count))
    return replace(decision, reason="", draws=tuple(draws))


def _rank(decision: Decision, spent: Mapping[str, Spent]) -> int:
    fits = all(draw.fits(spent.get(_key(draw), Spent())) for draw in decision.draws)
    return _RANK[decision.verdict] if fits else 0


def _after(
    case: tuple[Decision, Decision], spent: Mapping[str, Spent], cell: Cell
) -> frozenset[tuple[str, Spent]] | None:
    """The counters after a request in ``cell``; None where one of the policies refuses it."""
    after = dict(spent)
    for draw in (*case[0].draws, *case[1].draws):
        if not _ours(draw.counter.whose, cell):
            continue
        before = spent.get(_key(draw), Spent())
        if not draw.fits(before):
            return None
        amount = before.amount + draw.amount if draw.most_amount is not None else 0
        after[_key(draw)] = Spent(amount, before.count + 1 if draw.most_count is not None else 0)
    return frozenset(after.items())


def _key(draw: Draw) -> str:
    return draw.counter.limit


def _ours(per: str, cell: Cell) -> bool:
    """Whether a request in ``cell`` draws on the counter looked at."""
    call, customer, day = cell
    return {"call": call, "customer": customer, "customer-day": customer and day, "day": day}[per]


def _policy(data: Data) -> Policy:
    return Policy.parse(yaml.safe_dump(data), TOOLS)


def _base(chance: Random) -> Data:
    limits = {"first": _limit(chance, ["pay", "wipe"])}
    if chance.random() < 0.5:
        limits["second"] = _limit(chance, [chance.choice(["pay", "wipe"])])
    return {
        "identity": {"tool": "look", "verified": "ok", "customer": "who"},
        "facts": {"slots.calm": "boolean"},
        "rules": {tool: _rule(chance) for tool in ("pay", "wipe")},
        "limits": limits,
    }


def _rule(chance: Random) -> Data:
    low, high = sorted(chance.choices(range(6), k=2))
    return {
        "arguments": {"n": {"minimum": low, "maximum": high}},
        "amount": chance.choice(_AMOUNTS),
        "when": chance.sample(_CONDITIONS, chance.randrange(3)),
        "approve": chance.choice(_THRESHOLDS),
    }


def _limit(chance: Random, tools: list[str]) -> Data:
    limit: Data = {"tools": tools, "per": chance.choice(_PER), "amount": chance.randrange(7)}
    if chance.random() < 0.5:
        limit["count"] = chance.randrange(4)
    return limit


def _mutated(data: Data, chance: Random) -> Data:
    """A copy with one or two changes, each anywhere."""
    new: Data = yaml.safe_load(yaml.safe_dump(data))
    for _ in range(chance.choice((1, 1, 2))):
        rule = new["rules"][chance.choice(("pay", "wipe"))]
        limit = new["limits"][chance.choice(list(new["limits"]))]
        match chance.randrange(9):
            case 0:
                rule["amount"] = chance.choice(_AMOUNTS)
            case 1:
                rule["when"] = chance.sample(_CONDITIONS, chance.randrange(3))
            case 2:
                rule["approve"] = chance.choice(_THRESHOLDS)
            case 3:
                rule["arguments"]["n"]["maximum"] += chance.choice((-1, 1))
            case 4:
                rule["arguments"]["n"]["minimum"] += chance.choice((-1, 1))
            case 5:
                limit["per"] = chance.choice(_PER)
            case 6 | 7:
                limit["amount"] = max(0, limit["amount"] + chance.choice((-2, -1, 1, 2)))
            case 8:
                limit["count"] = chance.randrange(5)
    return new
