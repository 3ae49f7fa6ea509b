"""The keypad: when keys make an answer."""

from __future__ import annotations

import pytest

from voicecore.pipeline.keypad import INTER_DIGIT_S, Keypad
from voicecore.types import Expectation, SlotKind

SIX = Expectation(SlotKind.DIGITS, digits=(6, 6))
FOUR_TO_SIX = Expectation(SlotKind.DIGITS, digits=(4, 6))


def press(keys: str, expectation: Expectation) -> list[str | None]:
    pad = Keypad()
    return [pad.press(key, expectation, index * 0.2) for index, key in enumerate(keys)]


def test_the_expected_length_completes_an_answer() -> None:
    assert press("123456", SIX) == [None] * 5 + ["123456"]


def test_the_pound_key_completes_a_shorter_one() -> None:
    assert press("1234#", FOUR_TO_SIX) == [None] * 4 + ["1234#"]


@pytest.mark.parametrize("kind", [SlotKind.YESNO, SlotKind.CHOICE, SlotKind.OPEN])
def test_one_key_is_a_choice(kind: SlotKind) -> None:
    assert press("2", Expectation(kind)) == ["2"]


def test_a_pause_completes_what_is_there() -> None:
    pad = Keypad()
    pad.press("1", FOUR_TO_SIX, 1.0)
    pad.press("2", FOUR_TO_SIX, 2.0)
    assert pad.tick(2.0 + INTER_DIGIT_S - 0.02) is None
    assert pad.tick(2.0 + INTER_DIGIT_S) == "12#"
    assert pad.tick(9.0) is None


def test_a_pound_key_after_a_full_answer_means_nothing() -> None:
    pad = Keypad()
    for index, key in enumerate("123456"):
        pad.press(key, SIX, 1 + index * 0.2)
    assert pad.is_trailing("#", 2.2)
    assert not pad.is_trailing("1", 2.2)
    assert not pad.is_trailing("#", 2.0 + INTER_DIGIT_S)


def test_a_pound_key_that_ends_an_answer_counts() -> None:
    pad = Keypad()
    pad.press("1", FOUR_TO_SIX, 1.0)
    assert not pad.is_trailing("#", 1.2)
    assert pad.press("#", FOUR_TO_SIX, 1.2) == "1#"
    assert not pad.is_trailing("#", 1.4)
