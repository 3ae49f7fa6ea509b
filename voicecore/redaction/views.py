"""Decides what each role may see of a redacted text."""

from __future__ import annotations

from collections.abc import Mapping

from voicecore.redaction.secrets import TOKEN, Secrets, entity_of
from voicecore.redaction.settings import Sight

_TAIL = 4
"""Characters that the sight "tail" leaves."""


def view(text: str, role: str, secrets: Secrets, roles: Mapping[str, Mapping[str, Sight]]) -> str:
    """``text`` with its tokens as ``role`` may see them (``RedactionSettings.roles``).

    A role or entity that is not listed sees tokens; security codes and passcodes stay tokens for everybody.
    """
    sights = roles.get(role, {})

    def shown(token: str) -> str:
        sight = sights.get(entity_of(token), sights.get("*", "token"))
        return token if sight == "token" else secrets.shown(token, _TAIL if sight == "tail" else None)

    return TOKEN.sub(lambda match: shown(match[0]), text)
