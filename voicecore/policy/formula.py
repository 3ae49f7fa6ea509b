"""A compiled CEL expression: what the engine runs, and what it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cel

from voicecore.policy.expressions import Node, parse, paths
from voicecore.policy.kinds import expect
from voicecore.policy.schema import Kind


class Unclear(Exception):
    """An expression has no value: overflow, division by zero, or no value of its kind."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression of a known kind; equal when the text is."""

    text: str
    kind: Kind
    node: Node = field(compare=False, repr=False)
    paths: frozenset[str] = field(compare=False, repr=False)
    program: cel.Program = field(compare=False, repr=False)

    @staticmethod
    def compile(text: str, kind: Kind, known: Mapping[str, Kind]) -> Formula:
        """``known``: the paths it may use. Raises ValueError that says what is wrong."""
        node = parse(text)
        expect(node, kind, known)
        try:
            program = cel.compile(text)
        except Exception as exc:
            raise ValueError(str(exc).splitlines()[0]) from exc
        return Formula(text, kind, node, frozenset(paths(node)), program)

    def value(self, context: cel.Context) -> Any:
        """A bool or an int, as ``kind`` says; one ``context`` serves many formulas. Raises Unclear,
        whatever the engine did."""
        try:
            value = self.program.execute(context)
        except Exception as exc:
            raise Unclear(type(exc).__name__) from exc
        if type(value) is not (bool if self.kind == "boolean" else int):
            raise Unclear(f"is a {type(value).__name__}")
        return value
