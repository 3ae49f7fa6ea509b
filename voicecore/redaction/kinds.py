"""Says what a run of digits and letters is: by check digits, by length, and by the words around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from stdnum import iban, luhn
from stdnum.us import rtn

from voicecore.redaction.cues import WEAK, Cue
from voicecore.redaction.dates import is_expiry
from voicecore.redaction.entities import Entity
from voicecore.redaction.settings import Pattern

_NINO = re.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]")
"""UK national insurance number (HMRC NIM39110)."""
_CARD = re.compile(r"3[47]\d{13}|3[068]\d{12}|35\d{14}|4(\d{12}|\d{15}|\d{18})|[25]\d{15}|6\d{15}(\d{2,3})?")
"""American Express; Diners; JCB; Visa; Mastercard; Discover, Maestro and UnionPay."""
_LENGTHS: dict[str, tuple[int, ...]] = {
    Entity.CARD: (16, 15),
    Entity.CVV: (3, 4),
    Entity.ROUTING: (9,),
    Entity.SORT_CODE: (6,),
    Entity.NATIONAL_ID: (9, 4),
    Entity.PHONE: (10, 11, 7),
    Entity.EXPIRY: (4, 3, 6),
    Entity.ADDRESS: (5, 9),
    Entity.BIRTH_DATE: (8, 6),
}
"""The lengths that values have, the likeliest first."""
_LONG = 7
"""Rows of so many digits are private even when nothing tells what they are."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a run is; ``complete`` when no more of it is to come."""

    entity: str
    score: float
    value: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A run, perhaps of several turns, for judgement."""

    parts: tuple[str, ...]
    apart: tuple[str, ...]
    pieces: int
    measured: bool
    scaled: bool

    @property
    def chars(self) -> str:
        return "".join(self.parts)


def is_card(value: str) -> bool:
    """Digits of a length that the issuer's numbers have, with a Luhn check digit (ISO/IEC 7812)."""
    return _CARD.fullmatch(value) is not None and luhn.is_valid(value)


@lru_cache(1024)
def is_phone(value: str, region: str) -> bool:
    """A number that the region's plan, or with a country code another's, has."""
    for text in (value, f"+{value}"):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


class Judge:
    """Judges runs for one bundle."""

    def __init__(self, patterns: Iterable[Pattern], region: str) -> None:
        self._shapes = {pattern.name: re.compile(pattern.shape) for pattern in patterns}
        self._region = region
        self._checks: dict[str, Callable[[str], bool]] = {
            Entity.CARD: is_card,
            Entity.ROUTING: rtn.is_valid,
            Entity.IBAN: iban.is_valid,
            Entity.EXPIRY: is_expiry,
            Entity.PHONE: lambda value: value.isdigit() and is_phone(value, region),
        }

    def judge(self, said: Said, cue: Cue | None, asked: bool = False, tail: bool = False) -> Kind | None:
        """What the run is, if private; ``cue`` are the words around it, ``asked`` that it is the answer to
        them or goes on, ``tail`` that only its last digits are spoken of."""
        value, length = said.chars, len(said.chars)
        card = self._right(said, is_card) if length >= 12 else None
        if card and not (cue and cue.entity in (Entity.IBAN, Entity.NATIONAL_ID)):
            return Kind(Entity.CARD, 0.99 if cue else 0.95, card, len(card) > 14)
        if cue is not None and cue.entity in self._shapes and self._right(said, self.check(cue.entity)):
            return self._by_cue(said, cue)
        if cue is not None and not said.measured:
            least = cue.asked if asked else cue.least
            least = min(least, 4) if tail else least
            longest = len("".join(said.apart))
            slack = 2 * cue.most if asked else length // 2 + 2 if len(said.parts) > 1 else 2
            fits = longest >= least and length <= cue.most + slack and not (said.scaled and self._loose(cue))
            if fits and (
                cue.entity != Entity.EXPIRY or asked or cue.asked < WEAK or self._right(said, is_expiry)
            ):
                return self._by_cue(said, cue)
        return self._alone(said, value)

    def _loose(self, cue: Cue) -> bool:
        """Whether the cue's words may speak of amounts as well."""
        return cue.asked == cue.least or cue.entity in self._shapes

    def _by_cue(self, said: Said, cue: Cue) -> Kind:
        check = self.check(cue.entity)
        value = self._right(said, check)
        if value:
            return Kind(cue.entity, 0.99, value, True)
        value = self._likeliest(said, cue.entity)
        whole = _LENGTHS.get(cue.entity, (99,))[0]
        return Kind(cue.entity, 0.85, value, len(value) >= whole and cue.entity not in self._checks)

    def _alone(self, said: Said, value: str) -> Kind | None:
        """A run that no words announce."""
        length, plain = len(value), value.isdigit()
        if not plain and length >= 5:
            return self._alphanumeric(value)
        if not plain or said.measured:
            return None
        phone = self._right(said, self._checks[Entity.PHONE]) if 10 <= length < 18 else None
        if phone and (length < 12 or len(said.parts) > 1):
            return Kind(Entity.PHONE, 0.85, phone, False)
        if length >= 15:
            return Kind(Entity.CARD, 0.6, value, False)
        return Kind(Entity.NUMBER, 0.5, value, False) if length >= _LONG and not said.scaled else None

    def _alphanumeric(self, value: str) -> Kind | None:
        if len(value) >= 15 and iban.is_valid(value):
            return Kind(Entity.IBAN, 0.98, value, True)
        for name, shape in self._shapes.items():
            if shape.fullmatch(value):
                return Kind(name, 0.9, value, True)
        if _NINO.fullmatch(value):
            return Kind(Entity.NATIONAL_ID, 0.95, value, True)
        digits = sum(c.isdigit() for c in value)
        return Kind(Entity.NUMBER, 0.5, value, False) if digits >= _LONG else None

    def check(self, entity: str) -> Callable[[str], bool]:
        """What tells a right value of the entity."""
        if entity in self._checks:
            return self._checks[entity]
        if entity in self._shapes:
            return lambda value: self._shapes[entity].fullmatch(value) is not None
        length = _LENGTHS.get(entity, (0,))[0]
        return lambda value: len(value) == length and value.isdigit()

    def _settle(self, parts: Sequence[str], check: Callable[[str], bool]) -> str | None:
        """The value that is right when each correction takes back the fewest characters."""
        head, *fixes = parts
        if not fixes:
            return head if check(head) else None
        whole = "".join(fixes)
        for taken in range(len(head) + 1):
            value = head[: len(head) - taken] + whole
            if check(value):
                return value
        return whole if check(whole) else fixes[-1] if check(fixes[-1]) else None

    def _right(self, said: Said, check: Callable[[str], bool]) -> str | None:
        """The reading that is right, if one is."""
        return self._settle(said.parts, check) or self._settle(said.apart, check)

    def _likeliest(self, said: Said, entity: str) -> str:
        """Of the readings of a corrected value the one of a length that such values have."""
        for length in _LENGTHS.get(entity, ()):
            value = self._right(said, lambda text, n=length: len(text) == n)  # type: ignore[misc]
            if value:
                return value
        return said.chars
