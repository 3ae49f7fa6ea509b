"""Tells how far words fill the slot that the dialogue waits for, for endpointing."""

from __future__ import annotations

from datetime import date

from voicecore.dialogue.phrases import NOTHING
from voicecore.spoken import parse_amount, parse_date, parse_digits, parse_spelled, parse_yes_no
from voicecore.turns.endpointing import Fit, SlotFit
from voicecore.turns.syntax import Ending, ending
from voicecore.types import Expectation, SlotKind

_BARE = frozenset(
    (
        "yes",
        "yeah",
        "yep",
        "no",
        "nope",
        "nah",
        "okay",
        "ok",
        "right",
        "sure",
        "correct",
        "well yes",
        "well no",
    )
)
"""Often the beginning of more: "no, the first of march", "yes, but"."""
_MONEY = frozenset(
    ("euro", "euros", "dollar", "dollars", "pound", "pounds", "cent", "cents", "pence", "buck", "bucks")
)
_MONTHS = frozenset(
    (
        *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
        *("october", "november", "december"),
    )
)
_DOMAINS = frozenset(("com", "net", "org", "edu", "gov", "info", "eu", "uk", "de", "fr", "es", "it", "io"))
_ANY_DAY = date(2000, 1, 1)
"""Whether words name a date does not depend on today."""


def doubted_fit(expectation: Expectation, text: str) -> SlotFit:
    """What is left of ``slot_fit`` when the reading is a guess: in a number or a spelling, more may come.

    Its count is a guess too, but a number that is asked for is read with the grammar of numbers: too few
    digits are rather too few than a misreading of a whole.
    """
    if expectation.kind not in (SlotKind.DIGITS, SlotKind.SPELLED):
        return SlotFit()
    fit = slot_fit(expectation, text)
    return fit if fit.fit in (Fit.PART, Fit.UNKNOWN) else SlotFit(Fit.SERIES, f"{fit.because}, hardly heard")


def slot_fit(expectation: Expectation, text: str) -> SlotFit:
    """How far ``text`` answers what is expected; UNKNOWN where its words can't tell."""
    text = " ".join(text.lower().split())
    if not text:
        return SlotFit()
    if text in expectation.commands:
        return SlotFit(Fit.WHOLE, "it is a command")
    if expectation.kind is not SlotKind.OPEN and ending(text) in (Ending.OPEN, Ending.HESITATING):
        return SlotFit(Fit.PART, "the answer breaks off")
    match expectation.kind:
        case SlotKind.DIGITS if expectation.digits is not None:
            return _digits(text, *expectation.digits)
        case SlotKind.YESNO:
            return _yes_no(text, expectation)
        case SlotKind.AMOUNT:
            return _amount(text)
        case SlotKind.DATE:
            return _date(text)
        case SlotKind.SPELLED:
            return _spelled(text)
        case SlotKind.OPEN if " " in text and text.removeprefix("no ") in NOTHING:
            return SlotFit(Fit.WHOLE, "nothing more is wanted")
    return SlotFit(Fit.WHOLE, "it is one of the answers") if text in expectation.phrases else SlotFit()


def _digits(text: str, fewest: int, most: int) -> SlotFit:
    digits = parse_digits(text)
    if digits is None:
        return SlotFit()
    count = len(digits.value)
    because = f"{count} of {fewest} digits" if fewest == most else f"{count} of {fewest} to {most} digits"
    if count < fewest:
        return SlotFit(Fit.PART, because)
    return SlotFit(Fit.SERIES if count < most else Fit.WHOLE, because)


def _yes_no(text: str, expectation: Expectation) -> SlotFit:
    if text in _BARE:
        return SlotFit(Fit.MAY_GO_ON, "a bare yes or no")
    if text in expectation.phrases or parse_yes_no(text) is not None:
        return SlotFit(Fit.WHOLE, "a yes or no")
    return SlotFit()


def _amount(text: str) -> SlotFit:
    if parse_amount(text) is None:
        return SlotFit()
    whole = not _MONEY.isdisjoint(text.split()) or any(sign in text for sign in "€$£")
    return SlotFit(Fit.WHOLE, "an amount") if whole else SlotFit(Fit.MAY_GO_ON, "an amount without currency")


def _date(text: str) -> SlotFit:
    words = text.split()
    if parse_date(text, _ANY_DAY) is not None:
        bare = len(words) <= 2 and _MONTHS.isdisjoint(words) and words[-1].endswith(("st", "nd", "rd", "th"))
        return SlotFit(Fit.MAY_GO_ON, "a day without month") if bare else SlotFit(Fit.WHOLE, "a date")
    return SlotFit(Fit.PART, "a month without day") if words[-1] in _MONTHS else SlotFit()


def _spelled(text: str) -> SlotFit:
    """Letters, or an e-mail address by its end; nobody knows how long a name is."""
    words = text.split()
    if "dot" in words and words[-1] in _DOMAINS:
        return SlotFit(Fit.WHOLE, "an address with its domain")
    if "at" in words[1:] or words[-1] in ("dot", "underscore", "dash", "hyphen", "double", "capital"):
        return SlotFit(Fit.PART, "an address without its domain")
    return SlotFit(Fit.SERIES, "spelling") if parse_spelled(text) is not None else SlotFit()
