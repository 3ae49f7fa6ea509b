"""One turn as the finders read it: plain words, and where in text and time each of them is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from voicecore.redaction.cues import Spotted
from voicecore.redaction.entities import Hit
from voicecore.spoken.words import FILLERS, tokens
from voicecore.types import Word

Span = tuple[int, int]
_WORD = re.compile(r"\S+")
_HESITATIONS = FILLERS - {"well", "like"}
_EDGES = ".,!?;:"


@dataclass(frozen=True, slots=True)
class Line:
    """``words`` are lower case, hyphenated ones taken apart, without punctuation at the edges."""

    text: str
    words: tuple[str, ...]
    spans: tuple[Span, ...]
    """Characters of ``text``, one span a word; parts of a hyphenated word have the span of the whole."""
    times: tuple[tuple[float, float], ...] = ()
    """Seconds, one pair a word; empty when the turn came without timed words."""

    def span(self, start: int, end: int) -> Span:
        """Characters of the words ``start`` to ``end`` (exclusive), closing punctuation left out."""
        begin, stop = self.spans[start][0], self.spans[end - 1][1]
        return begin, begin + len(self.text[begin:stop].rstrip(_EDGES))

    def time(self, start: int, end: int) -> tuple[float, float]:
        """When the words ``start`` to ``end`` (exclusive) were spoken; (0, 0) if unknown."""
        return (self.times[start][0], self.times[end - 1][1]) if self.times else (0.0, 0.0)


FoundT = TypeVar("FoundT", Hit, Spotted)


def fluent(words: Sequence[str], find: Callable[[Sequence[str]], list[FoundT]]) -> list[FoundT]:
    """What ``find`` finds in ``words`` without the hesitations, by the indexes in all of them."""
    kept = [at for at, word in enumerate(words) if word not in _HESITATIONS]
    hits = find([words[at] for at in kept])
    return [replace(hit, start=kept[hit.start], end=kept[hit.end - 1] + 1) for hit in hits]


def read(text: str, timed: Sequence[Word] = ()) -> Line:
    """Take a turn apart. Timed words that do not match the text word by word give all of it their whole time,
    so that too much is silenced rather than too little."""
    places = [match.span() for match in _WORD.finditer(text)]
    found = tokens(text, fillers=True)
    times: tuple[tuple[float, float], ...] = ()
    if timed:
        exact = len(timed) == len(places)
        whole = (timed[0].start, timed[-1].end)
        times = tuple((timed[t.at].start, timed[t.at].end) if exact else whole for t in found)
    return Line(text, tuple(t.text for t in found), tuple(places[t.at] for t in found), times)
