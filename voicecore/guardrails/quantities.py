"""Finds what a sentence states in figures: money, shares, dates, times, durations and digit runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_SMALL = {
    word: n
    for n, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {"oh": 0}
_TENS = {
    w: 10 * n
    for n, w in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_ORDINALS = {
    word: n
    for n, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ],
        start=1,
    )
} | {"thirtieth": 30}
_MONTHS = {
    word: n
    for n, word in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
}
_MONEY = frozenset(
    ["euro", "euros", "eur", "€", "dollar", "dollars", "$", "pound", "pounds", "£", "quid", "buck", "bucks"]
)
_COINS = frozenset(["cent", "cents", "penny", "pence"])
_SPANS = frozenset(["second", "minute", "hour", "day", "week", "month", "year"])
_HALVES = frozenset(["morning", "afternoon", "evening", "night"])
_UNITS = _MONEY | _COINS | _SPANS | {"%", "percent", *_SCALES, *_MONTHS}
_TOKEN = re.compile(r"\d{4}-\d\d-\d\d|\d+(?:st|nd|rd|th)\b|\d+(?:[.,]\d+)*|[a-z]+|[€$£%]")
_DIGITS = 3
"""Single digits in a row that are a number to write down."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure with its kind. ``value``: money in cents; a date as (month, day); a duration as (unit, n)."""

    kind: str
    """"money", "share", "date", "time", "duration" or "digits"."""
    value: Any


def quantities(text: str) -> tuple[Quantity, ...]:
    """The figures in a text, spoken or written, in order. Bare numbers and weekdays are none."""
    tokens = _TOKEN.findall(text.lower().replace("per cent", "percent"))
    found, at = [], 0
    while at < len(tokens):
        read = _dated(tokens, at) or _money_sign(tokens, at) or _digit_run(tokens, at) or _counted(tokens, at)
        if read is None:
            at += 1
        else:
            quantity, at = read
            found += [quantity] if quantity else []
    return tuple(found)


def known(values: Sequence[Any]) -> Iterator[Quantity]:
    """What may be said of JSON-ready values: an integer as cents, units, share or count, a date, digits."""
    for value in values:
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int | float):
            yield from _readings(value)
        elif isinstance(value, str):
            if re.fullmatch(r"\d+", value):
                yield Quantity("digits", value)
                yield from _readings(int(value))
            yield from quantities(value)


def _readings(value: float) -> Iterator[Quantity]:
    yield Quantity("money", round(abs(value)))
    yield Quantity("money", round(abs(value) * 100))
    yield Quantity("share", float(value))
    yield Quantity("time", int(value))
    yield Quantity("digits", str(int(value)))
    yield from (Quantity("duration", (unit, float(value))) for unit in sorted(_SPANS))


Read = tuple[Quantity | None, int] | None
"""A figure and where to go on; None where there is none."""


def _number(tokens: Sequence[str], at: int) -> tuple[float, int] | None:
    """A whole or decimal number from ``at``, and where it ends."""
    if at < len(tokens) and tokens[at][0].isdigit():
        return _written(tokens[at]), at + 1
    total = part = 0
    begin, last = at, 0
    while at < len(tokens):
        word = tokens[at]
        if word in _TENS and last in (0, 100, 1000):
            part, last = part + _TENS[word], 10
        elif word in _SMALL and (last in (0, 100, 1000) or (last == 10 and 0 < _SMALL[word] < 10)):
            part, last = part + _SMALL[word], 1
        elif word in _SCALES and (last or word != "hundred"):
            scale = _SCALES[word]
            if scale == 100:
                part *= scale
            else:
                total, part = total + max(part, 1) * scale, 0
            last = min(scale, 1000)
        elif word == "and" and last >= 100 and _starts_number(tokens, at + 1):
            pass
        else:
            break
        at += 1
    return (float(total + part), at) if at > begin else None


def _starts_number(tokens: Sequence[str], at: int) -> bool:
    return at < len(tokens) and (tokens[at] in _SMALL or tokens[at] in _TENS)


