"""Word graphs: what each kind of expectation accepts, and what it leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grammar import FINAL, START, build, plain_words
from voicecore.types import Expectation, SlotKind

COMMANDS = ("operator", "repeat that")
SIX = Expectation(SlotKind.DIGITS, digits=(6, 6), commands=COMMANDS)
DATE = Expectation(SlotKind.DATE)
AMOUNT = Expectation(SlotKind.AMOUNT)
YESNO = Expectation(SlotKind.YESNO, phrases=("no make it four",))
PAY = Expectation(SlotKind.OPEN, ("pay my bill", "explain my invoice"))


@pytest.mark.parametrize(
    ("expectation", "sentence"),
    [
        (SIX, "four one seven two nine five"),
        (SIX, "it's four oh seven two nine five please"),
        (SIX, "double four seven two nine five"),
        (SIX, "triple zero seven two nine"),
        (SIX, "four one seven sorry four one eight two nine five"),
        (SIX, "four one"),
        (SIX, "four one seven two nine five eight"),
        (SIX, "um four one seven two nine five"),
        (SIX, "operator"),
        (DATE, "the first of december"),
        (DATE, "first of december"),
        (DATE, "on the twenty second of november"),
        (DATE, "march the third"),
        (DATE, "march twelve"),
        (DATE, "next friday"),
        (DATE, "in two weeks"),
        (DATE, "tomorrow please"),
        (AMOUNT, "forty two dollars and fifty cents"),
        (AMOUNT, "a hundred and twenty"),
        (AMOUNT, "three thousand two hundred and one euros"),
        (YESNO, "yes that's right"),
        (YESNO, "no that is wrong"),
        (YESNO, "that is correct"),
        (YESNO, "no make it four"),
        (Expectation(SlotKind.CHOICE, ("three payments",)), "in three payments please"),
        (Expectation(SlotKind.SPELLED), "s m i t h"),
        (Expectation(SlotKind.SPELLED), "b as in bravo double t"),
        (Expectation(SlotKind.SPELLED), "sierra x ray"),
        (PAY, "hello pay my bill"),
        (PAY, "explain my bill"),
    ],
)
def test_accepts(expectation, sentence):
    assert build(expectation).accepts(sentence)


@pytest.mark.parametrize(
    ("expectation", "sentence"),
    [
        (SIX, "fish"),
        (SIX, "six please four"),
        (SIX, "double"),
        (DATE, "december of first"),
        (AMOUNT, "dollars"),
        (YESNO, "that's"),
        (PAY, "pay my"),
        (PAY, "my bill pay"),
        (Expectation(SlotKind.CHOICE, ("three payments", "four months")), "three months"),
    ],
)
def test_rejects(expectation, sentence):
    assert not build(expectation).accepts(sentence)


@pytest.mark.parametrize("kind", SlotKind)
def test_silence_is_a_sentence_of_every_kind(kind):
    assert build(Expectation(kind)).accepts("")


@pytest.mark.parametrize("kind", SlotKind)
def test_commands_and_phrases_always_count(kind):
    grammar = build(Expectation(kind, ("blue suede shoes",), COMMANDS))
    assert all(grammar.accepts(phrase) for phrase in ("blue suede shoes", *COMMANDS))


@given(
    digits=st.lists(
        st.sampled_from(
            ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        ),
        min_size=1,
    )
)
def test_any_row_of_digits_is_accepted(digits):
    assert build(Expectation(SlotKind.DIGITS, digits=(4, 6))).accepts(" ".join(digits))


@given(phrases=st.lists(st.text(max_size=20), max_size=5), kind=st.sampled_from(SlotKind))
def test_any_phrases_make_a_graph(phrases, kind):
    grammar = build(Expectation(kind, tuple(phrases), tuple(phrases[:2])))
    assert all(0 < arc.probability <= 1 for arc in grammar.arcs)
    assert all(arc.word != "" for arc in grammar.arcs)
    states = {START, FINAL} | {s for arc in grammar.arcs for s in (arc.source, arc.target)}
    assert states <= set(range(grammar.states))
    assert all(grammar.accepts(" ".join(plain_words(phrase))) for phrase in phrases)


def likelihood(grammar, sentence):
    """Probability of the likeliest way of saying ``sentence``."""
    reached = {START: 1.0}
    for word in [*sentence.split(), None]:
        silent = [arc for arc in grammar.arcs if arc.word is None]
        while any(reached.get(a.source, 0) * a.probability > reached.get(a.target, 0) for a in silent):
            for a in silent:
                reached[a.target] = max(reached.get(a.target, 0), reached.get(a.source, 0) * a.probability)
        if word is not None:
            said = [a for a in grammar.arcs if a.word == word and a.source in reached]
            ends = {a.target for a in said}
            reached = {
                end: max(reached[a.source] * a.probability for a in said if a.target == end) for end in ends
            }
    return reached.get(FINAL, 0.0)


def test_the_expected_number_of_digits_is_the_likeliest():
    grammar = build(SIX)
    five, six, seven = (likelihood(grammar, " ".join(["one"] * n)) * 11**n for n in (5, 6, 7))
    assert six > 10 * five
    assert six > 10 * seven


def test_words_without_capitals_and_signs():
    assert plain_words("That’s 1st-class, O'Neil!") == ["that's", "1st", "class", "o'neil"]
