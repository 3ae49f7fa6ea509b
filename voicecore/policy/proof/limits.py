"""Proves that no allowed sequence of requests exceeds what a policy states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import z3

from voicecore.errors import ConfigError
from voicecore.policy.policy import Policy
from voicecore.policy.proof.asked import asked
from voicecore.policy.proof.history import Cell, History, whole
from voicecore.policy.proof.sizes import TIMEOUT_MS
from voicecore.policy.proof.symbols import Symbols
from voicecore.policy.schema import Limit, Promise

_LONGEST = 1 << 20
Status = Literal["proved", "broken", "unknown"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing to be proved, and what became of it."""

    about: str
    """``limit NAME``, ``promise NAME`` or ``effective TOOL``."""
    status: Status
    example: str = ""
    """What breaks it, in words."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What z3 found about one policy."""

    claims: tuple[Claim, ...]
    never: tuple[str, ...]
    """Tools whose rule permits no request at all."""
    approximated: tuple[str, ...]
    """What was taken to hold whenever it might: a proof is sound, a counterexample may not be real."""

    @property
    def proved(self) -> bool:
        return all(claim.status == "proved" for claim in self.claims)


def prove(policy: Policy) -> Proof:
    """Every limit and promise, by induction over any sequence of permitted requests.

    The step: after any history within all limits, one more request that is permitted leaves each of them
    kept. A promise follows from what histories within the limits can add up to.
    """
    history, words = History([policy]), set[str]()
    claims = [_limit_claim(policy, name, limit, history, words) for name, limit in policy.limits.items()]
    claims += [_promise_claim(name, promise, history) for name, promise in policy.promises.items()]
    claims += [_effect_claim(policy, tool) for tool in policy.rules if policy.limits_of(tool)]
    never = [tool for tool in policy.rules if _never(policy, tool, words)]
    return Proof(tuple(claims), tuple(never), tuple(sorted(words)))


def require_proved(policy: Policy) -> None:
    """Raise ConfigError("policy-unproved") unless every claim is proved."""
    failed = [claim for claim in prove(policy).claims if claim.status != "proved"]
    if failed:
        message = "\n".join(f"{claim.about}: {claim.status}: {claim.example}" for claim in failed)
        raise ConfigError("policy-unproved", message, claim=failed[0].about)


def _limit_claim(policy: Policy, name: str, limit: Limit, history: History, words: set[str]) -> Claim:
    """No permitted request to any of its tools leaves the limit exceeded."""
    for tool in limit.tools:
        symbols = Symbols()
        request = asked(symbols, policy, tool, "")
        solver = _solver(request.fits, symbols.natural(), history.possible())
        solver.add(history.room(tool, request.amount, z3.Bool("customer")))
        words.update(symbols.unknown.values())
        after = [request.amount >= 0]
        if limit.amount is not None:
            after.append(history.amount(limit) + request.amount <= limit.amount)
        if limit.count is not None:
            after.append(history.count(limit) + 1 <= limit.count)
        solver.add(z3.Not(z3.And(after)))
        status = _status(solver)
        if status != "proved":
            return Claim(f"limit {name}", status, f"a request to {tool}")
    return Claim(f"limit {name}", "proved")


def _promise_claim(name: str, promise: Promise, history: History) -> Claim:
    """No history within all limits adds up to more than was promised."""
    solver = _solver(history.possible(), z3.Not(history.within(promise)))
    status = _status(solver)
    if status != "broken":
        return Claim(f"promise {name}", status)
    model = _simplest(solver, history)
    total, count = (whole(model, part) for part in (history.amount(promise), history.count(promise)))
    told = "; ".join(
        f"{tool} " + ", ".join(f"{often} x {amount}" for amount, often in amounts.items()) + _where(cell)
        for (tool, cell), amounts in sorted(history.told(model).items())
        if tool in promise.tools
    )
    bound = f"{promise.amount} cents" if promise.amount is not None else ""
    bound += f"{' or ' if bound else ''}{promise.count} times" if promise.count is not None else ""
    return Claim(f"promise {name}", "broken", f"{total} cents in {count}, promised {bound}: {told}")


def _effect_claim(policy: Policy, tool: str) -> Claim:
    """Some answer counts as done; else its limits would count nothing."""
    request = asked(Symbols(), policy, tool, "")
    if (answer := _solver(request.answer, request.effective).check()) == z3.sat:
        return Claim(f"effective {tool}", "proved")
    return Claim(
        f"effective {tool}", "broken" if answer == z3.unsat else "unknown", "no answer counts as done"
    )


def _never(policy: Policy, tool: str, words: set[str]) -> bool:
    symbols = Symbols()
    request = asked(symbols, policy, tool, "")
    words.update(symbols.unknown.values())
    return bool(_solver(request.fits, symbols.natural()).check() == z3.unsat)


def _solver(*facts: Any) -> z3.Solver:
    solver = z3.Solver()
    solver.set("timeout", TIMEOUT_MS)
    solver.add(*facts)
    return solver


def _status(solver: z3.Solver) -> Status:
    answer = solver.check()
    return "proved" if answer == z3.unsat else "broken" if answer == z3.sat else "unknown"


def _simplest(solver: z3.Solver, history: History) -> z3.ModelRef:
    """A model of a satisfiable question: in one call of one customer if that will do, with few requests."""
    model, only = solver.model(), [history.elsewhere() == 0]
    if solver.check(*only) != z3.sat:
        only = []
    most = 1
    while most < _LONGEST:
        if solver.check(*only, history.length() <= most) == z3.sat:
            return solver.model()
        most *= 2
    return model


def _where(cell: Cell) -> str:
    other = [name for same, name in zip(cell, ("call", "customer", "day"), strict=True) if not same]
    return f" (other {', '.join(other)})" if other else ""
