"""Parses amounts of money into integer cents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voicecore.spoken.numbers import (
    UNITS,
    ZEROS,
    below_hundred,
    chunks,
    concatenated,
    is_pronoun,
    word_at,
)
from voicecore.spoken.words import Found, Parsed, choose, listed

MAJOR = frozenset(listed("euro euros dollar dollars buck bucks pound pounds quid"))
MINOR = frozenset(listed("cent cents penny pennies pence p"))
_WRITTEN = re.compile(
    r"[$€£]?(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+|\d+)(?:[.,](?P<cents>\d{1,2}))?[$€£]?"
)
_COUNTED = frozenset(
    listed(
        "instalment instalments installment installments payment payments part parts time times rate rates"
    )
) | frozenset(listed("day days week weeks month months year years percent"))
"""After a bare number these say that it is no amount."""
_MONEY, _PLAIN = 1, 0
"""Weights: words with a currency or decimals beat bare numbers."""


def _written(words: Sequence[str], at: int) -> Found[int] | None:
    """An amount in digits with a sign or decimals: "$42.50", "42,50", "1,250.00"."""
    word = word_at(words, at)
    match = _WRITTEN.fullmatch(word)
    if match is None or word.isdigit():
        return None
    whole = int(re.sub(r"[.,]", "", match["whole"]))
    cents = int((match["cents"] or "0").ljust(2, "0"))
    end = at + 1 + (word_at(words, at + 1) in MAJOR)
    certain = "." not in match["whole"]
    return Found(100 * whole + cents, at, end, certain, _MONEY)


def _pair(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """Two digits of cents, 0..99: "fifty", "oh five", "five oh", "nine nine", "50"."""
    first, second = word_at(words, at), word_at(words, at + 1)
    if first in ZEROS:
        return (UNITS[second], at + 2) if second in UNITS else (0, at + 1 + (second in ZEROS))
    if first in UNITS and (second in UNITS or second in ZEROS):
        return 10 * UNITS[first] + UNITS.get(second, 0), at + 2
    if len(first) == 2 and first.isdigit():
        return int(first), at + 1
    return below_hundred(words, at)


def _after_currency(words: Sequence[str], start: int, whole: int, at: int) -> Found[int]:
    """What may follow "forty two euros": "fifty", "and fifty cents", "and a half"."""
    linked = word_at(words, at) == "and"
    if linked and list(words[at + 1 : at + 3]) == ["a", "half"]:
        return Found(100 * whole + 50, start, at + 3, True, _MONEY)
    pair = _pair(words, at + linked)
    if pair is None:
        return Found(100 * whole, start, at, True, _MONEY)
    named = word_at(words, pair[1]) in MINOR
    if word_at(words, pair[1]) in MAJOR or (not named and pair[0] < 10 and words[at + linked] not in ZEROS):
        return Found(100 * whole, start, at, True, _MONEY)
    return Found(100 * whole + pair[0], start, pair[1] + named, named or not linked, _MONEY)


def _after_point(words: Sequence[str], start: int, whole: int, at: int) -> Found[int] | None:
    """The decimals of "forty two point five", which are tenths when there is one."""
    pair = _pair(words, at)
    if pair is None:
        return None
    single = pair[1] == at + 1 and words[at] in UNITS
    end = pair[1] + (word_at(words, pair[1]) in MAJOR)
    return Found(100 * whole + pair[0] * (10 if single else 1), start, end, True, _MONEY)


def _bare(words: Sequence[str], row: Sequence[Found[int]]) -> Found[int] | None:
    """A row of numbers without a currency: "forty two fifty" is most likely 42.50."""
    start, end = row[0].start, row[-1].end
    zero_tens = len(row) > 2 and row[-2].value == 0 and row[-1].value < 10
    if len(row) == 1:
        return None if words[start] == "oh" else Found(100 * row[0].value, start, end, True, _PLAIN)
    if zero_tens or (10 <= row[-1].value < 100 and row[-2].value != 0):
        whole, cents = concatenated(row[: -2 if zero_tens else -1]), row[-1].value
    else:
        whole, cents = concatenated(row), 0
    if whole is None:
        return Found(100 * row[-1].value, row[-1].start, end, False, _PLAIN)
    return Found(100 * whole + cents, start, end, False, _PLAIN)


def _spoken(words: Sequence[str], at: int) -> Found[int] | None:
    """An amount that begins with a number in words or plain digits."""
    if word_at(words, at) in ("a", "one") and word_at(words, at + 1) in MAJOR:
        return _after_currency(words, at, 1, at + 2)
    row = chunks(words, at)
    if not row or is_pronoun(words, row):
        return None
    end = row[-1].end
    unit, whole = word_at(words, end), concatenated(row)
    if unit in MINOR and len(row) == 1:
        return Found(row[0].value, at, end + 1, True, _MONEY)
    if list(words[end : end + 3]) == ["and", "a", "half"]:
        end, unit = end + 3, "half"
    if unit == "half":
        extra = word_at(words, end) in MAJOR
        return Found(100 * row[-1].value + 50, row[-1].start, end + extra, True, _MONEY)
    if unit in ("point", "dot"):
        return _after_point(words, row[-1].start if whole is None else at, whole or row[-1].value, end + 1)
    bare = _bare(words, row)
    if unit not in MAJOR or bare is None:
        return None if unit in _COUNTED else bare
    if len(row) == 1:
        return _after_currency(words, at, row[0].value, end + 1)
    hundreds = len(row) == 2 and row[0].value < 10 <= row[1].value < 100 and whole is not None
    return Found(100 * whole if hundreds and whole else bare.value, bare.start, end + 1, False, _MONEY)


def _find(words: Sequence[str]) -> list[Found[int]]:
    found, at = [], 0
    while at < len(words):
        amount = _written(words, at) or _spoken(words, at)
        if amount:
            found.append(amount)
        at = amount.end if amount else at + 1
    return found


def parse_amount(text: str) -> Parsed[int] | None:
    """An amount in cents: "forty-two euros and fifty cents", "a dollar fifty", "a hundred", "€42.50".

    Euros, dollars and pounds are all "the currency". Without one, "forty two fifty" is read as
    42.50 and is not certain.
    """
    return choose(text, _find)
