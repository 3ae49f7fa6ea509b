"""Holds a call's private values behind their tokens; nothing else does, and none is printed or pickled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from voicecore.redaction.entities import SEALED

TOKEN = re.compile(r"\[([A-Z][A-Z_]*)_(\d+)\]")


class Secrets:
    """Tokens like "[CARD_1]", the same for the same value as long as the call lasts."""

    __slots__ = ("_counts", "_tokens", "_values")

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def copy(self) -> Secrets:
        """The same for now; what comes to one is not in the other."""
        other = Secrets()
        other._values, other._tokens, other._counts = (
            dict(self._values),
            dict(self._tokens),
            dict(self._counts),
        )
        return other

    def conceal(self, entity: str, value: str) -> str:
        """The token of a value."""
        token = self._tokens.get((entity, value.lower()))
        if token is None:
            number = self._counts[entity] = self._counts.get(entity, 0) + 1
            token = f"[{entity.upper()}_{number}]"
            self._put(token, entity, value)
        return token

    def grow(self, token: str, entity: str, value: str) -> str:
        """More of a value has been said: the token of all of it, the old one if the entity is the same."""
        known = self._tokens.get((entity, value.lower()))
        if known or entity_of(token) != entity:
            token = known or self.conceal(entity, value)
        self._put(token, entity, value)
        return token

    def _put(self, token: str, entity: str, value: str) -> None:
        self._values[token] = value
        self._tokens[entity, value.lower()] = token

    def holding(self, part: str, entity: str = "") -> str | None:
        """The token of a value, of ``entity`` if given, that has ``part`` in it."""
        return next(
            (t for t, value in self._values.items() if part in value and entity in ("", entity_of(t))), None
        )

    def reveal(self, arguments: Any) -> Any:
        """``arguments`` with every token in its strings replaced by its value: for tools, never for logs."""
        if isinstance(arguments, str):
            return TOKEN.sub(lambda match: self._values.get(match[0], match[0]), arguments)
        if isinstance(arguments, Mapping):
            return {key: self.reveal(value) for key, value in arguments.items()}
        if isinstance(arguments, list | tuple):
            return [self.reveal(value) for value in arguments]
        return arguments

    def shown(self, token: str, last: int | None = None) -> str:
        """What a person may see of a value: all, or the ``last`` characters; of sealed ones the token."""
        value = self._values.get(token)
        if value is None or entity_of(token) in SEALED:
            return token
        return value if last is None else "•" * 4 + value[-last:] if len(value) > 2 * last else token

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, token: object) -> bool:
        return token in self._values

    def __repr__(self) -> str:
        return f"<Secrets: {len(self)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets stay in their call")


def entity_of(token: str) -> str:
    """ "card" of "[CARD_1]"; "" if it is no token."""
    match = TOKEN.fullmatch(token)
    return match[1].lower() if match else ""
