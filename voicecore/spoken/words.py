"""Reads an utterance as words: lower case, no punctuation, fillers dropped, corrections taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


def listed(text: str) -> tuple[str, ...]:
    """A vocabulary written as one text: words apart by blanks, or phrases apart by bars."""
    parts = text.split("|") if "|" in text else text.split()
    return tuple(" ".join(part.split()) for part in parts)


FILLERS = frozenset(listed("uh um uhm er erm eh ah hm hmm mm well like"))
HEDGES = frozenset(
    listed(
        "maybe about around roughly approximately perhaps probably possibly nearly almost guess think "
        "suppose couple few"
    )
)
CORRECTIONS = tuple(
    tuple(phrase.split())
    for phrase in listed(
        "let me start again | let me start over | no wait | hold on | i mean | i meant | make that | "
        "make it | scratch that | excuse me | my mistake | start again | start over | or rather | no | "
        "nope | sorry | wait | actually | correction | rather | oops | pardon"
    )
)
"""What announces that the words before are taken back, longest first."""
REJECTIONS = (("not",), ("instead", "of"), ("rather", "than"))
"""What stands before a value that the speaker does *not* mean."""

_EDGES = '.,!?;:"()…“”'
_WHOLE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """A value found in an utterance.

    ``span`` is the half-open range of whitespace-separated words it was read from. ``certain`` is
    False when the words allow another reading (a hedge, a partial correction, a homophone, two
    values), so that the dialogue confirms before it relies on it.
    """

    value: T
    span: tuple[int, int]
    certain: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a part of a hyphenated one, and the index of the word that it came from."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A candidate reading of ``words[start:end]``; a higher ``weight`` beats a longer one."""

    value: T
    start: int
    end: int
    certain: bool = True
    weight: int = 0


def tokens(text: str, fillers: bool = False) -> list[Token]:
    """The words of ``text``, hyphenated ones split; ``fillers`` keeps "uh", "um" and their like."""
    found = []
    for at, raw in enumerate(text.lower().replace("’", "'").split()):
        if raw[0] in "<[":
            continue
        word = raw.strip(_EDGES)
        if re.fullmatch(r"-\d+", word):
            word = "minus" + word
        for part in [word] if _WHOLE.fullmatch(word) else re.split("[-–—]", word):
            if part and (fillers or part not in FILLERS):
                found.append(Token(part, at))
    return found


def starts(words: Sequence[str], at: int, phrase: Sequence[str]) -> bool:
    """Whether ``phrase`` stands in ``words`` at ``at``."""
    return at >= 0 and tuple(words[at : at + len(phrase)]) == tuple(phrase)


def segments(found: Sequence[Token]) -> list[list[Token]]:
    """The tokens between corrections; an empty last segment means that nothing replaced what was said."""
    words = [token.text for token in found]
    parts: list[list[Token]] = [[]]
    at = 0
    while at < len(words):
        phrase = next((p for p in CORRECTIONS if starts(words, at, p)), None)
        if phrase is None or starts(words, at, ("rather", "than")):
            parts[-1].append(found[at])
            at += 1
        else:
            at += len(phrase)
            if parts[-1]:
                parts.append([])
    return parts


def rejected(words: Sequence[str], at: int) -> bool:
    """Whether the value at ``at`` is named only to be turned down ("not forty")."""
    return any(starts(words, at - len(phrase), phrase) for phrase in REJECTIONS)


def choose(text: str, find: Callable[[Sequence[str]], list[Found[T]]]) -> Parsed[T] | None:
    """The value that the speaker settled on: the best candidate after the last correction that has one."""
    parts = segments(tokens(text))
    for nth, part in reversed(list(enumerate(parts))):
        words = [token.text for token in part]
        candidates = find(words)
        meant = [c for c in candidates if not rejected(words, c.start)]
        if not candidates:
            continue
        top = max(c.weight for c in meant or candidates)
        rivals = [c for c in meant or candidates if c.weight == top]
        best = max(rivals, key=lambda c: (c.end - c.start, c.start))
        either = "or" in (*words[max(0, best.start - 1) : best.start], *words[best.end : best.end + 1])
        certain = (
            bool(meant)
            and not either
            and best.certain
            and nth == len(parts) - 1
            and HEDGES.isdisjoint(words)
            and all(c.value == best.value for c in rivals)
        )
        return Parsed(best.value, (part[best.start].at, part[best.end - 1].at + 1), certain)
    return None
