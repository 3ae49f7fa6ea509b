"""A subset of JSON schema, as a grammar that a model can be held to, and as a check of what came out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from voicecore.errors import ConfigError

LONGEST_STRING = 120
LONGEST_ARRAY = 8
DIGITS = 15
FRACTION = 6
_BYTES = 4
"""Of one character in UTF-8, at most; a token is at least one byte."""
_OWN = {
    "string": {"minLength", "maxLength"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "array": {"items", "minItems", "maxItems"},
    "object": {"properties", "required", "additionalProperties"},
}
"""What may be said about each type."""
_NOTES = frozenset({"title", "description", "default", "examples", "$schema", "$comment"})
STRING_RULES = r"""
char ::= [^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt]
"""
"""Rules that expressions refer to."""


class Node(Protocol):
    """What values a place may hold."""

    @property
    def longest(self) -> int:
        """No value is written in more bytes than this."""
        ...

    def gbnf(self) -> str:
        """An expression for compact JSON."""
        ...

    def faults(self, value: Any, place: str) -> Iterable[str]:
        """What is wrong with ``value``, a line each."""
        ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """Certain values: ``enum``, ``const``, ``boolean``, ``null``."""

    values: tuple[Any, ...]

    @property
    def longest(self) -> int:
        return max(len(written(value).encode()) for value in self.values)

    def gbnf(self) -> str:
        return "(" + " | ".join(literal(written(value)) for value in self.values) + ")"

    def faults(self, value: Any, place: str) -> Iterable[str]:
        if not any(value == known and type(value) is type(known) for known in self.values):
            yield f"{place}: not one of {', '.join(map(written, self.values))}"


@dataclass(frozen=True, slots=True)
class String:
    """Text of a bounded length in characters."""

    fewest: int
    most: int

    @property
    def longest(self) -> int:
        return 2 + self.most * _BYTES

    def gbnf(self) -> str:
        return rf'"\"" char{{{self.fewest},{self.most}}} "\""'

    def faults(self, value: Any, place: str) -> Iterable[str]:
        if not isinstance(value, str):
            yield f"{place}: not a string"
        elif not self.fewest <= len(value) <= self.most:
            yield f"{place}: not {self.fewest} to {self.most} characters long"


@dataclass(frozen=True, slots=True)
class Number:
    """A number between bounds. For one with a fraction, the grammar keeps to the number of digits only."""

    whole: bool
    least: float
    greatest: float

    @property
    def _digits(self) -> int:
        reach = max(abs(self.least), abs(self.greatest))
        return DIGITS if math.isinf(reach) else len(str(int(reach)))

    @property
    def longest(self) -> int:
        return 1 + self._digits + (0 if self.whole else 1 + FRACTION)

    def gbnf(self) -> str:
        if self.whole:
            return f"({' | '.join(whole_numbers(self.least, self.greatest))})"
        sign = '"-"? ' if self.least < 0 else ""
        return f'{sign}("0" | [1-9] [0-9]{{0,{self._digits - 1}}}) ("." [0-9]{{1,{FRACTION}}})?'

    def faults(self, value: Any, place: str) -> Iterable[str]:
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            yield f"{place}: not {'a whole' if self.whole else 'a'} number"
        elif not self.least <= value <= self.greatest:
            yield f"{place}: not between {self.least:g} and {self.greatest:g}"


@dataclass(frozen=True, slots=True)
class Array:
    """Values of one kind."""

    items: Node
    fewest: int
    most: int

    @property
    def longest(self) -> int:
        return 2 + self.most * (self.items.longest + 1)

    def gbnf(self) -> str:
        item = f"({self.items.gbnf()})"
        rest = f'{item} ("," {item}){{{max(self.fewest - 1, 0)},{self.most - 1}}}' if self.most else ""
        return f'"[" ({rest}){"" if self.fewest else "?"} "]"' if rest else '"[]"'

    def faults(self, value: Any, place: str) -> Iterable[str]:
        if not isinstance(value, list) or not self.fewest <= len(value) <= self.most:
            yield f"{place}: not a list of {self.fewest} to {self.most}"
            return
        for n, item in enumerate(value):
            yield from self.items.faults(item, f"{place}[{n}]")


@dataclass(frozen=True, slots=True)
class Object:
    """Named values; those required come first, in their order, then any of the others."""

    required: Mapping[str, Node]
    optional: Mapping[str, Node]

    @property
    def longest(self) -> int:
        nodes = {**self.required, **self.optional}
        return 2 + sum(len(written(name).encode()) + 2 + node.longest for name, node in nodes.items())

    def gbnf(self) -> str:
        fixed = [f"{literal(written(name) + ':')} {node.gbnf()}" for name, node in self.required.items()]
        loose = [f"{literal(written(name) + ':')} {node.gbnf()}" for name, node in self.optional.items()]
        if fixed:
            members = ' "," '.join(fixed) + "".join(f' ("," {member})?' for member in loose)
        else:
            chains = [
                " ".join([member, *(f'("," {other})?' for other in loose[n + 1 :])])
                for n, member in enumerate(loose)
            ]
            members = f"({' | '.join(chains)})?" if chains else ""
        return f'"{{" {members} "}}"'

    def faults(self, value: Any, place: str) -> Iterable[str]:
        if not isinstance(value, dict):
            yield f"{place}: not an object"
            return
        nodes = {**self.required, **self.optional}
        for name in self.required.keys() - value.keys():
            yield f"{place}.{name}: missing"
        for name, item in value.items():
            if name in nodes:
                yield from nodes[name].faults(item, f"{place}.{name}")
            else:
                yield f"{place}.{name}: unknown"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Values of one of several kinds."""

    kinds: tuple[Node, ...]

    @property
    def longest(self) -> int:
        return max(kind.longest for kind in self.kinds)

    def gbnf(self) -> str:
        return "(" + " | ".join(kind.gbnf() for kind in self.kinds) + ")"

    def faults(self, value: Any, place: str) -> Iterable[str]:
        if all(list(kind.faults(value, place)) for kind in self.kinds):
            yield f"{place}: fits none of its kinds"


