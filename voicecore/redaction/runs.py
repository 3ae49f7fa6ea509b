"""Finds runs of digits and letters, however they are said, with all that people put between the groups."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from voicecore.spoken.digits import HOMOPHONES, REPEATS, piece_at
from voicecore.spoken.numbers import TEENS, TENS, UNITS, ZEROS, word_at
from voicecore.spoken.spelled import NATO, letter_at
from voicecore.spoken.words import CORRECTIONS, FILLERS, listed

_CORRECTING = frozenset(word for phrase in CORRECTIONS for word in phrase)
BRIDGES = (
    FILLERS
    | _CORRECTING
    | frozenset(
        listed(
            "and an then dash hyphen space next slash stroke followed by comma okay ok yes yeah yep so right "
            "alright let's lets see that's it's its is the rest a second sec plus oh again"
        )
    )
)
"""Words that may stand between two parts of one number without ending it."""
MISHEARD = {
    **dict.fromkeys(("tree", "free"), "3"),
    **dict.fromkeys(("fife", "hive"), "5"),
    **dict.fromkeys(("sicks", "sex"), "6"),
    **dict.fromkeys(("mine", "nein", "nigh"), "9"),
    **dict.fromkeys(("owe", "hero"), "0"),
    **dict.fromkeys(("won", "wan"), "1"),
    **dict.fromkeys(("ate", "ait"), "8"),
    "fore": "4",
}
"""What recognisers write for a digit, and what next to digits is hardly anything else."""
_LINKING = {word: digit for word, digit in HOMOPHONES.items() if word not in MISHEARD}
"""The same for words that also stand between numbers ("two to four")."""
_STARTERS = frozenset(UNITS) | frozenset(TEENS) | frozenset(TENS) | ZEROS | frozenset(REPEATS) | {"hundred"}
_SINGLES = frozenset(UNITS) | ZEROS | frozenset(REPEATS) | frozenset({"", "to", "too", "for"})
_DOUBTFUL = frozenset(listed("a i are you why be see sea pea tea queue cue eye ar es el em en oh owe ex"))
MEASURES = frozenset(
    listed(
        "dollar dollars euro euros pound pounds buck bucks quid cent cents pence percent degrees minute "
        "minutes second seconds hour hours day days week weeks month months year years mile miles "
        "kilometers blocks people persons times point gigabytes megabytes megabits gigabits kilowatt "
        "square thousand million grand o'clock am pm box boxes business copies pieces items tickets employees"
    )
)
"""After a number these say that something was measured or counted."""
_LONGEST_BRIDGE = 7
BAR = "|"
"""Stands for a word that is no part of any run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of digits and letters, upper case; word indexes, ``end`` exclusive."""

    parts: tuple[str, ...]
    """What was said between corrections ("no wait"), in order."""
    start: int
    end: int
    pieces: int = 1
    """Expressions it was said in: "forty two seventeen" has two."""
    measured: bool = False
    scaled: bool = False
    """A number with "thousand" or "hundred and", or a single one with "hundred": as amounts are said."""

    @property
    def chars(self) -> str:
        return "".join(self.parts)

    @property
    def digits(self) -> str:
        return "".join(c for c in self.chars if c.isdigit())


Piece = tuple[str, int]


def _piece(words: Sequence[str], at: int, inside: bool) -> Piece | None:
    """Digits or a letter at ``at`` and the index after them."""
    word = words[at]
    if word in _STARTERS or word[0].isdigit():
        piece = piece_at(words, at)
        if piece:
            return piece
    if word in REPEATS and word_at(words, at + 1) in MISHEARD:
        return MISHEARD[words[at + 1]] * REPEATS[word], at + 2
    spelling = _spelling(words, at)
    if not inside and (word in _DOUBTFUL or word in NATO) and not spelling:
        return None
    if len(word) > 1 and word not in NATO and word not in ("double", "triple", "capital"):
        return None
    letter = letter_at(words, at)
    closing = inside and all(len(rest) == 1 for rest in words[at:])
    if letter is None or (word in _DOUBTFUL and not closing and not _next_piece(words, at + 1)):
        return None
    if word in _DOUBTFUL and letter.end > at + 1:
        return word[0].upper(), at + 1
    return letter.text.upper(), letter.end


def _announced(words: Sequence[str], at: int) -> bool:
    """Whether the words before ``at`` are a cue, so that even "a" is a letter here."""
    before = at - 1 - (word_at(words, at - 1) in ("is", "it's", "number"))
    return word_at(words, before) == BAR


def _spelling(words: Sequence[str], at: int) -> bool:
    """Whether a letter at ``at`` that may be a word too is followed by another one; NATO's, by a digit."""
    following = word_at(words, at + 1)
    if words[at] not in NATO:
        return len(words[at]) == 1 == len(following) and following not in "aio"
    return following in NATO or following in _STARTERS or following[:1].isdigit() or len(following) == 1


