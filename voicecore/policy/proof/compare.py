"""Whether a new policy permits more than an old one, with a request that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import z3

from voicecore.policy.decision import Counter, Request, Spent, decide, took_effect, whose_counter
from voicecore.policy.policy import Policy
from voicecore.policy.proof.asked import Asked, asked, inputs
from voicecore.policy.proof.history import History, whole
from voicecore.policy.proof.sizes import TIMEOUT_MS
from voicecore.policy.proof.symbols import Symbols

_TRIES = 8
"""Examples of z3 that are tried on the policies themselves before the answer is "perhaps"."""
_MONDAY = date(2026, 1, 5)
_CALL, _CUSTOMER = "this call", "this customer"


@dataclass(frozen=True, slots=True)
class Difference:
    """A request that the new policy permits and the old one does not, or not without a person."""

    tool: str
    old: str
    new: str
    """What the policies decide: verdict and reason."""
    confirmed: bool
    """Both policies were asked, and that is what they said; else it may be one that z3 made up."""
    values: Mapping[str, Any]
    """Arguments and facts by root; of an answer, {"result": {...}}."""
    spent: Mapping[Counter, Spent]
    """What was drawn before on the limits of both; by the new one's count where they share a name."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All tools, one difference each at most."""

    differences: tuple[Difference, ...]
    approximated: tuple[str, ...]
    """What was taken to be true or false, as it may."""

    @property
    def more(self) -> bool:
        """Whether the new policy permits more, or may."""
        return bool(self.differences)


def compare(old: Policy, new: Policy) -> Comparison:
    """For any history that both permit: it suffices, as the first request that only one permits tells them
    apart. No difference is a proof; a difference is one if it is ``confirmed``."""
    history, words = History([old, new]), set[str]()
    found = []
    for tool in new.rules:
        found += [
            difference
            for difference in (_more(old, new, tool, history, words), _counts_less(old, new, tool))
            if difference is not None
        ][:1]
    return Comparison(tuple(found), tuple(sorted(words)))


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of z3 about one tool."""

    symbols: Symbols
    history: History
    customer: Any
    policies: tuple[Policy, Policy]
    tool: str


def _more(old: Policy, new: Policy, tool: str, history: History, words: set[str]) -> Difference | None:
    question = _Question(Symbols(), history, z3.Bool("customer"), (old, new), tool)
    before, after = (_permits(question, nth) for nth in (0, 1))
    solver = z3.Solver()
    solver.set("timeout", TIMEOUT_MS)
    solver.add(question.symbols.natural(), history.possible(), after[0])
    solver.add(z3.Or(z3.Not(before[0]), z3.And(before[1], z3.Not(after[1]))))
    words.update(question.symbols.unknown.values())
    last = None
    for difference in _examples(solver, question):
        last = difference
        if difference.confirmed:
            return difference
    return last


def _permits(question: _Question, nth: int) -> tuple[Any, Any]:
    """Policy ``nth`` permits the request; a person must agree."""
    policy = question.policies[nth]
    if question.tool not in policy.rules:
        return z3.BoolVal(False), z3.BoolVal(False)
    one: Asked = asked(question.symbols, policy, question.tool, str(nth))
    fits = question.history.room(question.tool, one.amount, question.customer, nth)
    return z3.And(one.fits, fits), one.asks


def _examples(solver: z3.Solver, question: _Question) -> Iterator[Difference]:
    """What z3 finds, simplest first, each with other inputs than those before."""
    for _ in range(_TRIES):
        answer = solver.check(question.history.length() <= 0)
        if answer != z3.sat:
            answer = solver.check()
        if answer == z3.unknown:
            yield Difference(question.tool, "?", "?", False, {}, {})
        if answer != z3.sat:
            return
        model = solver.model()
        yield _shown(model, question)
        known = question.symbols.inputs.values()
        solver.add(z3.Or([value != model.eval(value, model_completion=True) for value in known]))


def _shown(model: z3.ModelRef, question: _Question) -> Difference:
    """A model as a request, decided by the policies themselves."""
    values = inputs(question.symbols, model)
    customer = _CUSTOMER if z3.is_true(model.eval(question.customer, model_completion=True)) else None
    at, by = _moment(values.pop("time", {})), values.pop("by", "agent")
    arguments = _arguments(values.pop("args", {}), question)
    request = Request(question.tool, arguments, _CALL, customer, at, by)
    decided, spent = [], {}
    for nth, policy in enumerate(question.policies):
        drawn = dict(_spent(model, question, request, nth))
        decided.append(decide(policy, request, values, drawn))
        spent.update(drawn)
    rank = {"deny": 0, "approve": 1, "allow": 2}
    differ = rank[decided[0].verdict] < rank[decided[1].verdict]
    confirmed = differ and question.history.real(model)
    told = [f"{decision.verdict} ({decision.reason})" for decision in decided]
    shown = {
        "args": arguments,
        **values,
        "request": {"by": by, "at": f"{at:%A} {at.isoformat(' ', 'minutes')}"},
    }
    return Difference(question.tool, told[0], told[1], confirmed, shown, spent)


def _spent(
    model: z3.ModelRef, question: _Question, request: Request, nth: int
) -> Iterator[tuple[Counter, Spent]]:
    """What was drawn on the limits of policy ``nth``."""
    for name, limit in question.policies[nth].limits_of(request.tool).items():
        whose = whose_counter(limit, request)
        amount = whole(model, question.history.amount(limit, nth))
        count = whole(model, question.history.count(limit))
        if whose is not None and count:
            yield Counter(name, whose), Spent(amount, count)


def _arguments(found: dict[str, Any], question: _Question) -> dict[str, Any]:
    """What z3 does not know of dates and lists is put right, as far as it does not matter."""
    for name, declared in question.policies[1].shapes[question.tool].arguments.items():
        if name in found and declared.startswith("list"):
            found[name] = []
        elif name in found and declared.startswith("date"):
            found[name] = _date(str(found[name])).isoformat()
    return found


def _moment(time: Mapping[str, Any]) -> datetime:
    day = _date(str(time.get("date", "")))
    if "weekday" in time and "date" not in time:
        day = _MONDAY + timedelta(days=time["weekday"] - 1)
    return datetime(day.year, day.month, day.day, time.get("hour", 12), time.get("minute", 0))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return _MONDAY


def _counts_less(old: Policy, new: Policy, tool: str) -> Difference | None:
    """An answer that counts as done for the old policy only."""
    if tool not in old.rules or not old.limits_of(tool):
        return None
    symbols = Symbols()
    one, other = (asked(symbols, policy, tool, name) for policy, name in ((old, "old"), (new, "new")))
    solver = z3.Solver()
    solver.set("timeout", TIMEOUT_MS)
    solver.add(one.answer, other.answer, one.effective, z3.Not(other.effective))
    answer = solver.check()
    if answer == z3.unsat:
        return None
    values = inputs(symbols, solver.model()) if answer == z3.sat else {}
    result = values.get("result", {})
    confirmed = took_effect(old.rules[tool], result) and not took_effect(new.rules[tool], result)
    return Difference(tool, "counts as done", "does not", confirmed, {"result": result}, {})
