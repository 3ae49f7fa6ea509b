"""Translates conditions and JSON Schemas into z3: exactly, or into something that holds no less often.

What z3 is not told (regular expressions, arithmetic on doubles, the size of a text) becomes an unknown of
its own, the same wherever the same text stands: it may be true and false, so whatever is proved, holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from voicecore.policy.expressions import (
    INT_MAX,
    INT_MIN,
    Binary,
    Call,
    Choice,
    Literal,
    Member,
    Node,
    Path,
    Unary,
    paths,
)
from voicecore.policy.kinds import kind_of
from voicecore.policy.schema import Kind

_SORTS: Mapping[Kind, Any] = {
    "boolean": z3.BoolSort,
    "integer": z3.IntSort,
    "number": z3.RealSort,
    "string": z3.StringSort,
}
_LAST_CHARACTER = 0x2FFFF
_RANGES = {"time.hour": (0, 23), "time.minute": (0, 59), "time.weekday": (1, 7)}


@dataclass(frozen=True, slots=True)
class Term:
    """A value, and whether it has one: overflow and division by zero have none."""

    value: Any
    ok: Any


class Symbols:
    """The unknowns of one question: the same path is the same unknown in every policy that it is about."""

    def __init__(self) -> None:
        self.inputs: dict[tuple[str, Kind], Any] = {}
        self.unknown: dict[str, str] = {}
        """What was not translated -> in which words."""
        self._opaque: dict[str, Any] = {}

    def input(self, path: str, kind: Kind) -> Any:
        """The value of ``path``, if it has one."""
        if (path, kind) not in self.inputs:
            self.inputs[path, kind] = z3.Const(f"{path}:{kind}", _SORTS[kind]())
        return self.inputs[path, kind]

    def present(self, path: str, kind: Kind) -> Any:
        """Whether ``path`` has a value of its kind."""
        self.input(path, kind)
        return z3.BoolVal(True) if path.startswith("time.") or path == "by" else z3.Bool(f"{path}:{kind}?")

    def natural(self) -> Any:
        """What is true of all inputs: 64 bits, and the clock."""
        facts = []
        for (path, kind), value in self.inputs.items():
            if kind == "integer":
                low, high = _RANGES.get(path, (INT_MIN, INT_MAX))
                facts += [value >= low, value <= high]
        return z3.And(facts)

    def opaque(self, name: str, kind: Kind, words: str) -> Any:
        """An unknown value of its own, the same for the same ``name``."""
        self.unknown[name] = words
        return self._opaque.setdefault(name, z3.Const(f"?{name}", _SORTS[kind]()))


class Translator:
    """Translates the expressions of one tool in one policy."""

    def __init__(self, symbols: Symbols, kinds: Mapping[str, Kind], policy: str) -> None:
        """``kinds``: of the paths in use; ``policy`` tells its amount from another's."""
        self._symbols = symbols
        self._kinds = dict(kinds)
        self._policy = policy
        self._amount: Term | None = None

    def set_amount(self, amount: Term) -> None:
        """From here on, ``amount`` in an expression is this."""
        self._amount = amount
        self._kinds["amount"] = "integer"

    def term(self, node: Node) -> Term:
        """The value of an expression whose kinds fit."""
        match node:
            case Literal(value) if _sayable(value):
                return Term(constant(value), _TRUE)
            case Path("amount") if self._amount is not None:
                return self._amount
            case Path(name):
                return Term(self._symbols.input(name, self._kinds[name]), _TRUE)
            case Unary("!", of):
                inner = self.term(of)
                return Term(z3.Not(inner.value), inner.ok)
            case Unary(_, of) if self._kind(of) == "integer":
                inner = self.term(of)  # The engine negates like a processor does.
                return Term(z3.If(inner.value == INT_MIN, inner.value, -inner.value), inner.ok)
            case Binary("&&" | "||" as op, left, right):
                return _logical(op, self.term(left), self.term(right))
            case Binary(op, left, right) if op in _COMPARE:
                a, b = self.term(left), self.term(right)
                return Term(_COMPARE[op](a.value, b.value), z3.And(a.ok, b.ok))
            case Binary(op, left, right) if self._kind(left) == "integer":
                return _arithmetic(op, self.term(left), self.term(right))
            case Choice(when, then, other):
                c, a, b = self.term(when), self.term(then), self.term(other)
                return Term(z3.If(c.value, a.value, b.value), z3.And(c.ok, z3.If(c.value, a.ok, b.ok)))
            case Member(of, items):
                one, many = self.term(of), [self.term(item) for item in items]
                ok = z3.And(one.ok, *(item.ok for item in many))
                return Term(z3.Or([one.value == item.value for item in many]), ok)
            case Call("startsWith" | "endsWith" | "contains" as name, (target, part)):
                a, b = self.term(target), self.term(part)
                return Term(_TEXT[name](a.value, b.value), z3.And(a.ok, b.ok))
        return self._unknown(node)

    def _kind(self, node: Node) -> Kind:
        return kind_of(node, self._kinds)

    def _unknown(self, node: Node) -> Term:
        own = f"{self._policy} " if "amount" in paths(node) else ""
        names = {Call: f"{node.name}()" if isinstance(node, Call) else "", Literal: "a rare character"}
        words = names.get(type(node), "arithmetic on numbers")
        value = self._symbols.opaque(f"{own}{node}", self._kind(node), words)
        return Term(value, self._symbols.opaque(f"{own}{node} ok", "boolean", words))


