"""Whether words fill the slot that is asked for."""

from __future__ import annotations

import pytest

from voicecore.pipeline.answers import is_answered
from voicecore.types import Expectation, SlotKind

SIX = Expectation(SlotKind.DIGITS, commands=("operator",), digits=(6, 6))


@pytest.mark.parametrize(
    ("expectation", "text", "answered"),
    [
        (SIX, "two seven one eight three eight", True),
        (SIX, "two seven one", False),
        (SIX, "operator", True),
        (SIX, "well let me see", None),
        (Expectation(SlotKind.YESNO), "yes please", True),
        (Expectation(SlotKind.YESNO), "yes", True),
        (Expectation(SlotKind.YESNO), "no", None),
        (Expectation(SlotKind.YESNO), "which one", None),
        (Expectation(SlotKind.AMOUNT), "forty two euros", True),
        (Expectation(SlotKind.DATE), "in two weeks", True),
        (Expectation(SlotKind.DATE), "let me see", None),
        (Expectation(SlotKind.CHOICE, phrases=("visa", "cash")), "visa", True),
        (Expectation(SlotKind.OPEN, phrases=("explain my bill",)), "explain my bill", True),
        (Expectation(SlotKind.OPEN, phrases=("explain my bill",)), "explain my", None),
        (Expectation(SlotKind.SPELLED), "m i l l e r", None),
    ],
)
def test_is_answered(expectation: Expectation, text: str, answered: bool | None) -> None:
    assert is_answered(expectation, text) is answered