def _next_piece(words: Sequence[str], at: int) -> bool:
    following = word_at(words, at)
    letter = following in NATO or (len(following) == 1 and following not in "ai")
    return letter or following in _STARTERS or following[:1].isdigit()


def _misheard(words: Sequence[str], at: int, length: int) -> str | None:
    """The digit that a word right after a digit was misheard from."""
    word, following = words[at], word_at(words, at + 1)
    if word in MISHEARD:
        return MISHEARD[word] if length > 1 or following in MISHEARD or _next_piece(words, at + 1) else None
    if word not in _LINKING or not {words[at - 1], following} <= _SINGLES | MISHEARD.keys():
        return None
    return _LINKING[word] if following or length > 2 else None


def bridge(words: Sequence[str], at: int) -> int:
    """The index of the first word from ``at`` on that is no bridge."""
    while at < len(words) and words[at] in BRIDGES and words[at] not in ZEROS:
        at += 1
    return at


def _corrects(words: Sequence[str], start: int, end: int) -> bool:
    said = tuple(words[start:end])
    return any(said[at : at + len(p)] == p for at in range(len(said)) for p in CORRECTIONS)


def _gap(words: Sequence[str], at: int, length: int, cues: frozenset[str]) -> int | None:
    """Where the run goes on after what stands at ``at``; None when it does not."""
    end = bridge(words, at)
    if end > at and end - at <= _LONGEST_BRIDGE and end < len(words):
        return end
    stray = end + 1
    if not length or stray >= len(words) or words[end] == BAR or words[end] in cues or words[end] in MEASURES:
        return None
    more, onward = 0, stray
    while more < 3 and onward < len(words):
        piece = _piece(words, onward, True)
        if piece is None or not piece[0].isdigit():
            break
        more, onward = more + 1, bridge(words, piece[1])
    return stray if more > 2 or (length > 2 and more > 1) else None


def find_runs(
    words: Sequence[str], cues: frozenset[str] = frozenset(), barred: Set[int] = frozenset()
) -> list[Run]:
    """All runs in ``words``, none over an index in ``barred``. A stray word inside a long one is taken for a
    recognition error unless it is one of ``cues``."""
    words = [BAR if at in barred else word for at, word in enumerate(words)]
    runs: list[Run] = []
    at = 0
    while at < len(words):
        run = _run(words, at, cues)
        if run:
            runs.append(run)
        at = run.end if run else at + 1
    return runs


def _run(words: Sequence[str], start: int, cues: frozenset[str]) -> Run | None:
    piece = _piece(words, start, _announced(words, start))
    if piece is None:
        return None
    parts, end, pieces, length = [""], start, 0, 0
    at = start
    while piece:
        parts[-1] += piece[0]
        length, pieces, at = length + len(piece[0]), pieces + 1, piece[1]
        end = at
        if at >= len(words):
            break
        piece = _piece(words, at, True)
        if piece:
            continue
        misheard = _misheard(words, at, length)
        if misheard:
            piece = misheard, at + 1
            continue
        onward = _gap(words, at, sum(c.isdigit() for c in "".join(parts)), cues)
        piece = _piece(words, onward, True) if onward is not None else None
        if piece and onward is not None and _corrects(words, at, onward):
            parts.append("")
    said = words[start:end]
    pronoun = said == ["one"] and start > 0 and words[start - 1] != BAR and words[start - 1] not in BRIDGES
    if pronoun or all(word in ("oh", "o") for word in said):
        return None
    measured = word_at(words, end) in MEASURES
    hundreds = "hundred" in said and (pieces == 1 or not {"and", "in", "an"}.isdisjoint(said))
    scaled = hundreds or not {"thousand", "million"}.isdisjoint(words[max(0, start - 1) : end])
    while start and (
        words[start - 1] in MISHEARD
        or (words[start - 1] in _LINKING and (start == 1 or _announced(words, start - 1)))
    ):
        start -= 1
    return Run(tuple(parts), start, end, pieces, measured, scaled)
