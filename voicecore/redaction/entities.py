"""The nouns of redaction: entities, what was found where and when, and a turn with its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Who = Literal["caller", "agent"]


class Entity(StrEnum):
    """Kinds of private data; a bundle's own patterns add names of theirs."""

    CARD = "card"
    CVV = "cvv"
    EXPIRY = "expiry"
    ACCOUNT = "account"
    IBAN = "iban"
    ROUTING = "routing"
    SORT_CODE = "sort_code"
    NATIONAL_ID = "national_id"
    """Social security, tax, insurance, passport and licence numbers."""
    PASSCODE = "passcode"
    """PINs and one-time codes."""
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    NAME = "name"
    NUMBER = "number"
    """A long number of which nothing tells what it is."""


SEALED = frozenset({Entity.CVV, Entity.PASSCODE})
"""Never shown to anybody, whatever the role (PCI DSS 3.3.1)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Private data in one turn: ``text[start:end]``, spoken from ``t0`` to ``t1``.

    Times are seconds on the clock of the words that the turn came with; 0 and 0 without words. ``score`` is
    0..1: how sure. A number split over turns has one finding in each, all with the same ``token``.
    """

    entity: str
    score: float
    start: int
    end: int
    t0: float
    t1: float
    token: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A turn as it may be kept: ``text`` with tokens ("[CARD_1]") where private data was."""

    turn: int
    """The turn's number in the call, both sides counted, from 0."""
    who: Who
    text: str
    findings: tuple[Finding, ...] = ()
    revised: tuple[Redacted, ...] = ()
    """Earlier turns that read differently now that more of a number has been said; theirs are empty."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a finder found: token indexes in a ``Line``, and the value in its plain form."""

    entity: str
    score: float
    start: int
    end: int
    value: str
