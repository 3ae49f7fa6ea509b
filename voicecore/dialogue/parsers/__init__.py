"""Parsers: values out of what a caller said, in English as recognisers write it. Pure."""

from voicecore.dialogue.parsers.amounts import parse_amount
from voicecore.dialogue.parsers.dates import parse_date
from voicecore.dialogue.parsers.digits import parse_digits
from voicecore.dialogue.parsers.numbers import parse_number
from voicecore.dialogue.parsers.spelled import parse_spelled
from voicecore.dialogue.parsers.words import Parsed
from voicecore.dialogue.parsers.yesno import parse_yes_no

__all__ = [
    "Parsed",
    "parse_amount",
    "parse_date",
    "parse_digits",
    "parse_number",
    "parse_spelled",
    "parse_yes_no",
]