def _written(token: str) -> float:
    """ "1,200.50", "1.200,50", "42,50", "1,200"."""
    digits = re.sub(r"\D+$", "", token)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        return float(re.sub(r"[.,]", "", digits))
    head, _, tail = digits.replace(",", ".").rpartition(".")
    return float(f"{head.replace('.', '')}.{tail}") if head else float(tail)


def _dated(tokens: Sequence[str], at: int) -> Read:
    word = tokens[at]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", word):
        return Quantity("date", (int(word[5:7]), int(word[8:]))), at + 1
    if word in _MONTHS:
        day = _day(tokens, at + 1)
        return (Quantity("date", (_MONTHS[word], day[0])), day[1]) if day else None
    day = _day(tokens, at)
    if day:
        month = day[1] + (day[1] < len(tokens) and tokens[day[1]] == "of")
        if month < len(tokens) and tokens[month] in _MONTHS:
            return Quantity("date", (_MONTHS[tokens[month]], day[0])), month + 1
    return None


def _day(tokens: Sequence[str], at: int) -> tuple[int, int] | None:
    """A day of the month from ``at``, as ordinal or number."""
    if at >= len(tokens):
        return None
    word, after = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
    if word == "the":
        return _day(tokens, at + 1)
    if word in ("twenty", "thirty") and _ORDINALS.get(after, 10) < 10:
        return _TENS[word] + _ORDINALS[after], at + 2
    if word in _ORDINALS:
        return _ORDINALS[word], at + 1
    number = _number(tokens, at)
    if number and number[0] == int(number[0]) and 1 <= number[0] <= 31:
        return int(number[0]), number[1]
    return None


def _money_sign(tokens: Sequence[str], at: int) -> Read:
    number = _number(tokens, at + 1) if tokens[at] in ("€", "$", "£") else None
    return (Quantity("money", round(number[0] * 100)), number[1]) if number else None


def _digit_run(tokens: Sequence[str], at: int) -> Read:
    """Digits one by one or in groups, "two seven four one", "0800 123456"; four and more written together."""
    end, digits = at, ""
    while end < len(tokens):
        word = tokens[end]
        if _SMALL.get(word, 10) < 10:
            digits += str(_SMALL[word])
        elif word.isdecimal():
            digits += word
        else:
            break
        end += 1
    unit = tokens[end].removesuffix("s") if end < len(tokens) else ""
    if len(digits) < _DIGITS + (end == at + 1) or unit in _UNITS:
        return None
    return Quantity("digits", digits), end


def _counted(tokens: Sequence[str], at: int) -> Read:
    """A number with its unit; a bare one is passed over."""
    number = _number(tokens, at)
    if number is None:
        return None
    value, after = number
    unit = tokens[after] if after < len(tokens) else ""
    if unit in _MONEY:
        return _with_coins(tokens, value, after + 1)
    if unit in _COINS:
        return Quantity("money", round(value)), after + 1
    if unit in ("percent", "%"):
        return Quantity("share", value), after + 1
    if unit.removesuffix("s") in _SPANS:
        return Quantity("duration", (unit.removesuffix("s"), value)), after + 1
    if unit in ("o", "am", "pm") or (set(tokens[after : after + 3]) & _HALVES and unit in ("in", "at")):
        return Quantity("time", int(value) + 12 * (unit == "pm" and value < 12)), after + 1
    return None, after


def _with_coins(tokens: Sequence[str], value: float, at: int) -> Read:
    """ "forty-two euros", with "and fifty cents" or "fifty" behind it."""
    begin = at + (at < len(tokens) and tokens[at] == "and")
    coins = _number(tokens, begin)
    if coins and coins[0] < 100 and coins[0] == int(coins[0]):
        unit = tokens[coins[1]] if coins[1] < len(tokens) else ""
        if unit in _COINS:
            return Quantity("money", round(value * 100 + coins[0])), coins[1] + 1
        if begin == at and not unit:
            return Quantity("money", round(value * 100 + coins[0])), coins[1]
    return Quantity("money", round(value * 100)), at
