"""Parses named days of the calendar: "the third of march", "march third 2027", "the first"."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import MAXYEAR, date, timedelta

from voicecore.spoken.numbers import (
    UNITS,
    ZEROS,
    Reading,
    below_hundred,
    cardinal,
    numeral,
    word_at,
)
from voicecore.spoken.words import Found, listed, starts

MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if n}
MONTHS |= {name[:3]: n for name, n in MONTHS.items()} | {"sept": 9}
_ORDINALS = {
    word: n
    for n, word in enumerate(
        listed(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
            "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ),
        1,
    )
} | {"thirtieth": 30}
_NEAR = timedelta(60)
"""A date without a year that passed this recently may be meant as past."""
_COUNTED = frozenset(
    listed("one ones thing time option of half invoice bill charge payment part place number")
)
"""After "the first" these say that things are counted, not days."""


def day_at(words: Sequence[str], at: int, cardinals: bool = False) -> Reading | None:
    """A day of a month: "third", "twenty first", "3rd"; with ``cardinals`` "twenty one" and "21" too."""
    word, unit = word_at(words, at), _ORDINALS.get(word_at(words, at + 1), 10)
    if word in _ORDINALS:
        return _ORDINALS[word], at + 1
    if word in ("twenty", "thirty") and unit < 10:
        return (20 if word == "twenty" else 30) + unit, at + 2
    written = re.fullmatch(r"(\d{1,2})(st|nd|rd|th)", word)
    if written:
        return int(written[1]), at + 1
    if not cardinals:
        return None
    number = numeral(word)
    reading = below_hundred(words, at) if number is None else (number, at + 1)
    return reading if reading and 1 <= reading[0] <= 31 else None


def year_at(words: Sequence[str], at: int) -> Reading | None:
    """A year of four digits: "twenty twenty seven", "nineteen oh five", "two thousand one", "2027"."""
    at += word_at(words, at) == "of"
    century = below_hundred(words, at)
    if century and century[0] in (19, 20):
        end = century[1]
        if word_at(words, end) in ZEROS and word_at(words, end + 1) in UNITS:
            return 100 * century[0] + UNITS[words[end + 1]], end + 2
        rest = below_hundred(words, end)
        if rest and rest[0] >= 10:
            return 100 * century[0] + rest[0], rest[1]
    reading = cardinal(words, at)
    return reading if reading and 1900 <= reading[0] < 2100 else None


def made(year: int, month: int, day: int) -> date | None:
    """The date, or None if the calendar does not have it."""
    in_range = 1 <= month <= 12 and 1 <= year <= MAXYEAR
    return date(year, month, day) if in_range and 1 <= day <= calendar.monthrange(year, month)[1] else None


def months_on(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of a month too short for it."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def coming(today: date, month: int, day: int) -> tuple[date, bool] | None:
    """The next such date from today on, and whether no recent one can have been meant instead."""
    options = [d for d in (made(today.year + n, month, day) for n in range(-1, 9)) if d]
    future = next((d for d in options if d >= today), None)
    recent = any(d < today <= d + _NEAR for d in options)
    return (future, not recent) if future else None


def _named(words: Sequence[str], at: int) -> tuple[int, int, int] | None:
    """Month, day and end of "march third", "march the third", "third of march", "3 march"."""
    month = MONTHS.get(word_at(words, at))
    if month:
        day = day_at(words, at + 1 + (word_at(words, at + 1) == "the"), cardinals=True)
        return (month, *day) if day else None
    day = day_at(words, at, cardinals=True)
    if day is None:
        return None
    of = word_at(words, day[1]) == "of"
    name = word_at(words, day[1] + of)
    verb = name == "may" and not of and day_at(words, at) is None
    return (MONTHS[name], day[0], day[1] + of + 1) if name in MONTHS and not verb else None


def calendar_day(words: Sequence[str], at: int, today: date) -> Found[date] | None:
    """A day with its month, with or without a year, or "the fifteenth" alone; the coming one."""
    start = at + (word_at(words, at) == "the")
    named = _named(words, start)
    if named is None:
        return _day_alone(words, at, start, today)
    month, number, end = named
    year = year_at(words, end)
    if year:
        value = made(year[0], month, number)
        return Found(value, at, year[1]) if value else None
    next_one = coming(today, month, number)
    return Found(next_one[0], at, end, next_one[1]) if next_one else None


def _day_alone(words: Sequence[str], at: int, start: int, today: date) -> Found[date] | None:
    """A day of this month or the next: "the fifteenth", "the first of next month"."""
    day = day_at(words, start)
    if day is None or (start == at and word_at(words, at) in ("first", "second", "third")):
        return None
    if word_at(words, at - 1) in MONTHS:
        return None
    this_month = today.replace(day=1)
    for phrase, offset in ((("of", "next", "month"), 1), (("of", "this", "month"), 0)):
        if starts(words, day[1], phrase):
            month = months_on(this_month, offset)
            value = made(month.year, month.month, day[0])
            return Found(value, at, day[1] + 3) if value else None
    of_month = starts(words, day[1], ("of", "the", "month"))
    if not of_month and word_at(words, day[1]) in _COUNTED:
        return None
    months = (months_on(this_month, n) for n in range(3))
    options = [d for d in (made(m.year, m.month, day[0]) for m in months) if d and d >= today]
    return Found(options[0], at, day[1] + 3 * of_month, options[0] != today) if options else None
