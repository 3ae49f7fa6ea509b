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
            "alright let's lets see the a second sec plus oh again"
        )
    )
)
"""Words that may stand between two parts of one number without ending it."""
HEADS = BRIDGES | frozenset(listed("that's it's its it is rest are you there where was i sure well hi"))
"""Words that may stand before the next part of a number, in the next turn."""
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
_LINKING = {word: digit for word, digit in HOMOPHONES.items() if word not in MISHEARD} | {"when": "1"}
"""The same for words that also stand between numbers ("two to four")."""
_HOMOPHONES = MISHEARD.keys() | _LINKING.keys()
_STARTERS = frozenset(UNITS) | frozenset(TEENS) | frozenset(TENS) | ZEROS | frozenset(REPEATS) | {"hundred"}
_SINGLES = frozenset(UNITS) | ZEROS | frozenset(REPEATS) | frozenset({"", "to", "too", "for"})
_DOUBTFUL = frozenset(listed("a i are you why be see sea pea tea queue cue eye ar es el em en oh owe ex"))
MEASURES = frozenset(
    listed(
        "moment dollar dollars euro euros pound pounds buck bucks quid cent cents pence percent degrees "
        "minute minutes second seconds hour hours day days week weeks month months year years mile miles "
        "kilometers blocks people persons times point gigabytes megabytes megabits gigabits kilowatt "
        "square thousand million grand o'clock am pm box boxes business copies pieces items tickets "
        "employees"
    )
)
"""After a number these say that something was measured or counted."""
_SCALES = frozenset({"thousand", "million"})
_BETWEEN = frozenset(
    listed(
        "to or from until till at on in by times minus versus point through for of with is it's its "
        "it was are that's this that my your i you"
    )
)
"""Words between two numbers that are no recognition errors."""
_REPAIRS = frozenset(
    listed(
        "no nope sorry wait wrong strike scratch oops actually mean meant correction mistake incorrect rather"
    )
)
_LONGEST_REPAIR = 6
_LONGEST_BRIDGE = 7
BAR = "|"
"""Stands for a word that is no part of any run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of digits and letters, upper case; word indexes, ``end`` exclusive."""

    parts: tuple[str, ...]
    """What was said between corrections ("no wait"), in order."""
    apart: tuple[str, ...]
    """The same, tens and units kept apart: "eighty four" is 84 or 804."""
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
    following = word_at(words, at + 1)
    if word in REPEATS and (following in _HOMOPHONES or following in TEENS):
        digits = MISHEARD.get(following) or _LINKING.get(following) or str(TEENS[following])
        return digits * REPEATS[word], at + 2
    if inside and word in MISHEARD and _next_piece(words, at + 1):
        return MISHEARD[word], at + 1
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


def _misheard(words: Sequence[str], at: int, length: int, pieces: int) -> str | None:
    """The digit that a word right after a digit was misheard from."""
    word, more = words[at], bridge(words, at + 1)
    following = word_at(words, more)
    if word in MISHEARD:
        return MISHEARD[word] if length > 1 or following in _HOMOPHONES or _next_piece(words, more) else None
    if word in _LINKING and pieces > 3 and _next_piece(words, more):
        return _LINKING[word]
    if word not in _LINKING or not {words[at - 1], following} <= _SINGLES | MISHEARD.keys():
        return None
    tens = at > 1 and words[at - 2] in TENS and words[at - 1] in UNITS
    return _LINKING[word] if not tens and (following or length > 2) else None


def bridge(words: Sequence[str], at: int, bridges: frozenset[str] = BRIDGES) -> int:
    """The index of the first word from ``at`` on that is none of ``bridges``."""
    while at < len(words) and words[at] in bridges and words[at] not in ZEROS:
        at += 1
    return at


def _corrects(words: Sequence[str], start: int, end: int) -> bool:
    said = tuple(words[start:end])
    return not _REPAIRS.isdisjoint(said) or any(
        said[at : at + len(p)] == p for at in range(len(said)) for p in CORRECTIONS
    )


def _single(words: Sequence[str], at: int) -> bool:
    """Whether a single digit or letter stands at ``at``, not a number like a year."""
    return word_at(words, at) in _SINGLES or len(word_at(words, at)) == 1


