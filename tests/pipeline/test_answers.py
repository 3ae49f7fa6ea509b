"""How far words fill the slot that is asked for."""

from __future__ import annotations

import pytest

from voicecore.pipeline.answers import doubted_fit, slot_fit
from voicecore.turns.endpointing import Fit
from voicecore.types import Expectation, SlotKind

SIX = Expectation(SlotKind.DIGITS, commands=("operator",), digits=(6, 6))
PHONE = Expectation(SlotKind.DIGITS, digits=(8, 10))
YESNO = Expectation(SlotKind.YESNO, phrases=("yes", "no", "no thanks"))
AMOUNT, DATE, SPELLED = (Expectation(kind) for kind in (SlotKind.AMOUNT, SlotKind.DATE, SlotKind.SPELLED))
CARD = Expectation(SlotKind.CHOICE, phrases=("visa", "cash"))
STORY = Expectation(SlotKind.OPEN, phrases=("explain my bill",))


@pytest.mark.parametrize(
    ("expectation", "text", "fit"),
    [
        (SIX, "two seven one eight three eight", Fit.WHOLE),
        (SIX, "two seven one", Fit.PART),
        (SIX, "Operator", Fit.WHOLE),
        (SIX, "my number is", Fit.PART),
        (SIX, "well let me see", Fit.UNKNOWN),
        (SIX, "", Fit.UNKNOWN),
        (PHONE, "two seven one eight three", Fit.PART),
        (PHONE, "two seven one eight three eight five five", Fit.SERIES),
        (PHONE, "two seven one eight three eight five five one two", Fit.WHOLE),
        (YESNO, "yes please", Fit.WHOLE),
        (YESNO, "no thanks", Fit.WHOLE),
        (YESNO, "yes", Fit.MAY_GO_ON),
        (YESNO, "no", Fit.MAY_GO_ON),
        (YESNO, "no the", Fit.PART),
        (YESNO, "which one", Fit.UNKNOWN),
        (AMOUNT, "forty two euros", Fit.WHOLE),
        (AMOUNT, "forty two", Fit.MAY_GO_ON),
        (AMOUNT, "forty two euros and", Fit.PART),
        (DATE, "in two weeks", Fit.WHOLE),
        (DATE, "the third of march", Fit.WHOLE),
        (DATE, "the third", Fit.MAY_GO_ON),
        (DATE, "the third of", Fit.PART),
        (DATE, "let me see", Fit.UNKNOWN),
        (CARD, "visa", Fit.WHOLE),
        (CARD, "my", Fit.PART),
        (STORY, "explain my bill", Fit.WHOLE),
        (STORY, "explain my", Fit.UNKNOWN),
        (STORY, "no thank you", Fit.WHOLE),
        (STORY, "that's all", Fit.WHOLE),
        (STORY, "no", Fit.UNKNOWN),
        (STORY, "thanks", Fit.UNKNOWN),
        (SPELLED, "m i l l e r", Fit.SERIES),
        (SPELLED, "ann at example", Fit.PART),
        (SPELLED, "ann at example dot com", Fit.WHOLE),
    ],
)
def test_slot_fit(expectation: Expectation, text: str, fit: Fit) -> None:
    assert slot_fit(expectation, text).fit is fit


def test_the_reason_counts_digits_and_never_names_them() -> None:
    assert slot_fit(SIX, "two seven one").because == "3 of 6 digits"
    assert slot_fit(PHONE, "two seven one").because == "3 of 8 to 10 digits"


@pytest.mark.parametrize(
    ("expectation", "text", "fit"),
    [
        (SIX, "two seven one", Fit.PART),
        (SIX, "two seven one eight three eight", Fit.SERIES),
        (SIX, "operator", Fit.SERIES),
        (SPELLED, "ann at example dot com", Fit.SERIES),
        (YESNO, "no thanks", Fit.UNKNOWN),
        (SIX, "", Fit.UNKNOWN),
    ],
)
def test_a_guess_says_only_that_more_may_come(expectation: Expectation, text: str, fit: Fit) -> None:
    assert doubted_fit(expectation, text).fit is fit
