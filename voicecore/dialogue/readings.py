"""Reads slot values out of what a caller said, and says them back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from voicecore.dialogue.schema import Slot
from voicecore.dialogue.spoken import count, day, digit_groups, money
from voicecore.spoken import (
    Parsed,
    parse_amount,
    parse_date,
    parse_digits,
    parse_number,
    parse_spelled,
    parse_yes_no,
)

Problem = Literal["", "short", "long", "bounds"]
_ORDER = ("date", "amount", "choice", "digits", "number", "spelled", "yesno", "open")
"""Most telling first: a date's day must not be read as a number."""
_TAKEN = "..."
"""Stands for a word that another slot has used; no parser reads it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A slot's value as heard: JSON-ready (dates in ISO 8601, amounts in cents)."""

    value: Any
    span: tuple[int, int]
    """Half-open range of whitespace-separated words."""
    certain: bool
    problem: Problem = ""
    """Why it can't be taken: too few digits, too many, or outside the slot's bounds."""


def plain_words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))


def read_slot(slot: Slot, text: str, today: date) -> Reading | None:
    """The value of ``slot`` in ``text``, or None if there is nothing of its kind in it."""
    parsed = _parse(slot, text, today)
    if parsed is None:
        return None
    value = parsed.value.isoformat() if isinstance(parsed.value, date) else parsed.value
    return Reading(value, parsed.span, parsed.certain, problem_of(slot, value, today))


def read_slots(slots: Mapping[str, Slot], text: str, today: date) -> dict[str, Reading]:
    """Every one of ``slots`` that ``text`` holds, each word being used once."""
    words = text.split()
    found: dict[str, Reading] = {}
    for name in sorted(slots, key=lambda name: _ORDER.index(slots[name].kind)):
        reading = read_slot(slots[name], " ".join(words), today)
        if reading is not None:
            found[name] = reading
            start, end = reading.span
            words[start:end] = [_TAKEN] * (end - start)
    return found


def _parse(slot: Slot, text: str, today: date) -> Parsed[Any] | None:
    match slot.kind:
        case "digits":
            return parse_digits(text, slot.digits)
        case "number":
            return parse_number(text)
        case "amount":
            return parse_amount(text)
        case "date":
            return parse_date(text, today)
        case "yesno":
            return parse_yes_no(text)
        case "spelled":
            return parse_spelled(text)
        case "choice":
            return _parse_choice(slot, text)
        case "open":
            return Parsed(text.strip(), (0, len(text.split())), True) if plain_words(text) else None


def _parse_choice(slot: Slot, text: str) -> Parsed[str] | None:
    """The choice whose phrase occurs in ``text``; of several the last is meant, but not certain."""
    words = [" ".join(plain_words(word)) for word in text.split()]
    found: list[tuple[int, int, str]] = []
    for choice in slot.choices:
        for phrase in choice.accepts:
            parts = phrase.split()
            for at in range(len(words) - len(parts) + 1):
                if words[at : at + len(parts)] == parts:
                    found.append((at, at + len(parts), choice.value))
    whole = [f for f in found if not any(g[0] <= f[0] and f[1] <= g[1] and g[:2] != f[:2] for g in found)]
    if not whole:
        return None
    start, end, value = max(whole)
    return Parsed(value, (start, end), len({choice for _, _, choice in whole}) == 1)


def problem_of(slot: Slot, value: Any, today: date) -> Problem:
    """Why ``value`` can't be taken for ``slot``; "" if it can."""
    if slot.kind == "digits" and slot.digits is not None:
        fewest, most = slot.digits
        return "short" if len(value) < fewest else "long" if len(value) > most else ""
    if slot.kind in ("number", "amount"):
        low = slot.minimum if slot.minimum is not None else value
        high = slot.maximum if slot.maximum is not None else value
        return "" if low <= value <= high else "bounds"
    if slot.kind == "date" and slot.within_days is not None:
        when = date.fromisoformat(value)
        return "" if today <= when <= today + timedelta(days=slot.within_days) else "bounds"
    return ""


def say_slot(slot: Slot, value: Any, currency: str, today: date) -> str:
    """``value`` the way the agent reads it back."""
    match slot.kind:
        case "digits":
            return digit_groups(value, slot.groups)
        case "number":
            return f"{count(value)} {slot.unit or ''}".strip()
        case "amount":
            return money(value, currency)
        case "date":
            when = date.fromisoformat(value)
            return day(when, year=abs((when - today).days) > 300)
        case "yesno":
            return "yes" if value else "no"
        case "choice":
            return next(choice.say for choice in slot.choices if choice.value == value)
        case "spelled":
            return ", ".join(value)
        case "open":
            return str(value)


def say_slots(
    slots: Mapping[str, Slot], values: Mapping[str, Any], currency: str, today: date
) -> dict[str, str]:
    """The spoken forms of all slots that have a value."""
    return {
        name: say_slot(slots[name], value, currency, today) for name, value in values.items() if name in slots
    }


def patch_digits(before: str, part: str) -> str | None:
    """``before`` with ``part`` laid over the place it matches best: 456123 and "4563" give 456323.

    None when it fits nowhere, changes nothing or fits two places equally well.
    """
    if not 1 < len(part) < len(before):
        return None
    fits: dict[int, set[str]] = {}
    for at in range(len(before) - len(part) + 1):
        same = sum(a == b for a, b in zip(before[at:], part, strict=False))
        if len(part) - 2 <= same < len(part) and same >= 1:
            fits.setdefault(same, set()).add(before[:at] + part + before[at + len(part) :])
    best = fits[max(fits)] if fits else set()
    return best.pop() if len(best) == 1 else None


def solid_prefix(reading: Reading, confidences: Sequence[float], weak: float) -> str:
    """The digits before the first word that was hardly heard; "" if all were, or too few before it.

    ``confidences`` are those of the utterance's words; they must line up with the digits.
    """
    start, end = reading.span
    if end - start != len(reading.value) or end > len(confidences):
        return ""
    for nth, confidence in enumerate(confidences[start:end]):
        if confidence < weak:
            return reading.value[:nth] if nth >= 2 else ""
    return ""
