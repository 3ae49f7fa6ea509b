"""Parses whole numbers as people say them, and holds the grammar of English cardinals."""

from __future__ import annotations

from collections.abc import Sequence

from voicecore.spoken.words import Found, Parsed, choose, listed

UNITS = {w: n for n, w in enumerate(listed("one two three four five six seven eight nine"), 1)}
TEENS = {
    w: n
    for n, w in enumerate(
        listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"), 10
    )
}
TENS = {w: 10 * n for n, w in enumerate(listed("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
TENS["fourty"] = 40
ZEROS = frozenset(listed("zero nought naught nil oh o"))
SCALES = {"thousand": 1_000, "grand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_PRONOUN_ONE = frozenset(listed("this that which another last the each no any every"))

Reading = tuple[int, int]
"""A value and the index after its last word."""


def word_at(words: Sequence[str], at: int) -> str:
    """The word at ``at``, or "" beyond either end."""
    return words[at] if 0 <= at < len(words) else ""


def numeral(word: str) -> int | None:
    """A number written in digits, grouped or not ("1,250"), else None."""
    plain = word.replace(",", "")
    grouped = all(len(group) == 3 for group in word.split(",")[1:])
    return int(plain) if grouped and plain.isascii() and plain.isdigit() else None


def below_hundred(words: Sequence[str], at: int, joined: bool = True) -> Reading | None:
    """A number 1..99 in words; not ``joined`` reads "sixty four" as 60 and leaves the four."""
    word = word_at(words, at)
    if word in TENS:
        unit = UNITS.get(word_at(words, at + 1), 0) if joined else 0
        return TENS[word] + unit, at + 1 + (unit > 0)
    value = UNITS.get(word) or TEENS.get(word)
    return (value, at + 1) if value else None


def _below_thousand(words: Sequence[str], at: int, joined: bool) -> Reading | None:
    """One group of a cardinal: a number up to 99, with "hundred" up to 9,999 ("nineteen hundred")."""
    if word_at(words, at) == "a":
        following = word_at(words, at + 1)
        if following in SCALES:
            return 1, at + 1
        return _below_thousand(words, at + 1, joined) if following in ("hundred", "couple", "dozen") else None
    head = _head(words, at, joined)
    if head is None or word_at(words, head[1]) != "hundred":
        return head
    value, end = 100 * head[0], head[1] + 1
    rest = below_hundred(words, end + (word_at(words, end) == "and"), joined) if joined else None
    if rest and word_at(words, rest[1]) != "hundred":
        return value + rest[0], rest[1]
    return value, end


def _head(words: Sequence[str], at: int, joined: bool) -> Reading | None:
    """What may stand before "hundred" or a scale."""
    word = word_at(words, at)
    if word == "hundred":
        return 1, at
    if word == "couple":
        return 2, at + 1 + (word_at(words, at + 1) == "of")
    if word == "dozen":
        return 12, at + 1
    written = numeral(word)
    if written is not None:
        return written, at + 1
    return below_hundred(words, at, joined)


def cardinal(words: Sequence[str], at: int, joined: bool = True) -> Reading | None:
    """The longest cardinal at ``at`` ("two thousand and five", "a hundred", "42"), zero excepted.

    Not ``joined`` keeps round parts apart: "one hundred twenty three" is 100, then 20, then 3.
    """
    total, end, limit = 0, at, 10**12
    while True:
        start = end + (total > 0 and word_at(words, end) == "and")
        group = _below_thousand(words, start, joined)
        if group is None:
            break
        scale = SCALES.get(word_at(words, group[1]), 1)
        if scale >= limit or group[0] * scale >= limit:
            break
        total, end, limit = total + group[0] * scale, group[1] + (scale > 1), scale
        if scale == 1 or not joined:
            break
    return (total, end) if end > at else None


def chunks(words: Sequence[str], at: int) -> list[Found[int]]:
    """The unbroken row of cardinals and zeros that begins at ``at``."""
    row: list[Found[int]] = []
    while True:
        reading = (0, at + 1) if word_at(words, at) in ZEROS else cardinal(words, at)
        if reading is None:
            return row
        row.append(Found(reading[0], at, reading[1]))
        at = reading[1]


def concatenated(row: Sequence[Found[int]]) -> int | None:
    """The number that a row of short cardinals spells ("nineteen eighty four"), else None."""
    if len(row) > 1 and any(c.value >= 100 for c in row):
        return None
    return int("".join(str(c.value) for c in row))


def is_pronoun(words: Sequence[str], row: Sequence[Found[int]]) -> bool:
    """Whether the row is no number but the "one" of "this one"."""
    return [c.value for c in row] == [1] and word_at(words, row[0].start - 1) in _PRONOUN_ONE


def _find(words: Sequence[str]) -> list[Found[int]]:
    found = []
    at = 0
    while at < len(words):
        row = chunks(words, at)
        if not row:
            at += 1
            continue
        at = row[-1].end
        if word_at(words, at) in ("point", "dot"):
            at = (chunks(words, at + 1) or row)[-1].end + 1
            continue
        if is_pronoun(words, row) or (words[row[0].start] == "oh" and len(row) == 1 < len(words)):
            continue
        value, together = concatenated(row), len(row) == 1
        negative = word_at(words, row[0].start - 1) in ("minus", "negative")
        if value is None:
            row, value = row[-1:], row[-1].value
        found.append(Found(-value if negative else value, row[0].start - negative, at, together))
    return found


def parse_number(text: str) -> Parsed[int] | None:
    """A whole number: "one hundred and five", "nineteen eighty four" (1984), "1,250", "minus three".

    Several short numbers in a row are read as one ("one twenty three" is 123) and are not certain.
    """
    return choose(text, _find)
