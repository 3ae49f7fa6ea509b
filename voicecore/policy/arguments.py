"""What a tool's arguments must look like: the types of ``tools.yaml`` and the policy's JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from voicecore.policy.expressions import INT_MAX, INT_MIN
from voicecore.policy.schema import Kind

KINDS: Mapping[str, Kind] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "string",
}
"""Type in ``tools.yaml`` -> kind in a condition; lists are not for conditions."""
_JSON = {"list": "array", "date": "string"}
_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_TEXTS = frozenset(("minLength", "maxLength", "pattern"))
_PARTS = frozenset(("items", "minItems", "maxItems", "uniqueItems", "properties", "required"))
_MIXED = frozenset(("type", "enum", "const", "anyOf", "allOf", "oneOf", "not", "additionalProperties"))
_KEYWORDS = _NUMBERS | _TEXTS | _PARTS | _MIXED | {"title", "description"}
_SCHEMAS = ("items", "additionalProperties", "not")
_LISTS = ("anyOf", "allOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one tool."""

    declared: Mapping[str, str]
    schemas: Mapping[str, Mapping[str, Any]]
    validator: Draft202012Validator = field(compare=False, repr=False)

    @staticmethod
    def of(declared: Mapping[str, str], schemas: Mapping[str, Mapping[str, Any]]) -> Arguments:
        """``declared``: name -> type of ``tools.yaml``; ``schemas``: checked by ``schema_faults``."""
        properties = {name: _typed(_plain(kind), schemas.get(name, {})) for name, kind in declared.items()}
        whole = {
            "type": "object",
            "properties": properties,
            "required": [name for name, kind in declared.items() if not kind.endswith("?")],
            "additionalProperties": False,
        }
        return Arguments(declared, schemas, Draft202012Validator(whole))

    def faults(self, values: Mapping[str, Any]) -> list[str]:
        """What is wrong with arguments, sorted; names only, never a value."""
        faults = [
            f"{'.'.join(map(str, error.absolute_path)) or 'arguments'}: {error.validator}"
            for error in self.validator.iter_errors(values)
        ]
        for name, kind in self.declared.items():
            value = values.get(name)
            if value is not None and not _fits(_plain(kind), value):
                faults.append(f"{name}: {_plain(kind)}")
        return sorted(faults)


def plain_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON: dates in ISO 8601, tuples as lists; what is None is not there."""
    return {
        name: value.isoformat() if isinstance(value, date) else list(value) if type(value) is tuple else value
        for name, value in arguments.items()
        if value is not None
    }


def of_kind(value: Any, kind: Kind) -> Any:
    """``value`` as a condition sees it, or None when it is not of ``kind``."""
    match kind:
        case "boolean":
            return value if type(value) is bool else None
        case "integer":
            return value if type(value) is int and INT_MIN <= value <= INT_MAX else None
        case "number":
            fits = type(value) in (int, float) and abs(value) < 2**1023 and math.isfinite(value)
            return float(value) if fits else None
        case "string":
            return value.isoformat() if isinstance(value, date) else value if type(value) is str else None


def schema_faults(schema: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a JSON Schema that a person wrote: an unknown keyword would check nothing."""
    unknown = sorted(set(map(str, schema)) - _KEYWORDS)
    if unknown:
        yield f"unknown keyword {unknown[0]!r} (known: {', '.join(sorted(_KEYWORDS))})"
        return
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as exc:
        yield exc.message
        return
    inner = [schema[name] for name in _SCHEMAS if name in schema]
    inner += [part for name in _LISTS for part in schema.get(name, ())]
    inner += list(schema.get("properties", {}).values())
    for part in inner:
        if isinstance(part, Mapping):
            yield from schema_faults(part)


def _typed(kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    declared = {"type": _JSON.get(kind, kind)}
    return {"allOf": [declared, dict(schema)]} if "type" in schema else {**declared, **schema}


def _plain(kind: str) -> str:
    return kind.removesuffix("?")


def _fits(kind: str, value: Any) -> bool:
    """What JSON Schema does not say: 1.0 is no integer here, and a date is one of the calendar."""
    if kind == "date":
        try:
            return type(value) is str and date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return kind not in KINDS or of_kind(value, KINDS[kind]) is not None
