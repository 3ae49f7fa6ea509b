"""Reads what people say: values out of spoken English, as recognisers write it. Pure."""

from voicecore.spoken.amounts import parse_amount
from voicecore.spoken.dates import parse_date
from voicecore.spoken.digits import parse_digits
from voicecore.spoken.numbers import parse_number
from voicecore.spoken.spelled import parse_spelled
from voicecore.spoken.words import Parsed
from voicecore.spoken.yesno import parse_yes_no

__all__ = [
    "Parsed",
    "parse_amount",
    "parse_date",
    "parse_digits",
    "parse_number",
    "parse_spelled",
    "parse_yes_no",
]
