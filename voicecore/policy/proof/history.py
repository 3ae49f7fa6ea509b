"""All that may have happened before a request, as sums: by tool, and by whose call, customer and day it was.

Relative to the request, everything before it was in the same call or not, of the same customer or not, on
the same day or not: eight cells, and every counter of every limit is a sum of some of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import z3

from voicecore.policy.expressions import INT_MAX
from voicecore.policy.policy import Policy
from voicecore.policy.proof.asked import asked
from voicecore.policy.proof.symbols import Symbols
from voicecore.policy.schema import Limit, Per, Promise

TIMEOUT_MS = 5000
"""Of one question to z3; what it can't answer counts as not proved."""
_MOST_SIZES = 24
"""Up to so many different amounts a tool's history is exact; beyond, all between the extremes."""
_BITS: Mapping[Per, tuple[int, ...]] = {"call": (0,), "customer": (1,), "customer-day": (1, 2), "day": (2,)}
Cell = tuple[bool, bool, bool]
_EITHER = (True, False)
CELLS: tuple[Cell, ...] = tuple(product(_EITHER, _EITHER, _EITHER))
"""(same call, same customer, same day)"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The amounts that one request to a tool may have."""

    low: int
    high: int
    all: tuple[int, ...] | None
    """Every one of them, where there are few; none at all: the tool is never permitted."""


def sizes(policies: Sequence[Policy], tool: str) -> Sizes:
    """What every one of ``policies`` permits, whatever was before."""
    symbols, solver = Symbols(), z3.Solver()
    solver.set("timeout", TIMEOUT_MS)
    amount = None
    for nth, policy in enumerate(policies):
        if tool not in policy.rules:
            return Sizes(0, 0, ())
        one = asked(symbols, policy, tool, str(nth))
        solver.add(one.fits, *(one.amount <= most for most in _single(policy, tool)))
        if amount is not None:
            solver.add(amount == one.amount)
        amount = one.amount
    assert amount is not None
    solver.add(symbols.natural())
    found: list[int] = []
    while (answer := solver.check()) == z3.sat and len(found) < _MOST_SIZES:
        found.append(solver.model().eval(amount, model_completion=True).as_long())
        solver.add(amount != found[-1])
    if answer == z3.unsat:
        return Sizes(min(found, default=0), max(found, default=0), tuple(sorted(found)))
    return _extremes(symbols, policies, tool)


def _extremes(symbols: Symbols, policies: Sequence[Policy], tool: str) -> Sizes:
    """The least and most amount, or bounds of them where z3 does not know."""
    found = []
    for highest in (False, True):
        best = z3.Optimize()
        best.set("timeout", TIMEOUT_MS)
        one = [asked(symbols, policy, tool, str(nth)) for nth, policy in enumerate(policies)]
        best.add(*(part.fits for part in one), *(part.amount == one[0].amount for part in one[1:]))
        best.add(*(one[0].amount <= most for policy in policies for most in _single(policy, tool)))
        best.add(symbols.natural())
        goal = best.maximize(one[0].amount) if highest else best.minimize(one[0].amount)
        known = best.check() == z3.sat and z3.is_int_value(goal.value())
        found.append(goal.value().as_long() if known else INT_MAX if highest else 0)
    return Sizes(found[0], found[1], None)


def _single(policy: Policy, tool: str) -> Iterable[int]:
    """What limits say about one request alone; none may be made where a count is 0."""
    for limit in policy.limits_of(tool).values():
        if limit.count == 0:
            yield -1
        elif limit.amount is not None:
            yield limit.amount


