"""Whole numbers in words."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.spoken import parse_number


@given(
    st.integers(0, 999_999),
    st.sampled_from([" ", " and "]),
    st.sampled_from([" ", "-"]),
    st.sampled_from(["", "it's ", "uh that would be "]),
)
def test_every_number_survives_being_spoken(
    in_words: Callable[..., str], number: int, link: str, hyphen: str, before: str
) -> None:
    parsed = parse_number(before + in_words(number, link, hyphen))
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (number, True)
    assert parsed.span[0] == len(before.split())


def test_all_numbers_up_to_ten_thousand(in_words: Callable[..., str]) -> None:
    for number in range(10_000):
        parsed = parse_number(in_words(number))
        assert parsed is not None
        assert parsed.value == number


@pytest.mark.parametrize(
    ("said", "value", "certain"),
    [
        ("a hundred and five", 105, True),
        ("a hundred", 100, True),
        ("a thousand", 1000, True),
        ("nineteen hundred", 1900, True),
        ("five hundred thousand", 500_000, True),
        ("two million three hundred thousand and one", 2_300_001, True),
        ("1,250", 1250, True),
        ("42", 42, True),
        ("5 thousand", 5000, True),
        ("minus three", -3, True),
        ("-5", -5, True),
        ("two", 2, True),
        ("in two parts please", 2, True),
        ("zero", 0, True),
        ("nineteen eighty four", 1984, False),
        ("one twenty three", 123, False),
        ("four oh six", 406, False),
        ("three or four", 4, False),
        ("about fifty", 50, False),
        ("a couple", 2, False),
        ("a dozen", 12, True),
        ("three no four", 4, True),
        ("three sorry i mean four", 4, True),
        ("not three but four", 4, True),
        ("four not three", 4, True),
        ("three rather than four", 3, True),
        ("three no", 3, False),
        ("one thousand two thousand", 2000, False),
    ],
)
def test_spoken_numbers(said: str, value: int, certain: bool) -> None:
    parsed = parse_number(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (value, certain)


@pytest.mark.parametrize(
    "said", ["", "hello there", "this one", "oh i see", "three point five", "point", "and hundredth", "12,5"]
)
def test_no_number(said: str) -> None:
    assert parse_number(said) is None


def test_the_span_counts_words_as_they_were_said() -> None:
    parsed = parse_number("well i would say forty-two of them")
    assert parsed is not None
    assert parsed.span == (4, 5)
