"""Turns what the dialogue expects into a word graph that a recogniser can search."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from voicecore.types import Expectation, SlotKind

START, FINAL = 0, 1
MOST_DIGITS = 24
"""Longest row of digits that any grammar has room for."""


@dataclass(frozen=True, slots=True)
class Arc:
    """From state ``source`` to ``target`` by saying ``word``, or by nothing (None)."""

    source: int
    target: int
    probability: float
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Grammar:
    """A word graph; a sentence is a way from ``START`` to ``FINAL``. Silence alone is one."""

    states: int
    arcs: tuple[Arc, ...]

    @property
    def words(self) -> frozenset[str]:
        return frozenset(arc.word for arc in self.arcs if arc.word is not None)

    def accepts(self, sentence: str) -> bool:
        """Whether ``sentence`` is a whole one of the grammar."""
        reached = self._silently({START})
        for word in sentence.split():
            reached = self._silently({a.target for a in self.arcs if a.word == word and a.source in reached})
        return FINAL in reached

    def _silently(self, states: set[int]) -> set[int]:
        while more := {a.target for a in self.arcs if a.word is None and a.source in states} - states:
            states |= more
        return states


def plain_words(phrase: str) -> list[str]:
    """The words of a phrase as dictionaries write them: "That's 1st-class!" -> that's, 1st, class."""
    return re.findall(r"\w+(?:'\w+)*", phrase.lower().replace("’", "'"))


class Net:
    """A word graph under construction."""

    def __init__(self) -> None:
        self._states = FINAL + 1
        self._arcs: list[Arc] = []

    def state(self) -> int:
        self._states += 1
        return self._states - 1

    def say(self, source: int, target: int, phrase: str, probability: float = 1.0) -> None:
        """A way by all words of ``phrase``; none if it has no words."""
        words = plain_words(phrase)
        for n, word in enumerate(words):
            end = target if n == len(words) - 1 else self.state()
            self._arcs.append(Arc(source, end, probability if n == 0 else 1.0, word))
            source = end

    def any_of(self, source: int, target: int, phrases: Iterable[str], share: float = 1.0) -> None:
        """A way by each of the phrases, equally likely; together they have ``share``."""
        different = dict.fromkeys(" ".join(plain_words(phrase)) for phrase in phrases)
        for phrase in different:
            self.say(source, target, phrase, share / len(different))

    def skip(self, source: int, target: int, probability: float = 1.0) -> None:
        self._arcs.append(Arc(source, target, probability))

    def maybe(self, source: int, target: int, phrases: Iterable[str], share: float = 0.1) -> None:
        """A way by one of the phrases (``share``), or by nothing."""
        self.any_of(source, target, phrases, share)
        self.skip(source, target, 1 - share)

    def pairs(self, source: int, target: int, phrases: Iterable[str], share: float) -> None:
        """A way by any sequence of words whose neighbours are neighbours in some phrase."""
        sentences = [words for words in map(plain_words, phrases) if words]
        firsts = Counter(words[0] for words in sentences)
        lasts = Counter(words[-1] for words in sentences)
        follows = Counter(pair for words in sentences for pair in pairwise(words))
        after = Counter(word for words in sentences for word in words)
        states = {word: self.state() for word in after}
        for word, count in firsts.items():
            self._arcs.append(Arc(source, states[word], share * count / len(sentences), word))
        for (word, following), count in follows.items():
            self._arcs.append(Arc(states[word], states[following], count / after[word], following))
        for word, count in lasts.items():
            self.skip(states[word], target, count / after[word])

    def done(self) -> Grammar:
        return Grammar(self._states, tuple(self._arcs))


def _listed(text: str) -> tuple[str, ...]:
    """Phrases separated by "|", or words by blanks if there is no "|"."""
    return tuple(" ".join(phrase.split()) for phrase in (text.split("|") if "|" in text else text.split()))


