"""Dates relative to a given today."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.spoken import parse_date

TODAY = date(2026, 11, 20)
"""A Friday."""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("today", (2026, 11, 20)),
        ("tomorrow", (2026, 11, 21)),
        ("the day after tomorrow", (2026, 11, 22)),
        ("yesterday", (2026, 11, 19)),
        ("the day before yesterday", (2026, 11, 18)),
        ("monday", (2026, 11, 23)),
        ("on thursday please", (2026, 11, 26)),
        ("this sunday", (2026, 11, 22)),
        ("next monday", (2026, 11, 23)),
        ("next friday", (2026, 11, 27)),
        ("last friday", (2026, 11, 13)),
        ("last monday", (2026, 11, 16)),
        ("wednesday next week", (2026, 11, 25)),
        ("thursday of next week", (2026, 11, 26)),
        ("monday week", (2026, 11, 30)),
        ("a week tomorrow", (2026, 11, 28)),
        ("a week from monday", (2026, 11, 30)),
        ("a week on monday", (2026, 11, 30)),
        ("a week from today", (2026, 11, 27)),
        ("a week from tomorrow", (2026, 11, 28)),
        ("in two weeks", (2026, 12, 4)),
        ("in two weeks' time", (2026, 12, 4)),
        ("in a fortnight", (2026, 12, 4)),
        ("two weeks from now", (2026, 12, 4)),
        ("ten days from now", (2026, 11, 30)),
        ("in ten days", (2026, 11, 30)),
        ("in a month", (2026, 12, 20)),
        ("in three months", (2027, 2, 20)),
        ("in a year", (2027, 11, 20)),
        ("three days ago", (2026, 11, 17)),
        ("the third of march", (2027, 3, 3)),
        ("march third", (2027, 3, 3)),
        ("march the third", (2027, 3, 3)),
        ("march 3", (2027, 3, 3)),
        ("3 march", (2027, 3, 3)),
        ("the 3rd of march", (2027, 3, 3)),
        ("march twenty first", (2027, 3, 21)),
        ("the twenty-first of december", (2026, 12, 21)),
        ("march twenty one", (2027, 3, 21)),
        ("march third twenty twenty eight", (2028, 3, 3)),
        ("the third of march 2028", (2028, 3, 3)),
        ("third of march two thousand twenty eight", (2028, 3, 3)),
        ("fourth of july nineteen eighty four", (1984, 7, 4)),
        ("july fourth nineteen oh five", (1905, 7, 4)),
        ("the second of may", (2027, 5, 2)),
        ("may the second", (2027, 5, 2)),
        ("february twenty ninth", (2028, 2, 29)),
        ("dec 24", (2026, 12, 24)),
        ("the first", (2026, 12, 1)),
        ("on the fifteenth", (2026, 12, 15)),
        ("the thirtieth", (2026, 11, 30)),
        ("the thirty first", (2026, 12, 31)),
        ("the first of next month", (2026, 12, 1)),
        ("the twenty fifth of this month", (2026, 11, 25)),
        ("the fifth of the month", (2026, 12, 5)),
        ("friday the fourth of december", (2026, 12, 4)),
        ("end of the month", (2026, 11, 30)),
        ("the end of month", (2026, 11, 30)),
        ("the last day of the month", (2026, 11, 30)),
        ("at the end of next month", (2026, 12, 31)),
        ("the end of february", (2027, 2, 28)),
        ("the end of the year", (2026, 12, 31)),
        ("the beginning of next month", (2026, 12, 1)),
        ("start of next year", (2027, 1, 1)),
        ("2026-12-03", (2026, 12, 3)),
        ("12/13", (2026, 12, 13)),
        ("13/12/2026", (2026, 12, 13)),
        ("3.12.2026", (2026, 12, 3)),
        ("tomorrow no monday", (2026, 11, 23)),
        ("uh on the third no the fourth of december", (2026, 12, 4)),
        ("not monday tuesday", (2026, 11, 24)),
    ],
)
def test_dates(said: str, expected: tuple[int, int, int]) -> None:
    parsed = parse_date(said, TODAY)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (date(*expected), True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("friday", (2026, 11, 27)),
        ("next week", (2026, 11, 27)),
        ("next month", (2026, 12, 20)),
        ("the end of the week", (2026, 11, 20)),
        ("the end of next week", (2026, 11, 27)),
        ("two weeks", (2026, 12, 4)),
        ("within two weeks", (2026, 12, 4)),
        ("in a couple of weeks", (2026, 12, 4)),
        ("mid december", (2026, 12, 15)),
        ("in march", (2027, 3, 1)),
        ("the tenth of november", (2027, 11, 10)),
        ("12/3", (2026, 12, 3)),
        ("the twentieth", (2026, 11, 20)),
        ("monday or tuesday", (2026, 11, 24)),
        ("maybe monday", (2026, 11, 23)),
        ("friday the fifth of december", (2026, 12, 5)),
        ("two weeks from payday", (2026, 12, 4)),
        ("tomorrow no", (2026, 11, 21)),
    ],
)
def test_doubtful_dates(said: str, expected: tuple[int, int, int]) -> None:
    parsed = parse_date(said, TODAY)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (date(*expected), False)


def test_next_friday_on_a_monday_is_doubtful() -> None:
    parsed = parse_date("next friday", date(2026, 11, 16))
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (date(2026, 11, 27), False)


@pytest.mark.parametrize(
    "said",
    [
        "", "soon", "i may pay", "march", "which one may i choose", "february thirtieth",
        "the first invoice", "first of all", "every two weeks", "in two minutes", "2026-13-40",
        "the thirty second", "in a few days",
    ],
)  # fmt: skip
def test_no_date(said: str) -> None:
    assert parse_date(said, TODAY) is None


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.integers(1, 400))
def test_distances_add_up(today: date, days: int) -> None:
    parsed = parse_date(f"in {days} days", today)
    assert parsed is not None
    assert parsed.value == today + timedelta(days)


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.dates(date(2000, 1, 1), date(2090, 12, 31)))
def test_full_dates_come_back(today: date, day: date) -> None:
    parsed = parse_date(f"{day:%B} {day.day} {day.year}", today)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (day, True)


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.dates(date(2000, 1, 1), date(2090, 12, 31)))
def test_a_date_without_a_year_is_never_past(today: date, day: date) -> None:
    parsed = parse_date(f"{day:%B} {day.day}", today)
    assert parsed is not None
    assert parsed.value >= today
    assert (parsed.value.month, parsed.value.day) == (day.month, day.day)


def test_the_span_covers_the_date_only() -> None:
    parsed = parse_date("i can pay on the third of march if that is fine", TODAY)
    assert parsed is not None
    assert parsed.span == (4, 8)
