"""Compares what was planted in a call with what was found, word by word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.redaction.corpus import Case, Turn
from benchmarks.redaction.speaker import FIXES, HESITATIONS

Span = tuple[str, int, int]
"""Entity, and characters of a turn's text."""
DIGITS = frozenset(
    {"card", "cvv", "expiry", "account", "iban", "routing", "sort_code", "national_id", "phone"}
    | {"order", "customer", "number"}
)
"""Entities said in digits; "number" is what a redactor calls those that it cannot name."""
NOT_PRIVATE = frozenset(
    word for said in (*FIXES.values(), *HESITATIONS.values()) for phrase in said for word in phrase.split()
) - {"oh", "o"} | {"dash", "the", "uh", "um"}
"""What is said between the parts of a number; to leave it is no leak."""
_MOSTLY = 2 / 3


@dataclass(slots=True)
class Score:
    """Counts by entity; ``digits`` and ``all`` stand for groups of them."""

    planted: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    """Of the planted: no private word of it is left, whatever it was taken for."""
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    """Of the found: two thirds of its words were planted, as this entity (for the groups: as one of them)."""
    named: Counter[str] = field(default_factory=Counter)
    """Of the found, groups only: and it has the right name."""

    def add(self, turn: Turn, found: Sequence[Span]) -> None:
        """One turn."""
        places = list(_places(turn))
        words = [[n for n, (a, b) in enumerate(places) if a < end and start < b] for _, start, end in found]
        masked = {n for each in words for n in each}
        truth = {n: p.entity for p in turn.planted for n in range(p.start, p.end)}
        for p in turn.planted:
            left = [w for w in range(p.start, p.end) if w not in masked and turn.words[w] not in NOT_PRIVATE]
            for name in _groups(p.entity):
                self.planted[name] += 1
                self.hidden[name] += not left
        for (entity, _, _), each in zip(found, words, strict=True):
            share = sum(truth.get(n) == entity for n in each) / len(each)
            self.found[entity] += 1
            self.right[entity] += share >= _MOSTLY
            for name in _groups(entity)[1:]:
                private = sum(n in truth and name in _groups(truth[n]) for n in each) / len(each)
                self.found[name] += 1
                self.right[name] += private >= _MOSTLY
                self.named[name] += share >= _MOSTLY

    def recall(self, name: str) -> float:
        return self.hidden[name] / max(1, self.planted[name])

    def precision(self, name: str) -> float:
        return self.right[name] / max(1, self.found[name])

    def naming(self, name: str) -> float:
        """Of the findings of a group, the share that has the right name."""
        return self.named[name] / max(1, self.found[name])


def scored(cases: Iterable[Case], found: Iterable[Sequence[Sequence[Span]]]) -> Score:
    """The score of all turns; ``found`` has for each case its turns' spans."""
    score = Score()
    for case, turns in zip(cases, found, strict=True):
        for turn, spans in zip(case, turns, strict=True):
            score.add(turn, spans)
    return score


def _groups(entity: str) -> tuple[str, ...]:
    return (entity, "digits", "all") if entity in DIGITS else (entity, "all")


def _places(turn: Turn) -> Iterable[tuple[int, int]]:
    at = 0
    for word in turn.words:
        yield at, at + len(word)
        at += len(word) + 1