def read_schema(schema: Mapping[str, Any], place: str = "schema") -> Node:
    """The node of a JSON schema. What is not understood is refused: it could not be enforced.

    Understood: type (object, array, string, integer, number, boolean, null, or several), properties,
    required, additionalProperties (false), items, minItems, maxItems, minLength, maxLength, minimum,
    maximum, enum, const, anyOf, oneOf. Raises ConfigError("bad-schema") naming the place.
    """
    facts = {key: value for key, value in schema.items() if key not in _NOTES}
    kind = facts.pop("type", None)
    try:
        if isinstance(kind, list):
            return _several(kind, facts, place)
        if "const" in facts:
            node: Node = OneOf((facts.pop("const"),))
        elif "enum" in facts:
            node = OneOf(tuple(facts.pop("enum")))
        elif "anyOf" in facts or "oneOf" in facts:
            kinds = facts.pop("anyOf", None) or facts.pop("oneOf")
            node = AnyOf(tuple(read_schema(one, f"{place}|{n}") for n, one in enumerate(kinds)))
        else:
            node = _typed(kind, facts, place)
    except (TypeError, AttributeError, ValueError) as exc:
        return _refuse(place, str(exc))
    if facts or node in (OneOf(()), AnyOf(())):
        return _refuse(place, f"cannot enforce {', '.join(facts) or 'no value at all'}")
    return node


def _several(kinds: list[str], facts: dict[str, Any], place: str) -> Node:
    """Of several types, each with what is said about it."""
    known = set().union(*(_OWN.get(kind, ()) for kind in kinds))
    if not kinds or facts.keys() - known:
        return _refuse(place, f"cannot enforce {', '.join(facts.keys() - known) or 'no type'}")
    own = ({key: value for key, value in facts.items() if key in _OWN.get(kind, ())} for kind in kinds)
    return AnyOf(
        tuple(read_schema({**part, "type": kind}, place) for part, kind in zip(own, kinds, strict=True))
    )


def _typed(kind: Any, facts: dict[str, Any], place: str) -> Node:
    """Takes what it understands out of ``facts``."""
    match kind:
        case "string":
            return String(int(facts.pop("minLength", 0)), int(facts.pop("maxLength", LONGEST_STRING)))
        case "integer" | "number":
            least, greatest = facts.pop("minimum", -math.inf), facts.pop("maximum", math.inf)
            if math.floor(min(greatest, 1e15)) < math.ceil(max(least, -1e15)):
                return _refuse(place, "no number lies between minimum and maximum")
            return Number(kind == "integer", least, greatest)
        case "boolean":
            return OneOf((True, False))
        case "null":
            return OneOf((None,))
        case "array":
            items = read_schema(facts.pop("items"), f"{place}[]") if "items" in facts else None
            if items is None:
                return _refuse(place, "an array needs items")
            return Array(items, int(facts.pop("minItems", 0)), int(facts.pop("maxItems", LONGEST_ARRAY)))
        case "object":
            if facts.pop("additionalProperties", False) is not False:
                return _refuse(place, "additionalProperties must be false")
            properties, required = facts.pop("properties", {}), facts.pop("required", [])
            nodes = {name: read_schema(part, f"{place}.{name}") for name, part in properties.items()}
            if unknown := [name for name in required if name not in nodes]:
                return _refuse(place, f"required but not described: {', '.join(unknown)}")
            optional = {name: node for name, node in nodes.items() if name not in required}
            return Object({name: nodes[name] for name in nodes if name in required}, optional)
        case _:
            return _refuse(place, f"type {kind!r}")


def whole_numbers(least: float, greatest: float) -> Iterator[str]:
    """Expressions for the whole numbers from ``least`` to ``greatest``, of up to ``DIGITS`` digits."""
    bound = 10**DIGITS - 1
    low, high = math.ceil(max(least, -bound)), math.floor(min(greatest, bound))
    if low < 0:
        yield from (f'"-" {part}' for part in whole_numbers(max(1, -high), -low))
    low = max(low, 0)
    while low <= high:
        top = min(high, 10 ** len(str(low)) - 1)
        yield _between(str(low), str(top))
        low = top + 1


def _between(low: str, high: str) -> str:
    """An expression for the digit strings from ``low`` to ``high``, which are equally long."""
    if low == high:
        return f'"{low}"' if low else ""
    if low[0] == high[0]:
        return f'"{low[0]}" {_between(low[1:], high[1:])}'
    rest, parts = len(low) - 1, []
    first, last = int(low[0]), int(high[0])
    if low[1:] != "0" * rest:
        parts.append(f'"{first}" {_between(low[1:], "9" * rest)}')
        first += 1
    if high[1:] != "9" * rest:
        parts.append(f'"{last}" {_between("0" * rest, high[1:])}')
        last -= 1
    if first <= last:
        parts.append(f"[{first}-{last}]" + (f" [0-9]{{{rest}}}" if rest else ""))
    return f"({' | '.join(parts)})"


def _refuse(place: str, what: str) -> Node:
    raise ConfigError("bad-schema", f"{place}: {what}", place=place)


def written(value: Any) -> str:
    """``value`` in compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def literal(text: str) -> str:
    """``text``, without control characters, as a GBNF literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
