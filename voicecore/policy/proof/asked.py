"""Any request to a tool, as formulas: when a policy permits it, and what the answer of z3 looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import z3

from voicecore.policy.arguments import KINDS
from voicecore.policy.policy import Policy, ToolRule
from voicecore.policy.proof.symbols import Symbols, Translator, holds
from voicecore.policy.schema import Kind

CUSTOMER = "customer?"
"""Whether the request has a customer to draw on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to one tool under one policy; the limits come on top."""

    fits: Any
    """Everything holds but the limits."""
    amount: Any
    """In cents, where ``fits``."""
    asks: Any
    """A person must agree, where ``fits``."""
    answer: Any
    """An answer has what the tool always returns."""
    effective: Any
    """An answer counts as done."""


def asked(symbols: Symbols, policy: Policy, tool: str, name: str) -> Asked:
    """``name``: of the policy, in this question."""
    rule = policy.rules[tool]
    amount_paths = rule.amount.paths | rule.approve.paths
    used = amount_paths.union(*(condition.paths for condition in rule.when))
    translator = Translator(symbols, {**rule.needs, **_answer_kinds(policy, tool)}, name)
    amount = translator.term(rule.amount.node)
    translator.set_amount(amount)
    when = [translator.term(condition.node) for condition in rule.when]
    approve, effective = translator.term(rule.approve.node), translator.term(rule.effective.node)
    fits = z3.And(
        *_arguments(symbols, rule),
        *(symbols.present(path, rule.needs[path]) for path in sorted(used - {"amount"})),
        *(amount.ok, amount.value >= 0),
        *(part for term in when for part in (term.ok, term.value)),
        approve.ok,
    )
    kinds, returns = _answer_kinds(policy, tool), policy.shapes[tool].returns
    always = [path for path in kinds if not returns[path.removeprefix("result.")].endswith("?")]
    answer = z3.And([symbols.present(path, kinds[path]) for path in always])
    known = z3.And([symbols.present(path, kinds[path]) for path in sorted(rule.effective.paths)])
    counts = z3.Or(z3.Not(known), z3.Not(effective.ok), effective.value)
    return Asked(fits, amount.value, approve.value, answer, counts)


def _arguments(symbols: Symbols, rule: ToolRule) -> Iterator[Any]:
    """The schema of the arguments; what is declared optional may be missing."""
    for name, declared in rule.arguments.declared.items():
        path, plain = f"args.{name}", declared.removesuffix("?")
        schema = rule.arguments.schemas.get(name, {})
        kind = KINDS.get(plain, "boolean")
        if plain in KINDS:
            fits = holds(symbols, path, kind, schema)
        else:  # A list: whether it fits is one unknown.
            fits = symbols.opaque(f"{path} {schema}", kind, f"the list {path}") if schema else True
        present = symbols.present(path, kind)
        yield z3.Implies(present, fits) if declared.endswith("?") else z3.And(present, fits)


def _answer_kinds(policy: Policy, tool: str) -> dict[str, Kind]:
    returns = {name: kind.removesuffix("?") for name, kind in policy.shapes[tool].returns.items()}
    return {f"result.{name}": KINDS[kind] for name, kind in returns.items() if kind in KINDS}


def inputs(symbols: Symbols, model: z3.ModelRef) -> dict[str, Any]:
    """What a model says of the inputs that it says are there, by root: {"args": {...}, "time": {...}}."""
    found: dict[str, Any] = {}
    for (path, kind), value in sorted(symbols.inputs.items()):
        if z3.is_true(model.eval(symbols.present(path, kind), model_completion=True)):
            *roots, name = path.split(".")
            target = found
            for root in roots:
                target = target.setdefault(root, {})
            target[name] = python(model.eval(value, model_completion=True))
    return found


def python(value: Any) -> Any:
    """A value of z3 as one of ours."""
    if z3.is_int_value(value):
        return value.as_long()
    if z3.is_rational_value(value):
        return float(value.as_fraction())
    if z3.is_string_value(value):
        return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), value.as_string())
    return z3.is_true(value)
