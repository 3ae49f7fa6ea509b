"""Texts with holes: "{invoice.total_cents:money} is due on {invoice.due_on:date}"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from voicecore.dialogue.spoken import count, day, digit_groups, money

HOLE = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")
FORMS = ("plain", "money", "date", "digits", "count")
"""How a value is read out; without one the value's own reading is used."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A place to fill: the value's path and the form to read it in."""

    path: str
    form: str


def holes(text: str) -> tuple[Hole, ...]:
    """The holes of a template, in order."""
    return tuple(Hole(match[1], match[2] or "") for match in HOLE.finditer(text))


def lookup(values: Mapping[str, Any], path: str) -> Any:
    """The value at ``slot`` or ``result.field``; None if it is not known."""
    found: Any = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def fill(text: str, values: Mapping[str, Any], readings: Mapping[str, str], currency: str) -> str:
    """Fill a template. ``readings`` are the spoken forms of slots; unknown values read as "unknown"."""

    def read(match: re.Match[str]) -> str:
        path, form = match[1], match[2] or ""
        if not form and path in readings:
            return readings[path]
        return say_value(lookup(values, path), form, currency)

    return HOLE.sub(read, text)


def say_value(value: Any, form: str, currency: str) -> str:
    """A value in words; a form that does not fit the value falls back to the plain text."""
    if value is None:
        return "unknown"
    if form == "money" and isinstance(value, int):
        return money(value, currency)
    if form == "date":
        try:
            return day(value if isinstance(value, date) else date.fromisoformat(str(value)))
        except ValueError:
            return str(value)
    if form == "digits" and str(value).isdigit():
        return digit_groups(str(value))
    if form == "count" and isinstance(value, int):
        return count(value)
    return str(value)