class History:
    """Everything that all of some policies permitted before one request."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = policies
        self.tools = sorted(
            {tool for policy in policies for limit in _bounds(policy) for tool in limit.tools}
        )
        self.sizes = {tool: sizes(policies, tool) for tool in self.tools}
        self.times: dict[tuple[str, Cell], dict[int, Any]] = {}
        """How often, by amount; the amounts -1 and -2 stand for a count and a sum of any."""
        for tool, cell in product(self.tools, CELLS):
            known = self.sizes[tool].all
            amounts = (-1, -2) if known is None else known
            name = f"{tool} {''.join(map(str, map(int, cell)))}"
            self.times[tool, cell] = {amount: z3.Int(f"{name} {amount}") for amount in amounts}

    def possible(self) -> Any:
        """What is true of it: sums of permitted amounts, within all limits."""
        parts = [number >= 0 for times in self.times.values() for number in times.values()]
        for (tool, _), times in self.times.items():
            if -1 in times:
                size, count, total = self.sizes[tool], times[-1], times[-2]
                parts += [total >= count * size.low, total <= count * size.high]
        for policy in self._policies:
            parts += [self.within(limit) for limit in policy.limits.values()]
        return z3.And(parts)

    def amount(self, bound: Limit | Promise) -> Any:
        """Cents that count towards ``bound`` for the request's own call, customer or day."""
        return z3.Sum([z3.IntVal(0), *(total for total, _ in self._sums(bound))])

    def count(self, bound: Limit | Promise) -> Any:
        """Requests that count towards it."""
        return z3.Sum([z3.IntVal(0), *(count for _, count in self._sums(bound))])

    def within(self, bound: Limit | Promise) -> Any:
        """It holds."""
        parts = []
        if bound.amount is not None:
            parts.append(self.amount(bound) <= bound.amount)
        if bound.count is not None:
            parts.append(self.count(bound) <= bound.count)
        return z3.And(parts)

    def length(self) -> Any:
        """How many requests there were."""
        return z3.Sum([z3.IntVal(0), *(_sums(times)[1] for times in self.times.values())])

    def elsewhere(self) -> Any:
        """How many of them in another call, of another customer or on another day."""
        counts = [_sums(times)[1] for (_, cell), times in self.times.items() if cell != CELLS[0]]
        return z3.Sum([z3.IntVal(0), *counts])

    def told(self, model: z3.ModelRef) -> dict[tuple[str, Cell], list[tuple[int, int]]]:
        """A model's history: (tool, cell) -> (amount, how often) of its requests."""
        found = {}
        for where, times in self.times.items():
            number = {k: model.eval(n, model_completion=True).as_long() for k, n in times.items()}
            if -1 in times and number[-1]:
                each, more = divmod(number[-2], number[-1])
                told = [(each + 1, more), (each, number[-1] - more)]
            else:
                told = [] if -1 in times else list(number.items())
            found[where] = [(amount, often) for amount, often in told if often]
        return {where: told for where, told in found.items() if told}

    def _sums(self, bound: Limit | Promise) -> Iterable[tuple[Any, Any]]:
        for (tool, cell), times in self.times.items():
            if tool in bound.tools and all(cell[bit] for bit in _BITS[bound.per]):
                yield _sums(times)


def _bounds(policy: Policy) -> list[Limit | Promise]:
    return [*policy.limits.values(), *policy.promises.values()]


def _sums(times: Mapping[int, Any]) -> tuple[Any, Any]:
    """Cents and requests."""
    if -1 in times:
        return times[-2], times[-1]
    cents = [amount * number for amount, number in times.items()]
    return z3.Sum([z3.IntVal(0), *cents]), z3.Sum([z3.IntVal(0), *times.values()])


def room(policy: Policy, tool: str, amount: Any, history: History, customer: Any) -> Any:
    """The limits hold with one more request to ``tool``."""
    parts = []
    for limit in policy.limits_of(tool).values():
        if limit.per.startswith("customer"):
            parts.append(customer)
        if limit.amount is not None:
            parts.append(history.amount(limit) + amount <= limit.amount)
        if limit.count is not None:
            parts.append(history.count(limit) + 1 <= limit.count)
    return z3.And(parts)
