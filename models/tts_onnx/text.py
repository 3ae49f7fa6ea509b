"""Parts a text into what is synthesised at a time, and finds its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Span = tuple[int, int]

_TOKEN = re.compile(r"[^\s—–]+")
_SENTENCE = re.compile(r"""[.!?…]["'”’)\]]*\s+""")
_CLAUSE = re.compile(r"""[.!?…,;:]["'”’)\]]*\s+|\s*[—–]\s*|\s+-\s+""")
_BLANK = re.compile(r"\s+")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[^\W\d_]|Dr|Mr|Mrs|Ms|St|Prof|e\.g|i\.e|vs|approx)\.\s+$")
"""After these a full stop ends no sentence: "Dr. ", "J. ", "e.g. "."""


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a voice may stop, and how much it takes at a time, in characters."""

    clauses: bool
    """Whether a part may end with a clause, or only with a sentence."""
    first: int
    """About as much as the first part holds ..."""
    growth: float
    """... and this many times as much each following one: it is made while the one before is heard."""
    most: int
    """More than this is parted at a blank, if need be."""


def words(text: str) -> list[Span]:
    """What stands between blanks or dashes and has a letter or digit in it."""
    return [match.span() for match in _TOKEN.finditer(text) if any(map(str.isalnum, match[0]))]


def parts(text: str, parting: Parting) -> Iterator[Span]:
    """Spans that make up ``text``, each but the last ended by a stop or at least a blank.

    Each ends with the last sentence that ``Parting`` has room for, else with the last clause, else with the
    next stop.
    """
    start, room = 0, float(parting.first)
    sentences = [*_ends(text, _SENTENCE), len(text)]
    stops = sorted({*sentences, *(_ends(text, _CLAUSE) if parting.clauses else ())})
    while start < len(text):
        ahead = [stop for stop in stops if stop > start]
        fits = [stop for stop in ahead if stop - start <= room]
        end = max([stop for stop in fits if stop in sentences] or fits or ahead[:1])
        if end - start > parting.most:
            blanks = [m.end() for m in _BLANK.finditer(text, start + 1) if m.end() < end]
            end = max([b for b in blanks if b - start <= parting.most] or blanks[:1], default=end)
        yield start, end
        start, room = end, min(room * parting.growth, parting.most)


def _ends(text: str, stop: re.Pattern[str]) -> Iterator[int]:
    for match in stop.finditer(text):
        if match[0][0] != "." or not _ABBREVIATION.search(text, max(0, match.start() - 8), match.end()):
            yield match.end()