DIGITS = _listed("zero oh one two three four five six seven eight nine")
_UNITS = DIGITS[2:]
_TEENS = _listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_FIRST_TO_NINTH = _listed("first second third fourth fifth sixth seventh eighth ninth")
_ORDINALS = (
    *_FIRST_TO_NINTH,
    *_listed("tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth"),
    *_listed("nineteenth | twentieth | thirtieth | thirty first"),
    *(f"twenty {day}" for day in _FIRST_TO_NINTH),
)
_MONTHS = _listed("january february march april may june july august september october november december")
_WEEKDAYS = _listed("monday tuesday wednesday thursday friday saturday sunday")
_SOME_DAYS = _listed(
    """
    today | tomorrow | the day after tomorrow | next week | next month | in a week | in a month |
    end of the month | the end of the month | end of next month | the end of next month |
    beginning of next month | the beginning of next month | as soon as possible
    """
)
_NATO = _listed(
    """
    alpha | bravo | charlie | delta | echo | foxtrot | golf | hotel | india | juliet | kilo | lima | mike |
    november | oscar | papa | quebec | romeo | sierra | tango | uniform | victor | whiskey | x ray | yankee |
    zulu
    """
)
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
_YES = _listed(
    """
    yes | yeah | yes please | sure | of course | okay | go ahead | please do | yes i do | yes it is |
    sounds good | exactly | right | correct | absolutely
    """
)
_NO = _listed(
    """
    no | no thanks | no thank you | no it isn't | no it's not | no it is not | no i don't | wrong |
    incorrect | not now | not really | rather not | no not yet
    """
)
_RIGHT = _listed("that's right | that is right | that's correct | that is correct | that's fine | it is")
_WRONG = _listed(
    """
    that's wrong | that is wrong | that's not right | that is not right | that's not correct |
    that is incorrect | that's incorrect
    """
)
_REPAIRS = _listed("sorry | no sorry | no wait | no it's")
HESITATIONS = frozenset({"um", "uh", "er", "hmm"})
"""Part of every grammar, but of no transcript."""

_LEADS: Mapping[SlotKind, tuple[str, ...]] = {
    SlotKind.OPEN: _listed("hello | hi | well | yes | hello i'm calling because | i'm calling because"),
    SlotKind.DIGITS: _listed("it's | it is | my number is | the number is | my customer number is | that's"),
    SlotKind.AMOUNT: _listed("it's | it is | about | i can pay | i want to pay"),
    SlotKind.DATE: _listed("it's | it is | how about | maybe | i can pay | let's say"),
    SlotKind.YESNO: _listed("well | oh"),
    SlotKind.CHOICE: _listed("the | in | i want | i'd like | i would like | maybe | make it | with"),
    SlotKind.SPELLED: _listed("it's | it is | my name is | that's | spelled"),
}
_TAILS = ("please", "thank you", "thanks")


def build(expectation: Expectation) -> Grammar:
    """The graph for what is expected: its kind's own forms, its phrases, and its commands at any time.

    Lead-ins ("it's ..."), "please" and hesitations may surround an answer.
    """
    net = Net()
    calm, body, tail = net.state(), net.state(), net.state()
    net.maybe(START, calm, sorted(HESITATIONS), 0.02)
    net.maybe(calm, body, _LEADS[expectation.kind])
    if expectation.kind is SlotKind.DIGITS:  # "thanks" sounds much like "six"
        net.maybe(tail, FINAL, ("please",), 0.01)
    else:
        net.maybe(tail, FINAL, _TAILS)
    own = _FORMS.get(expectation.kind)
    if own is not None:
        own(net, body, tail, expectation)
    net.any_of(body, tail, expectation.phrases, 0.8 if own is None else 0.3)
    if expectation.kind is SlotKind.OPEN:
        net.pairs(body, tail, expectation.phrases, 0.1)
    net.any_of(calm, FINAL, expectation.commands, 0.1)
    net.skip(START, FINAL, 1e-3)
    return net.done()


def _digits(net: Net, source: int, target: int, expectation: Expectation) -> None:
    """Digits one by one, "double", "triple", new starts ("sorry, four ..."); most likely as expected."""
    fewest, most = expectation.digits or (1, MOST_DIGITS)
    rows = [source, *(net.state() for _ in range(min(most, MOST_DIGITS)))]
    again = net.state()
    net.skip(again, source)
    for count, here in enumerate(rows):
        ends = 0.0 if count == 0 else 0.5 if count >= fewest else 0.02
        if ends:
            net.skip(here, target, ends)
            net.any_of(here, again, _REPAIRS, 0.005)
        for ahead, times in ((1, ""), (2, "double "), (3, "triple ")):
            if count + ahead < len(rows):
                share = 1.0 if ahead == 1 else 0.02
                net.any_of(here, rows[count + ahead], (times + digit for digit in DIGITS), share)
    net.any_of(rows[-1], rows[-1], DIGITS, 0.01)


