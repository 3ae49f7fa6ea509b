"""What kind of value an expression has, so that nothing but its numbers can fail when it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping

from voicecore.policy.expressions import Binary, Call, Choice, Literal, Member, Node, Path, Unary, paths
from voicecore.policy.schema import Kind

_LITERALS: Mapping[type, Kind] = {bool: "boolean", int: "integer", float: "number", str: "string"}
FUNCTIONS: Mapping[str, tuple[tuple[Kind, ...], Kind]] = {
    "startsWith": (("string", "string"), "boolean"),
    "endsWith": (("string", "string"), "boolean"),
    "contains": (("string", "string"), "boolean"),
    "matches": (("string", "string"), "boolean"),
    "size": (("string",), "integer"),
    "double": (("integer",), "number"),
}
"""Name -> kinds of its arguments, the target first; kind of its value."""


def kind_of(node: Node, known: Mapping[str, Kind]) -> Kind:
    """The kind of ``node``'s value; ``known`` are the paths it may use. Raises ValueError."""
    match node:
        case Literal(value):
            return _LITERALS[type(value)]
        case Path(name):
            if name not in known:
                raise ValueError(f"unknown value {name!r} (known: {', '.join(sorted(known)) or 'none'})")
            return known[name]
        case Unary(op, of):
            return _numeric(op, kind_of(of, known)) if op == "-" else _need("!", "boolean", of, known)
        case Binary(op, left, right) if op in ("&&", "||"):
            _need(op, "boolean", left, known)
            return _need(op, "boolean", right, known)
        case Binary(op, left, right):
            return _binary(op, _same(op, (left, right), known))
        case Choice(when, then, other):
            _need("?", "boolean", when, known)
            return _same("? :", (then, other), known)
        case Member(of, items):
            _same("in", (of, *items), known)
            return "boolean"
        case Call(name, arguments):
            return _call(name, arguments, known)


def expect(node: Node, kind: Kind, known: Mapping[str, Kind]) -> None:
    """Raise ValueError unless ``node`` is of ``kind``."""
    found = kind_of(node, known)
    if found != kind:
        raise ValueError(f"is of kind {found}, must be {kind}")


def _need(op: str, kind: Kind, node: Node, known: Mapping[str, Kind]) -> Kind:
    found = kind_of(node, known)
    if found != kind:
        raise ValueError(f"{op!r} needs a {kind}, not a {found} {_about(node)}".rstrip())
    return kind


def _same(op: str, nodes: tuple[Node, ...], known: Mapping[str, Kind]) -> Kind:
    kinds = [kind_of(node, known) for node in nodes]
    for kind in kinds:
        if kind != kinds[0]:
            raise ValueError(f"{op!r} mixes {kinds[0]} and {kind}")
    return kinds[0]


def _binary(op: str, kind: Kind) -> Kind:
    if op in ("==", "!="):
        return "boolean"
    if op in ("<", "<=", ">", ">="):
        if kind == "boolean":
            raise ValueError(f"{op!r} does not compare booleans")
        return "boolean"
    if op == "%" and kind == "number":
        raise ValueError("'%' needs integers")
    return _numeric(op, kind)


def _numeric(op: str, kind: Kind) -> Kind:
    if kind not in ("integer", "number"):
        raise ValueError(f"{op!r} needs numbers, not a {kind}")
    return kind


def _call(name: str, arguments: tuple[Node, ...], known: Mapping[str, Kind]) -> Kind:
    if name not in FUNCTIONS:
        raise ValueError(f"unknown function {name!r} (known: {', '.join(sorted(FUNCTIONS))})")
    kinds, value = FUNCTIONS[name]
    found = tuple(kind_of(argument, known) for argument in arguments)
    if found != kinds:
        raise ValueError(f"{name}({', '.join(found)}) must be {name}({', '.join(kinds)})")
    return value


def _about(node: Node) -> str:
    names = list(dict.fromkeys(paths(node)))
    return f"({', '.join(names)})" if names else ""
