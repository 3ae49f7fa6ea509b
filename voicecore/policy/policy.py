"""A policy: everything that ``policy.yaml`` says about an agent's tools, checked and ready to decide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from voicecore.config import line_of, parse_yaml
from voicecore.errors import ConfigError
from voicecore.policy.arguments import KINDS, Arguments, schema_faults
from voicecore.policy.formula import Formula
from voicecore.policy.schema import Identity, Kind, Limit, PolicyFile, Promise, Rule, Shape, Shapes

POLICY, TOOLS = "policy.yaml", "tools.yaml"
TIME: Mapping[str, Kind] = {
    "time.hour": "integer",
    "time.minute": "integer",
    "time.weekday": "integer",
    "time.date": "string",
}
"""Of the request, on the box's own clock; Monday is 1, the date is ISO 8601."""
IDENTITY: Mapping[str, Kind] = {"identity.verified": "boolean", "identity.customer": "string"}
BY: Mapping[str, Kind] = {"by": "string"}
"""Who asks: "agent", or "person" for what somebody in charge does."""
AMOUNT: Mapping[str, Kind] = {"amount": "integer"}
Loc = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class ToolRule:
    """The rule of one tool, compiled."""

    tool: str
    read_only: bool
    arguments: Arguments
    amount: Formula
    when: tuple[Formula, ...]
    approve: Formula
    effective: Formula
    needs: Mapping[str, Kind]
    """Paths that it uses, without ``amount``; each must have a value, or the tool is denied."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as data; built by ``parse``, which is pure, or ``load_policy``."""

    rules: Mapping[str, ToolRule]
    limits: Mapping[str, Limit]
    promises: Mapping[str, Promise]
    identity: Identity | None
    approval_s: float
    shapes: Mapping[str, Shape]
    digest: str
    """SHA-256 of both files' texts."""

    @staticmethod
    def parse(text: str, tools: str, folder: str = "") -> Policy:
        """``text`` of ``policy.yaml``, ``tools`` of ``tools.yaml``; ``folder`` is for complaints.

        Raises ConfigError with facts file, line and field: ``yaml-syntax``, ``bad-field`` or
        ``bad-policy`` (an expression that can't be read or is of another kind, an unknown name, a
        schema that is none, an effect that no limit counts); all faults of a file in one message.
        """
        source = str(Path(folder, POLICY))
        file = parse_yaml(text, source, PolicyFile)
        shapes = parse_yaml(tools, str(Path(folder, TOOLS)), Shapes).tools
        rules = {}
        faults = [*_identity_faults(file, shapes), *_limit_faults(file, shapes)]
        for name, rule in file.rules.items():
            if name not in shapes:
                faults.append((("rules", name), _unknown("tool", name, shapes)))
                continue
            compiled, wrong = _compile(name, rule, file, shapes)
            faults += wrong
            if compiled is not None:
                rules[name] = compiled
        if faults:
            raise _complaint(source, text, faults)
        digest = hashlib.sha256(f"{text}\0{tools}".encode()).hexdigest()
        return Policy(rules, file.limits, file.promises, file.identity, file.approval_s, shapes, digest)

    def limits_of(self, tool: str) -> dict[str, Limit]:
        """The limits that count a tool's calls."""
        return {name: limit for name, limit in self.limits.items() if tool in limit.tools}


