"""Parses digit strings (customer numbers, postcodes, card tails) in every way that people say them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voicecore.spoken.numbers import UNITS, ZEROS, cardinal, numeral, word_at
from voicecore.spoken.repair import Lengths, fits, repaired
from voicecore.spoken.words import HEDGES, Parsed, Token, listed, segments, tokens

REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
HOMOPHONES = {"to": "2", "too": "2", "for": "4", "fore": "4", "won": "1", "ate": "8"}
"""What recognisers write for a digit; taken for one only inside a row of digits."""
_PLURALS = {"zeros": "0", "zeroes": "0", "ohs": "0", "sixes": "6"} | {
    f"{word}s": str(n) for word, n in UNITS.items() if word != "six"
}
_JOINERS = frozenset(listed("and then dash hyphen space next followed by"))


@dataclass(frozen=True, slots=True)
class _Row:
    """An unbroken row of digits; ``start`` and ``end`` are token indexes."""

    digits: str
    start: int
    end: int
    certain: bool = True


def _digit(word: str) -> str | None:
    return "0" if word in ZEROS else str(UNITS[word]) if word in UNITS else None


def piece_at(words: Sequence[str], at: int, joined: bool = True) -> tuple[str, int] | None:
    """The digits of the expression at ``at`` and the index after it."""
    word, following = word_at(words, at), word_at(words, at + 1)
    if word in REPEATS:
        repeated = _digit(following) or (following if following.isdigit() and len(following) == 1 else None)
        return (repeated * REPEATS[word], at + 2) if repeated else None
    if word in UNITS and following in _PLURALS:
        return _PLURALS[following] * UNITS[word], at + 2
    if word in ZEROS:
        return "0", at + 1
    if numeral(word) is not None and following not in ("hundred", "thousand"):
        return word.replace(",", ""), at + 1
    reading = cardinal(words, at, joined)
    if reading is None or (word in ("a", "couple", "dozen")):
        return None
    return str(reading[0]), reading[1]


def _homophone(words: Sequence[str], at: int, joined: bool) -> str | None:
    """The digit that the word at ``at``, right after a digit, was misheard from."""
    end = at + 1 == len(words)
    return HOMOPHONES.get(word_at(words, at)) if end or piece_at(words, at + 1, joined) else None


def _rows(words: Sequence[str], joined: bool) -> list[_Row]:
    """All rows of digits in ``words``, in order."""
    rows: list[_Row] = []
    row: _Row | None = None
    at = 0
    while at < len(words):
        piece = piece_at(words, at, joined)
        misheard = _homophone(words, at, joined) if row and not piece and row.end == at else None
        if piece:
            old = row or _Row("", at, at)
            row, at = replace(old, digits=old.digits + piece[0], end=piece[1]), piece[1]
        elif row and misheard:
            row = replace(row, digits=row.digits + misheard, end=at + 1, certain=False)
            at += 1
        else:
            if row and words[at] not in _JOINERS:
                rows.append(row)
                row = None
            at += 1
    rows += [row] if row else []
    return [r for r in rows if words[r.start : r.end] != ["oh"] or len(words) == 1]


def _row(words: Sequence[str], lengths: Lengths | None) -> _Row | None:
    """The row that answers: one of a fitting length, or all rows together if they fit, or the longest."""
    candidates = []
    for joined in (True, False):
        rows = _rows(words, joined)
        if not rows:
            return None
        whole = _Row(
            "".join(r.digits for r in rows), rows[0].start, rows[-1].end, all(r.certain for r in rows)
        )
        longest = max(rows, key=lambda r: (len(r.digits), r.start))
        lone_oh = whole.digits[0] == "0" and words[whole.start] == "oh" and len(rows) == 1
        trimmed = [replace(whole, digits=whole.digits[1:], start=whole.start + 1)] if lone_oh else []
        fitting = [r for r in rows if lengths and fits(r.digits, lengths)]
        candidates.append(replace(longest, certain=longest.certain and 1 in (len(rows), len(fitting))))
        if lengths:
            candidates += [r for r in [*fitting, whole, *trimmed] if r.digits]
    return next((row for row in candidates if fits(row.digits, lengths)), candidates[0])


def _spanned(part: Sequence[Token], row: _Row) -> tuple[int, int]:
    return part[row.start].at, part[row.end - 1].at + 1


def parse_digits(text: str, lengths: Lengths | None = None) -> Parsed[str] | None:
    """A digit string: "four one double one oh", "triple seven", "forty-two seventeen", "4217".

    ``lengths``, the fewest and most digits that make sense, chooses between readings ("sixty four"
    is 64 or 604) and decides what a correction replaced; a value outside them comes back uncertain.
    """
    value, certain, spans = "", True, list[tuple[int, int]]()
    parts = segments(tokens(text))
    for nth, part in enumerate(parts):
        words = [token.text for token in part]
        row = _row(words, lengths if len(parts) == 1 else None)
        if row is None:
            certain = certain and (not value or nth < len(parts) - 1)
            continue
        sure = row.certain and HEDGES.isdisjoint(words)
        if value:
            value, clear = repaired(value, row.digits, lengths, whole=True)
            certain = sure and clear
        else:
            value, certain = row.digits, sure
        spans.append(_spanned(part, row))
    if not spans:
        return None
    return Parsed(value, (spans[0][0], spans[-1][1]), certain and fits(value, lengths))
