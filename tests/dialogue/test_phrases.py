"""Small words that steer a conversation."""

from __future__ import annotations

import pytest

from voicecore.dialogue.phrases import cued, has, which


def test_words_in_a_row() -> None:
    assert has(["make", "it", "four"], ["make", "it"])
    assert not has(["make", "or", "it"], ["make", "it"])
    assert not has([], ["make"])


@pytest.mark.parametrize(
    ("text", "taken_back"),
    [
        ("no four", True),
        ("four i mean five", True),
        ("please make it five", True),
        ("the number is wrong", True),
        ("four", False),
        ("i know", False),
        ("", False),
    ],
)
def test_taking_back(text: str, taken_back: bool) -> None:
    assert cued(text.split()) is taken_back


@pytest.mark.parametrize(
    ("text", "nth"),
    [("the first one", 0), ("the former", 0), ("second please", 1), ("the last one", 1), ("both", None)],
)
def test_which_of_two(text: str, nth: int | None) -> None:
    assert which(text.split()) == nth
