"""Texts with holes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from voicecore.dialogue.template import Hole, fill, holes, lookup, say_value

VALUES = {"invoice": {"total": 4250, "due": "2026-12-01"}, "size": 3}


def test_holes_are_found_in_order() -> None:
    assert holes("{a} and {b.c:money}") == (Hole("a", ""), Hole("b.c", "money"))
    assert holes("none") == ()


def test_holes_are_filled() -> None:
    text = "{invoice.total:money}, due {invoice.due:date}, {size} times, {other}"
    assert fill(text, VALUES, {"size": "three"}, "euro") == (
        "forty-two euros and fifty cents, due December first, three times, unknown"
    )


def test_paths_lead_into_results() -> None:
    assert lookup(VALUES, "invoice.total") == 4250
    assert lookup(VALUES, "invoice.nothing") is None
    assert lookup(VALUES, "size.digits") is None


@pytest.mark.parametrize(
    ("value", "form", "words"),
    [
        ("4711", "digits", "four seven, one one"),
        ("A4711", "digits", "A4711"),
        (12, "count", "twelve"),
        ("many", "count", "many"),
        ("4.20", "money", "4.20"),
        ("soon", "date", "soon"),
        (date(2026, 12, 1), "date", "December first"),
        ("plain", "", "plain"),
        (None, "money", "unknown"),
    ],
)
def test_a_form_that_does_not_fit_reads_the_plain_text(value: Any, form: str, words: str) -> None:
    assert say_value(value, form, "euro") == words
