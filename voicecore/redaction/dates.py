"""Finds dates in words or signs, for dates of birth and for when a card expires."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voicecore.redaction.entities import Entity, Hit
from voicecore.redaction.runs import MISHEARD
from voicecore.spoken.days import MONTHS, day_at, year_at
from voicecore.spoken.digits import piece_at
from voicecore.spoken.numbers import ZEROS, word_at

_DATE = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}-\d{2}-\d{2}")
_MONTH_YEAR = re.compile(r"(0?[1-9]|1[0-2])/\d{2,4}")
_ENDINGS = frozenset(MISHEARD) | frozenset("123456789")
"""What recognisers make of the last digit of a year."""
_FILLING = frozenset({"of", "the", "in", "uh", "um", "and", "slash"})


def is_expiry(value: str) -> bool:
    """Month and year as on a card: "927", "0927", "092027"."""
    month = value[: len(value) - (4 if len(value) > 4 else 2)]
    year = value[len(month) :]
    return value.isdigit() and 3 <= len(value) <= 6 and 1 <= int(month) <= 12 and 20 <= int(year[-2:]) <= 45


def _year(words: Sequence[str], at: int) -> int:
    """The index after a year of two or four digits at ``at``; ``at`` if there is none."""
    start = at
    while word_at(words, start) in _FILLING:
        start += 1
    full = year_at(words, start)
    if full:
        return full[1]
    if word_at(words, start) in ZEROS:
        digit = piece_at(words, start + 1) if start + 1 < len(words) else None
        return digit[1] if digit and len(digit[0]) == 1 else at
    piece = piece_at(words, start) if start < len(words) else None
    if piece is None or len(piece[0]) not in (1, 2, 4):
        return at
    second = piece_at(words, piece[1]) if len(piece[0]) < 4 and piece[1] < len(words) else None
    return second[1] if second and len(piece[0]) + len(second[0]) in (2, 4) else piece[1]


def _day(words: Sequence[str], at: int) -> int:
    """The index after a day of the month at ``at``; ``at`` if there is none."""
    start = at
    while word_at(words, start) in _FILLING:
        start += 1
    day = day_at(words, start, cardinals=True) if start < len(words) else None
    return day[1] if day else at


def _around(words: Sequence[str], at: int) -> tuple[int, int]:
    """The words of a date whose month is at ``at``."""
    start = at
    for back in range(1, 5):
        first = at - back
        if first < 0:
            break
        if day_at(words, first, cardinals=True) and _day(words, first) in (at, at - 1):
            start = first
    start -= word_at(words, start - 1) == "the" and start < at
    end = at + 1
    if start == at:
        end = _day(words, end)
    return start, _year(words, end)


def _ordinals(words: Sequence[str], at: int) -> tuple[int, int]:
    """ "eighth of the eighth nineteen eighty eight"; (at, at) if there is no such date."""
    day = day_at(words, at)
    month = _day(words, day[1]) if day and word_at(words, day[1]) == "of" else at
    year = _year(words, month) if month > at else at
    return (at, year) if year > month > at else (at, at)


def find_dates(words: Sequence[str], birth: bool, expiry: bool) -> list[Hit]:
    """Dates with a month by name or in signs, as what the turn is about: ``birth``, else ``expiry``."""
    hits: list[Hit] = []
    if not (birth or expiry):
        return hits
    entity = Entity.BIRTH_DATE if birth else Entity.EXPIRY
    for at, word in enumerate(words):
        if hits and at < hits[-1].end:
            continue
        if _DATE.fullmatch(word) or (expiry and _MONTH_YEAR.fullmatch(word)):
            hits.append(Hit(entity, 0.95, at, at + 1, word))
        else:
            start, end = (
                (_around(words, at) if birth else (at, _year(words, at + 1))) if word in MONTHS else (at, at)
            )
            start, end = _ordinals(words, at) if birth and start == end else (start, end)
            only_day = (
                birth
                and word_at(words, start - 1) == "on"
                and _year(words, end) == end == _day(words, at + 1)
            )
            if end - start > (word in ("may", "march")) and not (only_day and "born" not in words):
                end += end > at + 1 and word_at(words, end) in _ENDINGS
                hits.append(Hit(entity, 0.9, start, end, " ".join(words[start:end])))
    return hits
