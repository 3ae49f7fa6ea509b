"""Parses dates as people say them, relative to a given today."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta

from voicecore.spoken.days import MONTHS, calendar_day, coming, made, months_on
from voicecore.spoken.numbers import cardinal, word_at
from voicecore.spoken.words import Found, Parsed, choose, listed, starts

WEEKDAYS = {name.lower(): n for n, name in enumerate(calendar.day_name)}
_RELATIVE = {
    ("the", "day", "after", "tomorrow"): 2,
    ("day", "after", "tomorrow"): 2,
    ("the", "day", "before", "yesterday"): -2,
    ("day", "before", "yesterday"): -2,
    ("tomorrow",): 1,
    ("today",): 0,
    ("tonight",): 0,
    ("right", "now"): 0,
    ("yesterday",): -1,
}
_EDGES = {
    ("end", "of"): "end",
    ("last", "day", "of"): "end",
    ("beginning", "of"): "start",
    ("start", "of"): "start",
    ("first", "day", "of"): "start",
    ("middle", "of"): "middle",
    ("mid",): "middle",
}
_UNIT_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_NOT_AHEAD = frozenset(listed("every for each last past"))
"""Before a length of time these say that it is no distance from today."""


def _relative(words: Sequence[str], at: int, today: date) -> Found[date] | None:
    """Today, tomorrow, yesterday and their neighbours."""
    for phrase, days in _RELATIVE.items():
        if starts(words, at, phrase):
            return Found(today + timedelta(days), at, at + len(phrase))
    return None


def _weekday(words: Sequence[str], at: int, today: date) -> Found[date] | None:
    """A weekday: "friday", "next friday", "this friday", "friday next week", "friday the third".

    "Next friday" is the one of next week; not certain while this week's is still to come.
    """
    which = word_at(words, at) if word_at(words, at) in ("next", "this", "last", "coming") else ""
    end = at + (which != "") + 1
    day = WEEKDAYS.get(word_at(words, end - 1))
    if day is None:
        return None
    ahead = (day - today.weekday()) % 7
    next_week = 7 - today.weekday() + day
    spoken = None if which else calendar_day(words, end, today)
    if spoken:
        return Found(spoken.value, at, spoken.end, spoken.certain and spoken.value.weekday() == day)
    of = word_at(words, end) == "of"
    if starts(words, end + of, ("next", "week")):
        return Found(today + timedelta(next_week), at, end + of + 2)
    if word_at(words, end) == "week":
        return Found(today + timedelta((ahead or 7) + 7), at, end + 1)
    if which == "last":
        return Found(today - timedelta(7 - ahead), at, end)
    if which == "next":
        return Found(today + timedelta(next_week), at, end, next_week <= 7)
    return Found(today + timedelta(ahead or 7), at, end, ahead > 0)


def _distance(words: Sequence[str], at: int, today: date) -> Found[date] | None:
    """A length of time away: "in two weeks", "ten days from now", "a week from friday", "a month ago"."""
    inward = word_at(words, at) in ("in", "within", "after")
    start = at + inward
    reading = cardinal(words, start) or ((1, start + 1) if word_at(words, start) in ("a", "an") else None)
    if reading is None or reading[0] > 1000:
        return None
    unit = word_at(words, reading[1]).rstrip("'").removesuffix("s").rstrip("'")
    if unit not in (*_UNIT_DAYS, "month", "year"):
        return None
    timed = word_at(words, reading[1] + 1) == "time"
    end = reading[1] + 1 + timed
    count, base, anchored = reading[0], Found(today, at, end), inward or timed
    if word_at(words, end) == "ago":
        count, anchored, base = -count, True, Found(today, at, end + 1)
    elif word_at(words, end) in ("from", "after", "on") or _relative(words, end, today):
        linked = word_at(words, end) in ("from", "after", "on")
        base, anchored = _base(words, end + linked, today), True
    elif not anchored and word_at(words, at - 1) in _NOT_AHEAD:
        return None
    if unit in _UNIT_DAYS:
        value = base.value + timedelta(count * _UNIT_DAYS[unit])
    else:
        value = months_on(base.value, count * (12 if unit == "year" else 1))
    certain = base.certain and anchored and words[at] != "within" and "couple" not in words[at:end]
    return Found(value, at, base.end, certain, 0 if anchored else -1)


def _base(words: Sequence[str], at: int, today: date) -> Found[date]:
    """The day that a distance counts from; today, not certain, when it can't be read."""
    if word_at(words, at) in ("now", "today"):
        return Found(today, at, at + 1)
    for rule in (_relative, _weekday, calendar_day):
        found = rule(words, at, today)
        if found:
            return found
    return Found(today, at, at, False)


