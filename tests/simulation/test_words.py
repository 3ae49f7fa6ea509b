"""Words, digits in speech, and how two wordings differ."""

from __future__ import annotations

import pytest

from voicecore.simulation.words import digit_runs, edits, error_rate, mentions, spell_digits, spoken_words


def test_texts_get_a_common_form() -> None:
    assert spoken_words("I don’t owe $84.50, do I?") == [
        "i",
        "don't",
        "owe",
        "eight",
        "four",
        "five",
        "zero",
        "do",
        "i",
    ]
    assert spell_digits("27 18") == "two seven one eight"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("I heard 2 7 1, eight three eight. Is that right?", ["271838"]),
        ("Number 271838. 2 invoices are open.", ["271838", "2"]),
        ("double five, oh, triple nine", ["550999"]),
        ("none at all", []),
    ],
)
def test_digit_runs(text: str, runs: list[str]) -> None:
    assert digit_runs(text) == runs


@pytest.mark.parametrize(
    ("text", "fact", "said"),
    [
        ("I heard 2 7 1 8 3 8, right?", "271838", True),
        ("I heard 2 7 1 8 3 9, right?", "271838", False),
        ("That's 1271838?", "271838", False),
        ("On the first of December, then?", "first of december", True),
        ("On the twenty first of December, then?", "the first of december", False),
        ("a" , "a longer fact", False),
    ],
)  # fmt: skip
def test_mentions(text: str, fact: str, said: bool) -> None:
    assert mentions(text, fact) is said


@pytest.mark.parametrize(
    ("said", "recognised", "rate"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1 / 3),
        ("a b c", "a c", 1 / 3),
        ("a", "a b c", 2),
        ("", "", 0),
    ],
)
def test_error_rate(said: str, recognised: str, rate: float) -> None:
    steps = edits(said.split(), recognised.split())
    assert error_rate(steps) == pytest.approx(rate)
    assert [a for a, _ in steps if a] == said.split()
    assert [b for _, b in steps if b] == recognised.split()
