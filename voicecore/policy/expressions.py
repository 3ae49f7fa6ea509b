"""Reads CEL into a tree, for what the engine does not tell: paths, kinds, and the formula behind it.

The part of CEL (cel.dev, language definition) that policies use: literals, paths, arithmetic, comparison,
``in`` a list, ``! && || ?:`` and functions on strings. What this can't read is refused at the door.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
"""CEL's integers have 64 bits."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A boolean, an integer, a number or a text."""

    value: bool | int | float | str


@dataclass(frozen=True, slots=True)
class Path:
    """``args.amount_cents``"""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """``!`` or ``-``."""

    op: str
    of: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """``+ - * / %``, a comparison, ``&&`` or ``||``."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """``when ? then : other``"""

    when: Node
    then: Node
    other: Node


@dataclass(frozen=True, slots=True)
class Member:
    """``of in [items]``"""

    of: Node
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """``target.name(arguments)``, or ``name(arguments)`` with the target put first."""

    name: str
    arguments: tuple[Node, ...]


Node = Literal | Path | Unary | Binary | Choice | Member | Call

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?![\w.])
  | (?P<integer>0[xX][0-9a-fA-F]+|\d+)(?![\w.])
  | (?P<text>'[^'\\\n]*'|"[^"\\\n]*")
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>&&|\|\||<=|>=|==|!=|[-+*/%<>!?:.,()\[\]])
    )""",
    re.VERBOSE | re.ASCII,
)
_LEVELS = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
"""Operators, loosest first; all bind to the left."""
_DEEPEST = 40


def parse(text: str) -> Node:
    """The tree of an expression. Raises ValueError that says what can't be read."""
    return _Parser(text).whole()


def paths(node: Node) -> Iterator[str]:
    """Every path in it, in order, perhaps several times."""
    match node:
        case Path(name):
            yield name
        case Unary(_, of):
            yield from paths(of)
        case Binary(_, left, right):
            yield from (*paths(left), *paths(right))
        case Choice(when, then, other):
            yield from (*paths(when), *paths(then), *paths(other))
        case Member(of, items):
            yield from (path for part in (of, *items) for path in paths(part))
        case Call(_, arguments):
            yield from (path for part in arguments for path in paths(part))


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression()
        kind, token = self._tokens[self._at]
        if kind != "end":
            raise ValueError(f"{token!r} was not expected")
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("nested too deeply")
        node = self._binary(0)
        if self._take("?"):
            then = self._binary(0)
            self._need(":")
            node = Choice(node, then, self._expression())
        self._depth -= 1
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek in _LEVELS[level]:
            op = self._next()
            right = self._list() if op == "in" else self._binary(level + 1)
            left = Member(left, right) if isinstance(right, tuple) else Binary(op, left, right)
        return left

    def _unary(self) -> Node:
        if self._peek not in ("!", "-"):
            return self._member()
        op = self._next()
        if self._peek == op:
            raise ValueError(f"{op * 2!r} is not used here")
        kind, token = self._tokens[self._at]
        if op == "-" and kind in ("integer", "number"):
            self._next()
            return Literal(-float(token) if kind == "number" else _integer("-" + token))
        return Unary(op, self._member())

    def _member(self) -> Node:
        node = self._primary()
        while self._take("."):
            name = self._name()
            if self._take("("):
                node = Call(name, (node, *self._items(")")))
            elif isinstance(node, Path):
                node = Path(f"{node.name}.{name}")
            else:
                raise ValueError(f"no field {name!r} here")
        return node

    def _primary(self) -> Node:
        kind, token = self._tokens[self._at]
        if self._take("("):
            node = self._expression()
            self._need(")")
            return node
        self._next()
        match kind:
            case "integer":
                return Literal(_integer(token))
            case "number":
                return Literal(float(token))
            case "text":
                return Literal(token[1:-1])
            case "name" if token in ("true", "false"):
                return Literal(token == "true")
            case "name" if token not in ("in", "null"):
                return Call(token, self._items(")")) if self._take("(") else Path(token)
        raise ValueError(f"{token!r} was not expected" if token else "ends too early")

    def _list(self) -> tuple[Node, ...]:
        self._need("[")
        return self._items("]")

    def _items(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._take(end):
            if items:
                self._need(",")
            items.append(self._expression())
        return tuple(items)

    @property
    def _peek(self) -> str:
        kind, token = self._tokens[self._at]
        return token if kind in ("sign", "name") else ""

    def _next(self) -> str:
        token = self._tokens[self._at][1]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _take(self, sign: str) -> bool:
        if self._tokens[self._at] != ("sign", sign):
            return False
        self._at += 1
        return True

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"{sign!r} is missing")

    def _name(self) -> str:
        kind, token = self._tokens[self._at]
        if kind != "name":
            raise ValueError("a name is missing after '.'")
        self._at += 1
        return token


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{text[at:].strip()[:12]!r} can't be read")
        yield str(found.lastgroup), found[str(found.lastgroup)]
        at = found.end()
    yield "end", ""


def _integer(token: str) -> int:
    value = int(token, 0) if "x" in token.lower() else int(token)
    if not INT_MIN <= value <= INT_MAX:
        raise ValueError(f"{token} does not fit 64 bits")
    return value
