"""Whom a call was with, in one spelling, so that all calls of a caller can be found again."""

from __future__ import annotations

import re
from urllib.parse import unquote

import phonenumbers

_URI = re.compile(r"^(?:[^<]*<)?(?:sips?|tel):([^@;>]+)", re.IGNORECASE)
_NUMBER = re.compile(r"^\+?[\d\s().\-/]{3,}$")
_NOBODY = frozenset({"", "anonymous", "unavailable", "unknown", "restricted"})


def caller_of(address: str, region: str = "") -> str:
    """A telephone number in E.164, or the user's name in small letters, of a SIP or tel URI or of either by
    itself; "" for a caller who does not say. ``region`` ("DE", ISO 3166-1): where numbers without a country
    code are from; without it they are kept as digits."""
    found = _URI.match(address.strip())
    user = unquote(found[1] if found else address).strip()
    if user.lower() in _NOBODY:
        return ""
    if not _NUMBER.match(user):
        return user.lower()
    digits = re.sub(r"[^\d+]", "", user)
    if digits.startswith("00") and not region:
        digits = f"+{digits[2:]}"
    try:
        number = phonenumbers.parse(digits, region or None)
    except phonenumbers.NumberParseException:
        return digits
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
