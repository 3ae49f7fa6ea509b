"""Dates of birth and of expiry."""

import pytest

from voicecore.redaction.dates import find_dates, is_expiry


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("born march third nineteen eighty four okay", "march third nineteen eighty four"),
        ("it's the twelfth of june nineteen seventy five", "the twelfth of june nineteen seventy five"),
        ("july fourth ninety two", "july fourth ninety two"),
        ("4/17/1979", "4/17/1979"),
        ("eighth of the eighth nineteen eighty eight", "eighth of the eighth nineteen eighty eight"),
    ],
)
def test_birth(said, date):
    words = said.split()
    (hit,) = find_dates(words, birth=True, expiry=False)
    assert " ".join(words[hit.start : hit.end]) == date


def test_a_month_of_expiry():
    (hit,) = find_dates(["september", "twenty", "seven"], birth=False, expiry=True)
    assert (hit.entity, hit.start, hit.end) == ("expiry", 0, 3)


def test_dates_are_private_only_where_they_are_asked_for():
    assert find_dates(["march", "third", "nineteen", "eighty", "four"], birth=False, expiry=False) == []
    assert find_dates(["it's", "my", "birthday", "on", "march", "third"], birth=True, expiry=False) == []
    assert find_dates(["that", "may", "be"], birth=True, expiry=False) == []


@pytest.mark.parametrize(
    ("digits", "right"), [("927", True), ("0927", True), ("092027", True), ("1327", False)]
)
def test_expiry_digits(digits, right):
    assert is_expiry(digits) is right
