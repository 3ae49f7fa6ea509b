"""Parses spelled names: plain letters, the NATO alphabet, "b as in bravo", doubles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voicecore.spoken.numbers import word_at
from voicecore.spoken.repair import repaired
from voicecore.spoken.words import FILLERS, HEDGES, Parsed, listed, segments, starts, tokens

NATO = {
    word: word[0]
    for word in listed(
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november "
        "oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
    )
}
_SOUNDS = listed(
    """
    a ay | b bee be | c cee see sea | d dee | e ee | f eff ef | g gee | h aitch haitch | i eye | j jay |
    k kay | l el ell | m em | n en | o oh owe | p pee pea | q cue queue kew | r are ar | s ess es |
    t tee tea | u you yew | v vee ve | x ex | y why wye | z zee zed
    """
)
SOUNDS = {sound: letter for letter, *sounds in map(str.split, _SOUNDS) for sound in sounds}
"""How recognisers write the names of letters; the ones that are words too count only inside a row."""
_WORDS_TOO = frozenset(listed("a i be see sea are you why oh owe pea tea queue cue eye es ar o"))
_SIGNS = {"apostrophe": "'", "hyphen": "-", "dash": "-", "space": " "}
_AS_IN = (("as", "in"), ("is", "in"), ("for",), ("like", "in"), ("like",), ("is", "for"), ("as",))
_REPEATS = {"double": 2, "triple": 3}


@dataclass(frozen=True, slots=True)
class _Row:
    """An unbroken row of letters; ``said`` counts the letters that could be nothing else."""

    letters: str
    start: int
    end: int
    said: int = 0
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Letter:
    """One expression for a letter, ``end`` is the index after it."""

    text: str
    end: int
    plain: bool = True
    """Whether it can be nothing but a letter."""
    certain: bool = True


def _single(words: Sequence[str], at: int) -> Letter | None:
    word = word_at(words, at)
    if starts(words, at, ("x", "ray")) or starts(words, at, ("ex", "ray")):
        return Letter("x", at + 2)
    if word == "double" and word_at(words, at + 1) in ("u", "you", "yew"):
        return Letter("w", at + 2)
    if len(word) == 1 and word.isalpha():
        return Letter(word, at + 1, word not in _WORDS_TOO)
    letter = NATO.get(word) or SOUNDS.get(word)
    return Letter(letter, at + 1, word not in _WORDS_TOO) if letter else None


def letter_at(words: Sequence[str], at: int) -> Letter | None:
    """A letter with all that may belong to it: "double", "capital", "as in bravo"."""
    word = word_at(words, at)
    if word in ("capital", "letter"):
        return letter_at(words, at + 1)
    single = _single(words, at)
    if single is None:
        repeated = letter_at(words, at + 1) if word in _REPEATS else None
        return replace(repeated, text=repeated.text * _REPEATS[word], plain=True) if repeated else None
    phrase = next((p for p in _AS_IN if starts(words, single.end, p)), None)
    example = word_at(words, single.end + len(phrase)) if phrase else ""
    if phrase and len(example) > 1:
        end = single.end + len(phrase) + 1
        return Letter(example[0], end, True, single.certain and example[0] == single.text)
    return single


def _goes_on(words: Sequence[str], at: int) -> bool:
    """Whether only "and" and "then" stand between here and a letter that can be nothing else."""
    while word_at(words, at) in ("and", "then"):
        at += 1
    letter = letter_at(words, at)
    return letter is not None and letter.plain


def _rows(words: Sequence[str]) -> list[_Row]:
    rows: list[_Row] = []
    row: _Row | None = None
    at = 0
    while at < len(words):
        letter = letter_at(words, at)
        if letter:
            old = row or _Row("", at, at)
            row = _Row(
                old.letters + letter.text,
                old.start,
                letter.end,
                old.said + letter.plain,
                old.certain and letter.certain,
            )
        elif row and words[at] in _SIGNS and letter_at(words, at + 1):
            row = replace(row, letters=row.letters + _SIGNS[words[at]])
        elif row and not _goes_on(words, at):
            rows.append(row)
            row = None
        at = letter.end if letter else at + 1
    return [*rows, row] if row else rows


def _row(words: Sequence[str], alone: bool) -> _Row | None:
    """The row with most letters that could be nothing else; one of stray words ("i", "you") is none."""
    rows = [
        r
        for r in _rows(words)
        if r.said and (len(r.letters) > 1 or not alone or r.end - r.start == len(words))
    ]
    if not rows:
        return None
    best = max(rows, key=lambda r: (len(r.letters), r.start))
    before = [w for w in words[: best.start] if len(w) > 1]
    name = next((w for w in before if best.letters.endswith(w.replace("'", ""))), None)
    if name:
        return replace(best, letters=name, certain=best.certain)
    first = words[best.start]
    doubtful = best.start > 0 and first in _WORDS_TOO
    return replace(best, certain=best.certain and not doubtful and len(rows) == 1)


def parse_spelled(text: str) -> Parsed[str] | None:
    """A spelled name in lower case: "s m i t h", "sierra mike", "b as in bravo", "double t".

    Where a letter and its example differ ("d as in bravo") the example wins and the value is not
    certain. Signs may be spoken ("o apostrophe n").
    """
    kept = [t for t in tokens(text, fillers=True) if t.text == "like" or t.text not in FILLERS]
    parts = segments(kept)
    value, certain, span = "", True, (0, 0)
    for nth, part in enumerate(parts):
        words = [token.text for token in part]
        row = _row(words, len(parts) == 1)
        if row is None:
            certain = certain and (not value or nth < len(parts) - 1)
            continue
        sure = row.certain and HEDGES.isdisjoint(words)
        end = part[row.end - 1].at + 1
        if value:
            value, clear = repaired(value, row.letters, None, whole=False)
            certain, span = sure and clear, (span[0], end)
        else:
            value, certain, span = row.letters, sure, (part[row.start].at, end)
    return Parsed(value, span, certain) if value else None
