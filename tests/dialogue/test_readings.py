"""Slot values out of words, and back into words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialogue.conftest import TODAY
from voicecore.dialogue.readings import Reading, patch_digits, read_slot, read_slots, say_slot, solid_prefix
from voicecore.dialogue.schema import Slot


def slot(kind: str, **more: Any) -> Slot:
    return Slot.model_validate({"kind": kind, "label": "it", "prompt": "What is it?", **more})


NUMBER = slot("number", minimum=2, maximum=6, unit="payments")
DATE = slot("date", within_days=30)
DIGITS = slot("digits", digits=[6, 6], groups=[3, 3])
AMOUNT = slot("amount", minimum=100, maximum=5000)
CARD = slot(
    "choice",
    choices=[
        {"value": "visa", "say": "Visa", "accepts": ["visa", "visa card"]},
        {"value": "debit", "say": "debit card", "accepts": ["debit", "debit card"]},
        {"value": "direct", "say": "direct debit", "accepts": ["direct debit"]},
    ],
)


@pytest.mark.parametrize(
    ("which", "text", "value", "problem"),
    [
        (NUMBER, "in three payments", 3, ""),
        (NUMBER, "twelve", 12, "bounds"),
        (DATE, "december first", "2026-12-01", ""),
        (DATE, "today", "2026-11-20", ""),
        (DATE, "march third", "2027-03-03", "bounds"),
        (DIGITS, "four eight two seven one six", "482716", ""),
        (DIGITS, "four eight two", "482", "short"),
        (DIGITS, "four eight two seven one six one", "4827161", "long"),
        (AMOUNT, "forty two euros fifty", 4250, ""),
        (AMOUNT, "fifty cents", 50, "bounds"),
        (CARD, "with my visa card please", "visa", ""),
        (CARD, "by direct debit", "direct", ""),
        (slot("yesno"), "yes please", True, ""),
        (slot("spelled"), "s m i t h", "smith", ""),
        (slot("open"), "My dog, Rex!", "My dog, Rex!", ""),
    ],
)
def test_values_are_read(which: Slot, text: str, value: Any, problem: str) -> None:
    reading = read_slot(which, text, TODAY)
    assert reading is not None
    assert (reading.value, reading.problem) == (value, problem)


@pytest.mark.parametrize("which", [NUMBER, DATE, DIGITS, AMOUNT, CARD, slot("yesno")])
def test_other_words_hold_no_value(which: Slot) -> None:
    assert read_slot(which, "heavens above", TODAY) is None


def test_an_open_slot_wants_words() -> None:
    assert read_slot(slot("open"), " ?! ", TODAY) is None


def test_two_choices_are_not_certain() -> None:
    reading = read_slot(CARD, "visa or direct debit", TODAY)
    assert reading is not None
    assert (reading.value, reading.certain) == ("direct", False)


def test_each_word_is_used_once() -> None:
    found = read_slots({"n": NUMBER, "d": DATE}, "starting december third in five payments", TODAY)
    assert {name: reading.value for name, reading in found.items()} == {"n": 5, "d": "2026-12-03"}
    assert "n" not in read_slots({"n": NUMBER, "d": DATE}, "on december third", TODAY)


@pytest.mark.parametrize(
    ("which", "value", "words"),
    [
        (NUMBER, 3, "three payments"),
        (DATE, "2026-12-01", "December first"),
        (DATE, "2027-12-01", "December first, two thousand and twenty-seven"),
        (DIGITS, "482716", "four eight two, seven one six"),
        (AMOUNT, 4250, "forty-two euros and fifty cents"),
        (CARD, "direct", "direct debit"),
        (slot("yesno"), False, "no"),
        (slot("spelled"), "bo", "b, o"),
        (slot("open"), "as it was", "as it was"),
    ],
)
def test_values_are_said(which: Slot, value: Any, words: str) -> None:
    assert say_slot(which, value, "euro", TODAY) == words


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ("456123", "4563", "456323"),
        ("482796", "271", "482716"),
        ("456123", "124", "456124"),
        ("456123", "456", None),
        ("456123", "9", None),
        ("456123", "999", None),
        ("111111", "112", None),
        ("456123", "4561239", None),
    ],
)
def test_a_part_is_laid_over_the_whole(before: str, part: str, after: str | None) -> None:
    assert patch_digits(before, part) == after


def test_the_solid_part_of_a_number() -> None:
    reading = Reading("4827", (1, 5), True)
    assert solid_prefix(reading, [0.1, 0.9, 0.9, 0.9, 0.1], 0.3) == "482"
    assert solid_prefix(reading, [0.1, 0.9, 0.1, 0.9, 0.9], 0.3) == ""
    assert solid_prefix(reading, [0.9] * 5, 0.3) == ""
    assert solid_prefix(reading, [0.9] * 3, 0.3) == ""
    assert solid_prefix(Reading("48227", (1, 5), True), [0.1] * 5, 0.3) == ""
