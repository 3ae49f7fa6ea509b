"""Which amounts one request to a tool may have, under every policy at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from voicecore.policy.expressions import INT_MAX
from voicecore.policy.policy import Policy
from voicecore.policy.proof.asked import asked
from voicecore.policy.proof.symbols import Symbols

TIMEOUT_MS = 5000
"""Of one question to z3; what it can't answer counts as not proved."""
_MOST = 24
"""Up to so many different amounts are told one by one; beyond, only the extremes."""
Size = tuple[int, ...]
"""Cents of one request, by policy."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The amounts of requests that all policies permit, whatever was before."""

    low: Size
    high: Size
    alike: bool
    """All policies always take the same amount."""
    all: tuple[Size, ...] | None
    """Every one of them, where there are few; none at all: the tool is never permitted by all."""
    _solver: z3.Solver | None = field(default=None, repr=False)
    _amounts: tuple[Any, ...] = field(default=(), repr=False)

    @staticmethod
    def of(policies: Sequence[Policy], tool: str) -> Sizes:
        """What z3 finds out about a tool."""
        never = (0,) * len(policies)
        if any(tool not in policy.rules for policy in policies):
            return Sizes(never, never, True, ())
        symbols, solver = Symbols(), z3.Solver()
        solver.set("timeout", TIMEOUT_MS)
        one = [asked(symbols, policy, tool, str(nth)) for nth, policy in enumerate(policies)]
        amounts = tuple(part.amount for part in one)
        solver.add(*(part.fits for part in one), symbols.natural())
        for amount, policy in zip(amounts, policies, strict=True):
            solver.add(*(amount <= most for most in _single(policy, tool)))
        found, finished = _few(solver, amounts)
        if finished:
            low, high = ((*map(pick, zip(*found, strict=True)),) if found else never for pick in (min, max))
            alike = all(len(set(size)) == 1 for size in found)
            return Sizes(low, high, alike, tuple(sorted(found)))
        differ = z3.Or([amount != amounts[0] for amount in amounts])
        alike = solver.check(differ) == z3.unsat
        low = tuple(_extreme(solver, amount, highest=False) for amount in amounts)
        high = tuple(_extreme(solver, amount, highest=True) for amount in amounts)
        return Sizes(low, high, alike, None, solver, amounts)

    def permitted(self, cents: int) -> bool:
        """Whether a request of just that amount surely is; for ``alike`` ones of which there are many."""
        if self._solver is None or not self.alike:
            return False
        return bool(self._solver.check(self._amounts[0] == cents) == z3.sat)


def _single(policy: Policy, tool: str) -> Iterator[int]:
    """What limits say about one request alone; none may be made where a count is 0."""
    for limit in policy.limits_of(tool).values():
        if limit.count == 0:
            yield -1
        elif limit.amount is not None:
            yield limit.amount


def _few(solver: z3.Solver, amounts: Sequence[Any]) -> tuple[list[Size], bool]:
    """Some sizes, and whether these are all."""
    found: list[Size] = []
    solver.push()
    while (answer := solver.check()) == z3.sat and len(found) < _MOST:
        model = solver.model()
        found.append(tuple(model.eval(amount, model_completion=True).as_long() for amount in amounts))
        solver.add(z3.Or([amount != cents for amount, cents in zip(amounts, found[-1], strict=True)]))
    solver.pop()
    return found, answer == z3.unsat


def _extreme(solver: z3.Solver, amount: Any, highest: bool) -> int:
    """The most or least amount; a bound of it where z3 does not know."""
    best = z3.Optimize()
    best.set("timeout", TIMEOUT_MS)
    best.add(solver.assertions())
    goal = best.maximize(amount) if highest else best.minimize(amount)
    if best.check() == z3.sat and z3.is_int_value(goal.value()):
        return int(goal.value().as_long())
    return INT_MAX if highest else 0