def _below_hundred(net: Net, source: int, target: int, share: float = 1.0) -> None:
    net.any_of(source, target, (*_UNITS, *_TEENS, *_TENS), 0.6 * share)
    for ten in _TENS:
        unit = net.state()
        net.say(source, unit, ten, 0.4 * share / len(_TENS))
        net.any_of(unit, target, _UNITS)


def _below_ten_thousand(net: Net, source: int, target: int) -> None:
    thousand, hundred, rest = net.state(), net.state(), net.state()
    _below_hundred(net, source, target, 0.5)
    for start, share in ((source, 0.4), (thousand, 0.5)):
        net.any_of(start, hundred, (f"{unit} hundred" for unit in ("a", *_UNITS)), share)
    net.any_of(source, thousand, (f"{unit} thousand" for unit in ("a", *_UNITS)), 0.1)
    net.maybe(thousand, rest, ("and",))
    net.skip(thousand, target, 0.5)
    net.maybe(hundred, rest, ("and",), 0.3)
    net.skip(hundred, target, 0.5)
    _below_hundred(net, rest, target)


def _amount(net: Net, source: int, target: int, _: Expectation) -> None:
    whole, money, cents = net.state(), net.state(), net.state()
    _below_ten_thousand(net, source, whole)
    net.skip(whole, target, 0.3)
    net.any_of(whole, money, ("dollars", "dollar", "euros", "pounds", "bucks"), 0.5)
    net.any_of(whole, cents, ("point", "and"), 0.1)
    net.skip(money, target, 0.6)
    net.maybe(money, cents, ("and",), 0.5)
    _below_hundred(net, cents, target, 0.5)
    fraction = net.state()
    _below_hundred(net, cents, fraction, 0.5)
    net.any_of(fraction, target, ("cents", "cent", "pence"))


def _date(net: Net, source: int, target: int, _: Expectation) -> None:
    the, of, month, weekday, unit = (net.state() for _ in range(5))
    net.maybe(source, the, ("on", "the", "on the"), 0.6)
    net.any_of(the, of, _ORDINALS, 0.3)
    net.skip(of, target, 0.2)
    net.maybe(of, month, ("of",), 0.7)
    net.any_of(month, target, _MONTHS)
    day = net.state()
    following = net.state()
    net.any_of(the, day, _MONTHS, 0.2)
    net.maybe(day, following, ("the",), 0.4)
    net.any_of(following, target, _ORDINALS, 0.7)
    net.any_of(following, target, (*_UNITS, *_TEENS, "twenty", "thirty"), 0.3)
    net.maybe(source, weekday, ("on", "next", "this", "on the"), 0.5)
    net.any_of(weekday, target, _WEEKDAYS, 0.2)
    net.any_of(source, target, _SOME_DAYS, 0.2)
    net.any_of(source, unit, (f"in {count}" for count in (*_UNITS, *_TEENS, "twenty", "thirty")), 0.1)
    net.any_of(unit, target, ("day", "days", "week", "weeks", "month", "months"))


def _yes_no(net: Net, source: int, target: int, _: Expectation) -> None:
    agreed, refused = net.state(), net.state()
    net.any_of(source, target, (*_YES, *_NO), 0.6)
    net.any_of(source, target, ("nope", "yep"), 1e-3)  # heard all too often for "no" and "yeah"
    net.maybe(source, agreed, ("yes", "yeah"), 0.5)
    net.maybe(source, refused, ("no",), 0.5)
    net.any_of(agreed, target, _RIGHT, 0.2)
    net.any_of(refused, target, _WRONG, 0.2)


def _spelled(net: Net, source: int, target: int, _: Expectation) -> None:
    letter, plain, repeated = net.state(), net.state(), net.state()
    net.skip(source, letter)
    net.maybe(letter, repeated, ("double", "triple"), 0.02)
    net.any_of(repeated, plain, _LETTERS, 0.8)
    net.any_of(letter, plain, (name.replace("-", " ") for name in _NATO), 0.2)
    for name in _NATO:
        net.say(letter, plain, f"{name[0]} as in {name.replace('-', ' ')}", 0.05 / len(_NATO))
    net.skip(plain, letter, 0.8)
    net.skip(plain, target, 0.2)


_FORMS = {
    SlotKind.DIGITS: _digits,
    SlotKind.AMOUNT: _amount,
    SlotKind.DATE: _date,
    SlotKind.YESNO: _yes_no,
    SlotKind.SPELLED: _spelled,
}
