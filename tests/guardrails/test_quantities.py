"""Figures in sentences, spoken and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.dialogue.spoken import day, digit_groups, money
from voicecore.guardrails.quantities import Quantity, known, quantities


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("It is €42.50.", "money", 4250),
        ("It is 42,50 euros.", "money", 4250),
        ("forty two euros fifty", "money", 4250),
        ("twelve hundred euros", "money", 120_000),
        ("1,200 dollars", "money", 120_000),
        ("fifty cents", "money", 50),
        ("thirty-seven percent", "share", 37.0),
        ("in two weeks", "duration", ("week", 2.0)),
        ("the 3rd of March", "date", (3, 3)),
        ("1 December", "date", (12, 1)),
        ("on 2026-12-01", "date", (12, 1)),
        ("until six in the evening", "time", 6),
        ("at ten pm", "time", 22),
        ("call 0800 123456", "digits", "0800123456"),
        ("call 555 123 444", "digits", "555123444"),
    ],
)
def test_what_is_stated(text: str, kind: str, value: object) -> None:
    assert quantities(text) == (Quantity(kind, value),)


@pytest.mark.parametrize(
    "text", ["one moment please", "two of them", "on Monday", "may I ask", "the first one", ""]
)
def test_what_states_nothing(text: str) -> None:
    assert quantities(text) == ()


@given(st.integers(0, 10_000_000))
def test_money_as_the_agent_says_it_is_read_back(cents: int) -> None:
    for currency in ("euro", "pound", "dollar"):
        assert quantities(f"It is {money(cents, currency)}.") == (Quantity("money", cents),)
    assert Quantity("money", cents) in set(known([cents]))


@given(st.dates())
def test_dates_as_the_agent_says_them_are_read_back(when: object) -> None:
    from datetime import date

    assert isinstance(when, date)
    assert quantities(f"It is due on {day(when)}.") == (Quantity("date", (when.month, when.day)),)
    assert Quantity("date", (when.month, when.day)) in set(known([when.isoformat()]))


@given(st.text("0123456789", min_size=3, max_size=16))
def test_digits_as_the_agent_says_them_are_read_back(digits: str) -> None:
    assert quantities(f"It is {digit_groups(digits)}.") == (Quantity("digits", digits),)
    assert Quantity("digits", digits) in set(known([digits]))


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    quantities(text)
