"""Says numbers, money, dates and digit strings the way a person would, in English words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth"} | {
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CURRENCIES = {
    "euro": ("euro", "euros", "cent", "cents"),
    "pound": ("pound", "pounds", "penny", "pence"),
    "dollar": ("dollar", "dollars", "cent", "cents"),
}


def count(number: int) -> str:
    """A whole number below a billion in words: "one hundred and five", "minus two"."""
    if number < 0:
        return f"minus {count(-number)}"
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[rest]}" if rest else "")
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            head, rest = divmod(number, size)
            joint = " and " if rest < 100 else " "
            return f"{count(head)} {name}" + (f"{joint}{count(rest)}" if rest else "")
    raise AssertionError(number)


def ordinal(number: int) -> str:
    """ "first", "twenty-second", "thirtieth"."""
    words = count(number)
    stem, joint, last = words.rpartition("-")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return stem + joint + last


def money(cents: int, currency: str) -> str:
    """An amount: "forty-two euros and fifty cents"; negative ones begin with "minus"."""
    one, many, cent, coins = _CURRENCIES[currency]
    sign = "minus " if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    parts = []
    if whole or not rest:
        parts.append(f"{count(whole)} {one if whole == 1 else many}")
    if rest:
        parts.append(f"{count(rest)} {cent if rest == 1 else coins}")
    return sign + " and ".join(parts)


def day(when: date, year: bool = False) -> str:
    """A date: "March third", with ``year`` "March third, two thousand and twenty-seven"."""
    text = f"{_MONTHS[when.month - 1]} {ordinal(when.day)}"
    return f"{text}, {count(when.year)}" if year else text


def digit_groups(digits: str, groups: Sequence[int] = ()) -> str:
    """Digits one by one, with a pause between groups: "four five six, one two three".

    ``groups`` are their sizes, e.g. (3, 3); without them four and more digits go in threes, a single
    digit never being left alone.
    """
    words = [_SMALL[int(digit)] for digit in digits]
    sizes = list(groups)
    if sum(sizes) != len(words):
        sizes = [3] * (len(words) // 3) + ([len(words) % 3] if len(words) % 3 else [])
        if len(sizes) > 1 and sizes[-1] == 1:
            sizes[-2:] = [2, 2]
    out, at = [], 0
    for size in sizes:
        out.append(" ".join(words[at : at + size]))
        at += size
    return ", ".join(out)


def either(options: Sequence[str]) -> str:
    """A list to choose from: "a, b or c"."""
    return " or ".join(filter(None, (", ".join(options[:-1]), options[-1]))) if options else ""
