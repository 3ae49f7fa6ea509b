"""Recognition errors as a telephone recogniser makes them, put into a test case with a fixed seed.

Homophones of digits, words misheard for others, words lost, fillers put in, numbers written as numerals.
Digits of private numbers are hit like all other words, so that check digits no longer fit.
"""

from __future__ import annotations

from random import Random

from benchmarks.redaction.corpus import Case, Planted, Turn
from voicecore.spoken.words import listed

MISHEARD: dict[str, tuple[str, ...]] = {
    "two": ("to", "too", "two"),
    "four": ("for", "four", "fore"),
    "eight": ("ate", "eight", "eighty"),
    "one": ("won", "one", "when"),
    "nine": ("five", "mine", "nine"),
    "five": ("nine", "fife", "hive"),
    "six": ("sicks", "sex", "six"),
    "three": ("tree", "free", "three"),
    "seven": ("seven", "eleven"),
    "oh": ("o", "owe", "zero"),
    "zero": ("hero", "zero"),
    "fifteen": ("fifty",),
    "fifty": ("fifteen",),
    "thirteen": ("thirty",),
    "card": ("car", "cart"),
    "number": ("numbers", "member"),
    "social": ("so shall", "special"),
    "routing": ("rooting", "routine"),
    "security": ("securities",),
    "code": ("coat", "code's"),
    "account": ("a count", "accounts"),
    "iban": ("i ban", "eye ban"),
    "phone": ("fun", "phones"),
    "email": ("e mail", "emails"),
    "expires": ("expired", "expire"),
    "street": ("streets", "st"),
    "zip": ("sip", "zips"),
    "dot": ("dots", "that"),
    "at": ("add", "that"),
    "gmail": ("g mail", "gmail"),
    "com": ("calm", "come"),
    "birth": ("berth", "birds"),
    "is": ("as", "his"),
    "my": ("by", "mine"),
    "the": ("a", "da"),
    "it's": ("its", "is"),
    "and": ("in", "an"),
}
FILLERS = ("uh", "um", "ah", "the")
NUMERALS = {word: str(n) for n, word in enumerate(listed("one two three four five six seven eight nine"), 1)}
WRONG, LOST, FILLED, WRITTEN = 0.1, 0.01, 0.01, 0.03
"""Chance of a word with an entry to be misheard, of any to be lost or to get a filler before it, of a digit
to be written as a numeral."""


def misheard(case: Case, random: Random) -> Case:
    """The case as a recogniser may have written it; the agent's own words are known and stay."""
    return tuple(turn if turn.agent else _turn(turn, random) for turn in case)


def _turn(turn: Turn, random: Random) -> Turn:
    words, moved = list[str](), [0]
    for word in turn.words:
        chance = random.random()
        if chance >= LOST:
            words += [random.choice(FILLERS)] if chance < LOST + FILLED else []
            words += _word(word, random)
        moved.append(len(words))
    planted = (Planted(p.entity, moved[p.start], moved[p.end]) for p in turn.planted)
    return Turn(False, tuple(words), tuple(p for p in planted if p.end > p.start))


def _word(word: str, random: Random) -> list[str]:
    if word in MISHEARD and random.random() < WRONG:
        return random.choice(MISHEARD[word]).split()
    return [NUMERALS[word]] if word in NUMERALS and random.random() < WRITTEN else [word]
