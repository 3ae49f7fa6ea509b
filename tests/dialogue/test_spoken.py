"""Numbers, money, dates and digits in words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.dialogue.spoken import count, day, digit_groups, either, money, ordinal
from voicecore.spoken import parse_amount, parse_date, parse_digits, parse_number


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (21, "twenty-one"),
        (40, "forty"),
        (105, "one hundred and five"),
        (1000, "one thousand"),
        (1005, "one thousand and five"),
        (1250, "one thousand two hundred and fifty"),
        (2_000_017, "two million and seventeen"),
        (-3, "minus three"),
    ],
)
def test_counting(number: int, words: str) -> None:
    assert count(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (3, "third"),
        (5, "fifth"),
        (9, "ninth"),
        (12, "twelfth"),
        (20, "twentieth"),
        (31, "thirty-first"),
    ],
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("cents", "currency", "words"),
    [
        (4250, "euro", "forty-two euros and fifty cents"),
        (100, "euro", "one euro"),
        (101, "pound", "one pound and one penny"),
        (7, "dollar", "seven cents"),
        (0, "euro", "zero euros"),
        (-250, "euro", "minus two euros and fifty cents"),
    ],
)
def test_money(cents: int, currency: str, words: str) -> None:
    assert money(cents, currency) == words


def test_dates() -> None:
    assert day(date(2027, 3, 3)) == "March third"
    assert day(date(2027, 12, 22), year=True) == "December twenty-second, two thousand and twenty-seven"


@pytest.mark.parametrize(
    ("digits", "groups", "words"),
    [
        ("456123", (3, 3), "four five six, one two three"),
        ("456123", (2, 2, 2), "four five, six one, two three"),
        ("4561", (), "four five, six one"),
        ("45612", (), "four five six, one two"),
        ("4561237", (), "four five six, one two, three seven"),
        ("456", (3, 3), "four five six"),
        ("7", (), "seven"),
    ],
)
def test_digits_have_pauses(digits: str, groups: tuple[int, ...], words: str) -> None:
    assert digit_groups(digits, groups) == words


def test_options() -> None:
    assert [either(["a"]), either(["a", "b"]), either(["a", "b", "c"]), either([])] == [
        "a",
        "a or b",
        "a, b or c",
        "",
    ]


@given(st.integers(0, 999_999))
def test_what_is_said_is_what_is_parsed(number: int) -> None:
    found = parse_number(count(number))
    assert found is not None
    assert found.value == number


@given(st.integers(1, 99_999_99))
def test_money_is_parsed_back(cents: int) -> None:
    found = parse_amount(money(cents, "euro"))
    assert found is not None
    assert found.value == cents


@given(st.text("0123456789", min_size=2, max_size=12))
def test_digits_are_parsed_back(digits: str) -> None:
    found = parse_digits(digit_groups(digits), (len(digits), len(digits)))
    assert found is not None
    assert found.value == digits


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_dates_are_parsed_back(when: date) -> None:
    found = parse_date(day(when), date(2026, 1, 1))
    assert found is not None
    assert found.value == when
