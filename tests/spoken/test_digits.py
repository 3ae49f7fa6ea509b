"""Digit strings in every way that people say them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.spoken import parse_digits

DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("four one double one oh", "41110"),
        ("triple seven", "777"),
        ("treble two nine", "2229"),
        ("quadruple zero", "0000"),
        ("forty-two seventeen", "4217"),
        ("forty two seventeen", "4217"),
        ("one hundred twenty-three", "123"),
        ("one hundred and twenty three", "123"),
        ("nineteen eighty four", "1984"),
        ("nineteen oh four", "1904"),
        ("two thousand five", "2005"),
        ("four hundred", "400"),
        ("fourteen hundred", "1400"),
        ("twenty twenty five", "2025"),
        ("sixty four sixty five", "6465"),
        ("two fours and three zeros", "44000"),
        ("three sixes", "666"),
        ("oh four five", "045"),
        ("o one two", "012"),
        ("nought nil naught", "000"),
        ("double oh seven", "007"),
        ("double 4 7", "447"),
        ("eleven twelve thirteen", "111213"),
        ("five hundred six hundred", "500600"),
        ("it's four one uh one two um five", "41125"),
        ("my number is four two seven", "427"),
        ("four one two dash seven eight", "41278"),
        ("four one two and then nine", "4129"),
        ("4217", "4217"),
        ("42-17", "4217"),
        ("4 2 1 7", "4217"),
        ("42 seventeen", "4217"),
        ("1,250", "1250"),
        ("four five no four six", "46"),
        ("four one two sorry four one three", "413"),
        ("one two no wait one three", "13"),
        ("sorry four five six", "456"),
        ("oh it's four five", "45"),
        ("Four, one, one.", "411"),
    ],
)
def test_certain_digits(said: str, digits: str) -> None:
    parsed = parse_digits(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (digits, True)


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("one to three", "123"),
        ("one two for five", "1245"),
        ("four for", "44"),
        ("one two three four no five", "1235"),
        ("one two three four no three five", "1235"),
        ("four five no", "45"),
        ("maybe four five", "45"),
        ("four one one and my zip is nine nine", "411"),
    ],
)
def test_doubtful_digits(said: str, digits: str) -> None:
    parsed = parse_digits(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (digits, False)


@pytest.mark.parametrize(
    ("said", "lengths", "digits", "certain"),
    [
        ("sixty four", (3, 3), "604", True),
        ("sixty four", (2, 2), "64", True),
        ("one hundred five", (4, 4), "1005", True),
        ("two thousand five", (5, 5), "20005", True),
        ("oh four five six", (3, 3), "456", True),
        ("one is my first digit then four five six", (3, 3), "456", True),
        ("four five the next is six seven", (4, 4), "4567", True),
        ("one two three four no three five", (4, 4), "1235", True),
        ("one two three", (5, 5), "123", False),
    ],
)
def test_lengths_choose_the_reading(said: str, lengths: tuple[int, int], digits: str, certain: bool) -> None:
    parsed = parse_digits(said, lengths)
    assert parsed is not None
    assert parsed.value == digits
    assert parsed.certain == certain


@pytest.mark.parametrize("said", ["", "hello", "for you", "oh to be", "double trouble", "no", "a couple"])
def test_no_digits(said: str) -> None:
    assert parse_digits(said) is None


@given(st.text("0123456789", min_size=1, max_size=12), st.sampled_from(["oh", "zero", "o"]))
def test_digit_by_digit_comes_back(digits: str, zero: str) -> None:
    words = " ".join(zero if d == "0" else DIGIT_WORDS[int(d)] for d in digits)
    parsed = parse_digits(f"uh {words}")
    assert parsed is not None
    assert (parsed.value, parsed.span, parsed.certain) == (digits, (1, len(digits) + 1), True)


@given(st.lists(st.integers(10, 99), min_size=1, max_size=5))
def test_pairs_come_back(in_words: Callable[..., str], pairs: list[int]) -> None:
    parsed = parse_digits(" ".join(in_words(pair) for pair in pairs if pair % 10))
    expected = "".join(str(pair) for pair in pairs if pair % 10)
    assert (parsed.value if parsed else "") == expected


def test_a_correction_keeps_the_whole_span() -> None:
    parsed = parse_digits("my number four five no four six thanks")
    assert parsed is not None
    assert parsed.span == (2, 7)