def load_policy(folder: Path) -> Policy:
    """Read an agent's policy, at start-up. Raises ConfigError as ``parse`` does, and ``no-such-file``."""
    texts = []
    for name in (POLICY, TOOLS):
        try:
            texts.append((folder / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError("no-such-file", f"{folder / name}: {exc}", file=str(folder / name)) from exc
    return Policy.parse(texts[0], texts[1], str(folder))


def _compile(
    name: str, rule: Rule, file: PolicyFile, shapes: Mapping[str, Shape]
) -> tuple[ToolRule | None, list[tuple[Loc, str]]]:
    """The rule, unless there are faults."""
    shape, known = shapes[name], _known(file, shapes, name)
    faults = list(_schema_faults(name, rule, shape))
    answer = {f"result.{field}": kind for field, kind in _kinds(shape.returns).items()}
    at: Loc = ("rules", name)
    compiled: dict[Loc, Formula] = {}
    wanted: list[tuple[Loc, str, Kind, Mapping[str, Kind]]] = [
        (("amount",), rule.amount, "integer", known),
        *((("when", nth), text, "boolean", {**known, **AMOUNT}) for nth, text in enumerate(rule.when)),
        (("approve",), rule.approve, "boolean", {**known, **AMOUNT}),
        (("effective",), rule.effective, "boolean", answer),
    ]
    for loc, text, kind, paths in wanted:
        try:
            compiled[loc] = Formula.compile(text, kind, paths)
        except ValueError as exc:
            faults.append(((*at, *loc), f"{text!r}: {exc}"))
    if faults:
        return None, faults
    when = tuple(compiled["when", nth] for nth in range(len(rule.when)))
    amount, approve = compiled["amount",], compiled["approve",]
    used = sorted(frozenset().union(*(formula.paths for formula in (amount, *when, approve))) - {*AMOUNT})
    whole = ToolRule(
        tool=name,
        read_only=shape.read_only,
        arguments=Arguments.of(shape.arguments, rule.arguments),
        amount=amount,
        when=when,
        approve=approve,
        effective=compiled["effective",],
        needs={path: known[path] for path in used},
    )
    return whole, []


def _known(file: PolicyFile, shapes: Mapping[str, Shape], tool: str) -> dict[str, Kind]:
    """The paths that conditions on ``tool`` may use."""
    known: dict[str, Kind] = {**TIME, **BY, **file.facts, **(IDENTITY if file.identity else {})}
    known |= {f"args.{name}": kind for name, kind in _kinds(shapes[tool].arguments).items()}
    for other, shape in shapes.items():
        known |= {f"results.{other}.{name}": kind for name, kind in _kinds(shape.returns).items()}
    return known


def _kinds(types: Mapping[str, str]) -> dict[str, Kind]:
    return {
        name: KINDS[plain]
        for name, declared in types.items()
        if (plain := declared.removesuffix("?")) in KINDS
    }


def _schema_faults(name: str, rule: Rule, shape: Shape) -> Iterator[tuple[Loc, str]]:
    for argument, schema in rule.arguments.items():
        at: Loc = ("rules", name, "arguments", argument)
        if argument not in shape.arguments:
            yield at, _unknown("argument", argument, shape.arguments)
            continue
        yield from ((at, fault) for fault in schema_faults(schema))


def _identity_faults(file: PolicyFile, shapes: Mapping[str, Shape]) -> Iterator[tuple[Loc, str]]:
    identity = file.identity
    if identity is None:
        return
    shape = shapes.get(identity.tool)
    if shape is None:
        yield ("identity", "tool"), _unknown("tool", identity.tool, shapes)
        return
    if shape.returns.get(identity.verified) != "boolean":
        yield ("identity", "verified"), f"{identity.tool} returns no boolean {identity.verified!r}"
    if shape.arguments.get(identity.customer) != "string":
        yield ("identity", "customer"), f"{identity.tool} takes no string {identity.customer!r}"


def _limit_faults(file: PolicyFile, shapes: Mapping[str, Shape]) -> Iterator[tuple[Loc, str]]:
    bounds = [*(("limits", *item) for item in file.limits.items())]
    for section, name, bound in (*bounds, *(("promises", *item) for item in file.promises.items())):
        for nth, tool in enumerate(bound.tools):
            if tool not in file.rules:
                yield (section, name, "tools", nth), _unknown("rule", tool, file.rules)
        if bound.per.startswith("customer") and file.identity is None:
            yield (section, name, "per"), "needs an identity section"
    counted = {tool for limit in file.limits.values() for tool in limit.tools}
    for name in file.rules:
        if name in shapes and not shapes[name].read_only and name not in counted:
            yield ("rules", name), "changes something: at least one limit must count it"


def _unknown(kind: str, name: str, known: Mapping[str, object]) -> str:
    return f"unknown {kind} {name!r} (known: {', '.join(sorted(known)) or 'none'})"


def _complaint(source: str, text: str, faults: list[tuple[Loc, str]]) -> ConfigError:
    lines = sorted((line_of(text, loc), ".".join(map(str, loc)), what) for loc, what in faults)
    message = "\n".join(f"{source}:{line}: {field}: {what}" for line, field, what in lines)
    return ConfigError("bad-policy", message, file=source, line=lines[0][0], field=lines[0][1])
