"""All that may have happened before a request, as sums: by tool, and by whose call, customer and day it was.

Relative to the request, everything before it was in the same call or not, of the same customer or not, on
the same day or not: eight cells, and every counter of every limit is a sum of some of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import z3

from voicecore.policy.policy import Policy
from voicecore.policy.proof.sizes import Size, Sizes
from voicecore.policy.schema import Limit, Per, Promise

_BITS: Mapping[Per, tuple[int, ...]] = {"call": (0,), "customer": (1,), "customer-day": (1, 2), "day": (2,)}
_EITHER = (True, False)
Cell = tuple[bool, bool, bool]
CELLS: tuple[Cell, ...] = tuple(product(_EITHER, _EITHER, _EITHER))
"""(same call, same customer, same day)"""


@dataclass(frozen=True, slots=True)
class Tally:
    """The requests to one tool in one cell."""

    count: Any
    totals: tuple[Any, ...]
    """Cents, by policy."""
    numbers: Mapping[Size, Any] | None
    """How often each size, where all sizes are known."""
    possible: Any
    """What is true of it."""

    @staticmethod
    def of(name: str, sizes: Sizes) -> Tally:
        """``name`` tells it from the others."""
        if sizes.all is not None:
            numbers = {size: z3.Int(f"{name} {size}") for size in sizes.all}
            totals = tuple(
                _sum(size[nth] * number for size, number in numbers.items()) for nth in range(len(sizes.low))
            )
            possible = z3.And([number >= 0 for number in numbers.values()])
            return Tally(_sum(numbers.values()), totals, numbers, possible)
        count = z3.Int(f"{name} count")
        totals = tuple(z3.Int(f"{name} cents {0 if sizes.alike else nth}") for nth in range(len(sizes.low)))
        parts = [count >= 0]
        for total, low, high in zip(totals, sizes.low, sizes.high, strict=True):
            parts += [total >= count * low, total <= count * high]
        return Tally(count, totals, None, z3.And(parts))


class History:
    """Everything that all of some policies permitted before one request."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = policies
        bounds = [
            bound for policy in policies for bound in (*policy.limits.values(), *policy.promises.values())
        ]
        tools = sorted({tool for bound in bounds for tool in bound.tools})
        self._sizes = {tool: Sizes.of(policies, tool) for tool in tools}
        self._tallies = {
            (tool, cell): Tally.of(f"{tool} {cell}", self._sizes[tool])
            for tool, cell in product(tools, CELLS)
        }

    def possible(self) -> Any:
        """What is true of it: sums of permitted amounts, within all limits of all policies."""
        parts = [tally.possible for tally in self._tallies.values()]
        for nth, policy in enumerate(self._policies):
            parts += [self.within(limit, nth) for limit in policy.limits.values()]
        return z3.And(parts)

    def amount(self, bound: Limit | Promise, nth: int = 0) -> Any:
        """Cents that count towards ``bound`` of policy ``nth``, for the request's call, customer or day."""
        return _sum(tally.totals[nth] for tally in self._of(bound))

    def count(self, bound: Limit | Promise) -> Any:
        """Requests that count towards it."""
        return _sum(tally.count for tally in self._of(bound))

    def within(self, bound: Limit | Promise, nth: int = 0) -> Any:
        """It holds."""
        parts = []
        if bound.amount is not None:
            parts.append(self.amount(bound, nth) <= bound.amount)
        if bound.count is not None:
            parts.append(self.count(bound) <= bound.count)
        return z3.And(parts)

    def room(self, tool: str, amount: Any, customer: Any, nth: int = 0) -> Any:
        """The limits of policy ``nth`` hold with one more request; ``customer``: whether it has one."""
        parts = []
        for limit in self._policies[nth].limits_of(tool).values():
            if limit.per.startswith("customer"):
                parts.append(customer)
            if limit.amount is not None:
                parts.append(self.amount(limit, nth) + amount <= limit.amount)
            if limit.count is not None:
                parts.append(self.count(limit) + 1 <= limit.count)
        return z3.And(parts)

    def length(self) -> Any:
        """How many requests there were."""
        return _sum(tally.count for tally in self._tallies.values())

    def elsewhere(self) -> Any:
        """How many of them in another call, of another customer or on another day."""
        return _sum(tally.count for (_, cell), tally in self._tallies.items() if cell != CELLS[0])

    def told(self, model: z3.ModelRef) -> dict[tuple[str, Cell], dict[int, int]]:
        """A model's history: how often which amount, by tool and cell; amounts of the first policy."""
        told = {where: _told(tally, model) for where, tally in self._tallies.items()}
        return {where: amounts for where, amounts in told.items() if amounts}

    def real(self, model: z3.ModelRef) -> bool:
        """Whether the requests that ``told`` tells are surely permitted."""
        return all(
            self._sizes[tool].all is not None or all(map(self._sizes[tool].permitted, amounts))
            for (tool, _), amounts in self.told(model).items()
        )

    def _of(self, bound: Limit | Promise) -> Iterator[Tally]:
        for (tool, cell), tally in self._tallies.items():
            if tool in bound.tools and all(cell[bit] for bit in _BITS[bound.per]):
                yield tally


def whole(model: z3.ModelRef, number: Any) -> int:
    """A model's value of an integer."""
    return int(model.eval(number, model_completion=True).as_long())


def _told(tally: Tally, model: z3.ModelRef) -> dict[int, int]:
    told: dict[int, int] = {}
    if tally.numbers is not None:
        for size, number in tally.numbers.items():
            told[size[0]] = told.get(size[0], 0) + whole(model, number)
    elif count := whole(model, tally.count):
        each, more = divmod(whole(model, tally.totals[0]), count)
        told = {each: count - more, each + 1: more}
    return {amount: often for amount, often in told.items() if often}


def _sum(parts: Iterable[Any]) -> Any:
    return z3.Sum([z3.IntVal(0), *parts])
