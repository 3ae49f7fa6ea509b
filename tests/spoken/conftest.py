"""Numbers in words, for the round trips."""

from collections.abc import Callable

import pytest

UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _in_words(number: int, link: str = " ", hyphen: str = " ") -> str:
    """English for 0..999,999; ``link`` stands after "hundred", ``hyphen`` inside "forty two"."""
    if number < 20:
        return UNITS[number]
    if number < 100:
        ten, unit = divmod(number, 10)
        return TENS[ten - 2] + (hyphen + UNITS[unit] if unit else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    high, low = divmod(number, size)
    joint = link if low < 100 else " "
    return f"{_in_words(high, link, hyphen)} {name}" + (joint + _in_words(low, link, hyphen) if low else "")


@pytest.fixture(scope="session")
def in_words() -> Callable[..., str]:
    """Speaks a number 0..999,999: in_words(number, link=" and ", hyphen="-")."""
    return _in_words
