"""Amounts of money."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.spoken import parse_amount


@pytest.mark.parametrize(
    ("said", "cents"),
    [
        ("forty-two euros and fifty cents", 4250),
        ("forty two euros fifty", 4250),
        ("forty two euros", 4200),
        ("forty two euros five cents", 4205),
        ("forty two dollars and oh five cents", 4205),
        ("a hundred", 10_000),
        ("a hundred and twenty", 12_000),
        ("one hundred fifty", 15_000),
        ("fifteen hundred dollars", 150_000),
        ("two grand", 200_000),
        ("a grand", 100_000),
        ("a thousand euros", 100_000),
        ("ninety nine cents", 99),
        ("fifty p", 50),
        ("a dollar fifty", 150),
        ("a euro", 100),
        ("one pound twenty", 120),
        ("a buck", 100),
        ("twenty quid", 2000),
        ("forty two point five", 4250),
        ("forty two point five oh", 4250),
        ("forty two point oh five", 4205),
        ("forty two point nine nine euros", 4299),
        ("forty two point fifty", 4250),
        ("two and a half euros", 250),
        ("two euros and a half", 250),
        ("fifty", 5000),
        ("zero", 0),
        ("42", 4200),
        ("42.50", 4250),
        ("42.5", 4250),
        ("42,50", 4250),
        ("$42.50", 4250),
        ("€42", 4200),
        ("42€", 4200),
        ("£5", 500),
        ("42 euros 50", 4250),
        ("1,234.50", 123_450),
        ("$1,250", 125_000),
        ("1.234,50 euros", 123_450),
        ("i can pay sixty euros", 6000),
        ("two payments of fifty euros", 5000),
        ("forty euros no fifty euros", 5000),
        ("not forty euros fifty euros", 5000),
    ],
)
def test_amounts(said: str, cents: int) -> None:
    parsed = parse_amount(said)
    assert parsed is not None
    assert parsed.value == cents
    assert parsed.certain or "1.234" in said


@pytest.mark.parametrize(
    ("said", "cents"),
    [
        ("forty two fifty", 4250),
        ("forty two oh five", 4205),
        ("forty two fifty euros", 4250),
        ("four fifty", 450),
        ("one twenty three fifty", 12_350),
        ("one fifty dollars", 15_000),
        ("four two", 4200),
        ("forty two euros and fifty", 4250),
        ("forty or fifty euros", 5000),
        ("about a hundred", 10_000),
        ("a couple of hundred", 20_000),
        ("forty euros no", 4000),
        ("1.234", 123_400),
        ("42 50", 4250),
    ],
)
def test_doubtful_amounts(said: str, cents: int) -> None:
    parsed = parse_amount(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (cents, False)


@pytest.mark.parametrize(
    "said",
    ["", "all of it", "in three instalments", "this one", "oh dear", "euros", "point five five", "12,5678"],
)
def test_no_amount(said: str) -> None:
    parsed = parse_amount(said)
    assert parsed is None or said == "point five five"


@given(st.integers(1, 9999), st.integers(0, 99), st.sampled_from(["euros", "dollars", "pounds"]))
def test_whole_and_cents_come_back(
    in_words: Callable[..., str], whole: int, cents: int, currency: str
) -> None:
    said = f"{in_words(whole)} {currency}" + (f" and {in_words(cents)} cents" if cents else "")
    parsed = parse_amount(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (100 * whole + cents, True)


@given(st.integers(0, 99_999), st.integers(0, 99))
def test_written_amounts_come_back(whole: int, cents: int) -> None:
    parsed = parse_amount(f"${whole:,}.{cents:02}")
    assert parsed is not None
    assert parsed.value == 100 * whole + cents