def _taken_back(words: Sequence[str], at: int, cues: frozenset[str]) -> int | None:
    """Where digits go on after a few words that take something back: "no that's wrong", "strike that"."""
    reach = words[at : at + _LONGEST_REPAIR]
    for more, word in enumerate(reach):
        if word == BAR or word in cues or word in MEASURES:
            return None
        if word == "one" and more and reach[more - 1] not in BRIDGES | _REPAIRS:
            return None
        if (more and word in _STARTERS | MISHEARD.keys()) or word[0].isdigit():
            return at + more if not _REPAIRS.isdisjoint(reach[:more]) else None
    return None


def _gap(words: Sequence[str], at: int, length: int, cues: frozenset[str]) -> int | None:
    """Where the run goes on after what stands at ``at``; None when it does not."""
    end = bridge(words, at)
    if list(words[at:end]) == ["and"] and not _single(words, end):
        return None
    if words[at] in ("in", "an") and words[at - 1] == "hundred" and _next_piece(words, at + 1):
        return at + 1
    taken_back = _taken_back(words, at, cues)
    if taken_back is not None and length > 1:
        return taken_back
    if end > at and end - at <= _LONGEST_BRIDGE and end < len(words):
        return end
    stray = end + 1
    if not length or stray >= len(words) or words[end] == BAR or words[end] in cues | MEASURES | _BETWEEN:
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
        run = None if _of_day(words, at) else _run(words, at, cues)
        if run:
            runs.append(run)
        at = run.end if run else at + 1 + _of_day(words, at)
    return runs


def _run(words: Sequence[str], start: int, cues: frozenset[str]) -> Run | None:
    piece = _piece(words, start, _announced(words, start))
    parts, apart, at, end, pieces = [""], [""], start, start, 0
    while piece:
        parts[-1] += piece[0]
        apart[-1] += _apart(words, at, piece)
        end, pieces = piece[1], pieces + 1
        at, piece = _next(words, end, "".join(parts), pieces, cues)
        if piece and _corrects(words, end, at):
            parts, apart = [*parts, ""], [*apart, ""]
    said = words[start:end]
    pronoun = said == ["one"] and start > 0 and words[start - 1] != BAR and words[start - 1] not in HEADS
    if pronoun or (len(said) < len(words) and all(word in ("oh", "o") for word in said)):
        return None
    measured = word_at(words, end) in MEASURES or _of_day(words, end)
    scaled = (pieces == 1 and "hundred" in said) or not _SCALES.isdisjoint(words[max(0, start - 1) : end])
    return Run(tuple(parts), tuple(apart), _head(words, start), end, pieces, measured, scaled)


def _next(
    words: Sequence[str], end: int, chars: str, pieces: int, cues: frozenset[str]
) -> tuple[int, Piece | None]:
    """What continues a run of which ``chars`` were said up to ``end``, and where."""
    if end >= len(words) or _of_day(words, end):
        return end, None
    piece = _piece(words, end, True)
    digit = None if piece else _misheard(words, end, len(chars), pieces)
    if piece or digit:
        return end, piece or (digit or "", end + 1)
    onward = _gap(words, end, sum(c.isdigit() for c in chars), cues)
    return (end, None) if onward is None else (onward, _piece(words, onward, True))


def _of_day(words: Sequence[str], at: int) -> bool:
    """Whether "a m" or "p m" stands at ``at``."""
    return words[at : at + 2] in (["a", "m"], ["p", "m"])


def _apart(words: Sequence[str], at: int, piece: Piece) -> str:
    """The other reading of "eighty four": 804."""
    two = piece[1] == at + 2 and words[at] in TENS and words[at + 1] in UNITS
    return f"{TENS[words[at]]}{UNITS[words[at + 1]]}" if two else piece[0]


def _head(words: Sequence[str], start: int) -> int:
    """Where a run begins whose first digits may have been misheard."""
    while start and (
        words[start - 1] in MISHEARD
        or (
            words[start - 1] in _LINKING
            and (bridge(words, 0, HEADS) >= start - 1 or _announced(words, start - 1))
        )
    ):
        start -= 1
    return start
