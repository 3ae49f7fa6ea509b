"""What may be put into SIP messages; the endpoint and its twin refuse the same things."""

from __future__ import annotations

import re

from sip.dtmf import DIGITS
from voicecore.errors import SipError

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+\Z")
_URI = re.compile(r"sips?:[^\s<>\"]+\Z")


def checked_uri(uri: str) -> str:
    """Raises SipError("bad-uri") for what is not a sip: URI."""
    if not _URI.match(uri):
        raise SipError("bad-uri", "a SIP URI like sip:user@host is needed", pii={"uri": uri})
    return uri


def checked_headers(headers: dict[str, str]) -> dict[str, str]:
    """Raises SipError("bad-header") for what would break out of a header line."""
    for name, value in headers.items():
        if not _HEADER_NAME.match(name) or not value.isprintable():
            raise SipError("bad-header", f"{name!r} cannot be sent as a SIP header", header=name)
    return headers


def checked_digits(digits: str, method: str) -> str:
    """Upper-case digits. Raises SipError: ``bad-digit``, ``bad-dtmf-method``."""
    if method not in ("rfc4733", "info"):
        raise SipError("bad-dtmf-method", f"{method!r} is neither rfc4733 nor info")
    upper = digits.upper()
    if not upper or not set(upper) <= set(DIGITS):
        raise SipError("bad-digit", f"DTMF knows {DIGITS} only")
    return upper
