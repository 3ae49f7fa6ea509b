"""Which headers of an INVITE the dialogue gets to see."""

from __future__ import annotations

import re

_FOLD = re.compile(r"\r\n[ \t]+")


def caller_headers(message: str) -> dict[str, str]:
    """``X-*`` and ``User-to-User`` (RFC 7433) headers of a SIP message, repeated ones joined by commas."""
    head = _FOLD.sub(" ", message.partition("\r\n\r\n")[0])
    found: dict[str, str] = {}
    for line in head.split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip()
        if not colon or not (name.lower().startswith("x-") or name.lower() == "user-to-user"):
            continue
        known = next((k for k in found if k.lower() == name.lower()), None)
        if known is None:
            found[name] = value
        else:
            found[known] = f"{found[known]}, {value}"
    return found
