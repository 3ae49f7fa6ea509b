"""Tells whether words fill the slot that the dialogue waits for, for endpointing."""

from __future__ import annotations

from datetime import date

from voicecore.dialogue.parsers import parse_amount, parse_date, parse_digits, parse_yes_no
from voicecore.types import Expectation, SlotKind

_BARE_REFUSALS = ("no", "nope", "nah")
"""Often the beginning of a correction: "no, the first of march"."""
_ANY_DAY = date(2000, 1, 1)
"""Whether words name a date does not depend on today."""


def is_answered(expectation: Expectation, text: str) -> bool | None:
    """True: a whole answer. False: plainly part of one. None: can't be told from the words."""
    text = " ".join(text.split())
    if text in expectation.commands:
        return True
    match expectation.kind:
        case SlotKind.DIGITS if expectation.digits is not None:
            digits = parse_digits(text)
            if digits is None:
                return None
            return expectation.digits[0] <= len(digits.value) <= expectation.digits[1]
        case SlotKind.YESNO:
            return True if parse_yes_no(text) is not None and text not in _BARE_REFUSALS else None
        case SlotKind.AMOUNT:
            return True if parse_amount(text) is not None else None
        case SlotKind.DATE:
            return True if parse_date(text, _ANY_DAY) is not None else None
        case SlotKind.CHOICE | SlotKind.OPEN:
            return True if text in expectation.phrases else None
    return None