_TRUE = z3.BoolVal(True)
_COMPARE: Mapping[str, Any] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TEXT: Mapping[str, Any] = {
    "startsWith": lambda text, part: z3.PrefixOf(part, text),
    "endsWith": lambda text, part: z3.SuffixOf(part, text),
    "contains": z3.Contains,
}


def constant(value: bool | int | float | str) -> Any:
    """A value of ours in z3; doubles exactly."""
    match value:
        case bool():
            return z3.BoolVal(value)
        case int():
            return z3.IntVal(value)
        case float():
            return z3.Q(*Fraction(value).as_integer_ratio())
        case str():
            return z3.StringVal(value.replace("\\", "\\u{5c}"))


def _logical(op: str, a: Term, b: Term) -> Term:
    """CEL's: one side that settles it makes up for an error on the other."""
    if op == "&&":
        settled = z3.Or(z3.And(a.ok, z3.Not(a.value)), z3.And(b.ok, z3.Not(b.value)))
        return Term(z3.And(z3.Not(settled), a.value, b.value), z3.Or(settled, z3.And(a.ok, b.ok)))
    settled = z3.Or(z3.And(a.ok, a.value), z3.And(b.ok, b.value))
    return Term(settled, z3.Or(settled, z3.And(a.ok, b.ok)))


def _arithmetic(op: str, a: Term, b: Term) -> Term:
    """On 64-bit integers; division goes towards zero."""
    x, y, ok = a.value, b.value, z3.And(a.ok, b.ok)
    if op in ("/", "%"):
        size = z3.If(x >= 0, x, -x) / z3.If(y >= 0, y, -y)
        quotient = z3.If((x >= 0) == (y >= 0), size, -size)
        ok = z3.And(ok, y != 0, z3.Not(z3.And(x == INT_MIN, y == -1)))
        return Term(quotient if op == "/" else x - y * quotient, ok)
    value = {"+": x + y, "-": x - y, "*": x * y}[op]
    return Term(value, z3.And(ok, value >= INT_MIN, value <= INT_MAX))


def holds(symbols: Symbols, path: str, kind: Kind, schema: Mapping[str, Any]) -> Any:
    """Whether the value of ``path`` satisfies a JSON Schema."""
    value = symbols.input(path, kind)
    parts = []
    for keyword, wanted in schema.items():
        if keyword in ("allOf", "anyOf", "oneOf", "not"):
            parts.append(_combined(symbols, path, kind, keyword, wanted))
            continue
        part = _keyword(value, kind, keyword, wanted)
        if part is None:
            words = f"{keyword} in the schema of {path}"
            part = symbols.opaque(f"{path} {keyword} {json.dumps(wanted)}", "boolean", words)
        parts.append(part)
    return z3.And(parts)


def _combined(symbols: Symbols, path: str, kind: Kind, keyword: str, wanted: Any) -> Any:
    schemas = [part if isinstance(part, dict) else {} if part else {"type": []} for part in _listed(wanted)]
    parts = [holds(symbols, path, kind, schema) for schema in schemas]
    match keyword:
        case "allOf":
            return z3.And(parts)
        case "anyOf":
            return z3.Or(parts)
        case "oneOf":
            return z3.PbEq([(part, 1) for part in parts], 1)
    return z3.Not(parts[0])


def _keyword(value: Any, kind: Kind, keyword: str, wanted: Any) -> Any:
    """One keyword; None for what z3 is not told."""
    numeric = kind in ("integer", "number")
    if not _sayable(wanted):
        return None
    match keyword:
        case "type":
            return _typed(kind, _listed(wanted))
        case "enum" | "const":
            choices = wanted if keyword == "enum" else [wanted]
            return z3.Or([value == _value(one, kind) for one in choices if _alike(one, kind)])
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" if numeric:
            op = {"minimum": ">=", "maximum": "<=", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}[keyword]
            exact = z3.ToReal(value) if kind == "integer" else value
            return _COMPARE[op](exact, z3.Q(*Fraction(wanted).as_integer_ratio()))
        case "multipleOf" if kind == "integer" and type(wanted) is int:
            return value % wanted == 0
        case "minLength" | "maxLength" if kind == "string":
            return _COMPARE[">=" if keyword == "minLength" else "<="](z3.Length(value), wanted)
        case "multipleOf" if numeric:
            return None
        case "pattern" if kind == "string":
            return None
    return _TRUE


def _typed(kind: Kind, types: list[Any]) -> Any:
    if kind == "number" and "number" not in types and "integer" in types:
        return None
    fits = {"integer": ("integer", "number")}.get(kind, (kind,))
    return z3.BoolVal(any(one in types for one in fits))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _alike(value: Any, kind: Kind) -> bool:
    """Whether a value of ``kind`` can equal ``value``, as JSON Schema compares them."""
    if kind in ("boolean", "string"):
        return type(value) is (bool if kind == "boolean" else str)
    return type(value) in (int, float) and (kind == "number" or value == int(value))


def _sayable(value: object) -> bool:
    """Whether z3 has all of its characters."""
    if isinstance(value, list):
        return all(map(_sayable, value))
    return not isinstance(value, str) or all(ord(char) <= _LAST_CHARACTER for char in value)


def _value(value: Any, kind: Kind) -> Any:
    if kind == "number":
        return z3.Q(*Fraction(value).as_integer_ratio())
    return constant(int(value) if kind == "integer" else value)