def _period(words: Sequence[str], at: int, today: date) -> Found[date] | None:
    """A part of a month, week or year: "the end of the month", "mid march", "next week", "in may"."""
    start = at + (word_at(words, at) == "the")
    phrase = next((p for p in _EDGES if starts(words, start, p)), ())
    edge = _EDGES.get(phrase, "")
    start += len(phrase)
    which = word_at(words, start) if word_at(words, start) in ("the", "this", "next") else ""
    name_at = start + (which != "")
    name = word_at(words, name_at)
    if name in MONTHS:
        if not edge and not (which == "next" or word_at(words, at - 1) == "in"):
            return None
        month = months_on(today.replace(day=1), (MONTHS[name] - today.month) % 12)
        return _part(month, today, edge, (at, name_at + 1))
    if name not in ("month", "week", "year") or not (edge or which == "next"):
        return None
    if name == "week":
        return _week_part(today, edge, which == "next", (at, name_at + 1))
    if name == "year":
        year = today.year + (which == "next")
        if edge == "end":
            return Found(date(year, 12, 31), at, name_at + 1)
        value = date(year, 7, 1) if edge == "middle" else date(year, 1, 1)
        return Found(value, at, name_at + 1, edge == "start") if value >= today else None
    if not edge:
        return Found(months_on(today, 1), at, name_at + 1, False)
    return _part(months_on(today.replace(day=1), int(which == "next")), today, edge, (at, name_at + 1))


def _part(month: date, today: date, edge: str, span: tuple[int, int]) -> Found[date] | None:
    """The last, first or middle day of the month that begins at ``month``; a past one is none."""
    last = calendar.monthrange(month.year, month.month)[1]
    value = month.replace(day={"end": last, "middle": 15}.get(edge, 1))
    if value < today:
        value = months_on(value, 12)
        return Found(value, *span, certain=False)
    return Found(value, *span, certain=edge in ("end", "start"))


def _week_part(today: date, edge: str, following: bool, span: tuple[int, int]) -> Found[date]:
    """The friday, monday or wednesday of this or next week; never certain."""
    monday = today + timedelta(7 * following - today.weekday())
    days = {"end": 4, "start": 0, "middle": 2}
    value = monday + timedelta(days[edge]) if edge else today + timedelta(7)
    return Found(value if value >= today else today, *span, certain=False)


def _written(words: Sequence[str], at: int, today: date) -> Found[date] | None:
    """Digits: "2026-12-03", "12/3", "12/3/2026", "3.12.2026"; month first where both could be."""
    word = word_at(words, at)
    iso = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", word)
    if iso:
        value = made(int(iso[1]), int(iso[2]), int(iso[3]))
        return Found(value, at, at + 1) if value else None
    match = re.fullmatch(r"(\d{1,2})([/.])(\d{1,2})(?:\2(\d{4}))?", word)
    if not match or (match[2] == "." and not match[4]):
        return None
    first, second = int(match[1]), int(match[3])
    month_first = first <= 12 and match[2] == "/"
    month, day = (first, second) if month_first else (second, first)
    certain = first == second or max(first, second) > 12 or not month_first
    if match[4]:
        value = made(int(match[4]), month, day)
        return Found(value, at, at + 1, certain) if value else None
    next_one = coming(today, month, day)
    return Found(next_one[0], at, at + 1, certain and next_one[1]) if next_one else None


_RULES = (_relative, _weekday, _distance, _period, calendar_day, _written)


def parse_date(text: str, today: date) -> Parsed[date] | None:
    """A date: "tomorrow", "next friday", "the third of march", "in two weeks", "end of the month".

    A date without a year or month is the coming one, ``today`` included. None when there is no
    date, or one that the calendar does not have.
    """

    def find(words: Sequence[str]) -> list[Found[date]]:
        found, at = [], 0
        while at < len(words):
            here = [f for f in (rule(words, at, today) for rule in _RULES) if f]
            best = max(here, key=lambda f: f.end, default=None)
            if best:
                found.append(best)
            at = best.end if best else at + 1
        return found

    return choose(text, find)
