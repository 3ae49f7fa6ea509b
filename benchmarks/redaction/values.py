"""Makes up private data: numbers with valid check digits in the groups that people read them out in."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from stdnum import luhn
from stdnum.ca import sin
from stdnum.es import dni
from stdnum.exceptions import ValidationError
from stdnum.nl import bsn
from stdnum.us import rtn

Groups = tuple[str, ...]
AREAS = (212, 303, 312, 404, 415, 503, 512, 602, 617, 646, 702, 713, 718, 773, 818, 917, 202, 206, 213, 305)
LETTERS = "ABCEGHJKLMNPRSTWXYZ"


def _digits(random: Random, count: int) -> str:
    """``count`` digits, the first of them no zero."""
    return str(random.randint(1, 9)) + "".join(random.choice("0123456789") for _ in range(count - 1))


def _letters(random: Random, count: int) -> str:
    return "".join(random.choice(LETTERS) for _ in range(count))


def _cut(text: str, *sizes: int) -> Groups:
    groups, at = [], 0
    for size in sizes:
        groups.append(text[at : at + size])
        at += size
    return tuple(groups)


def _search(random: Random, count: int, check: Callable[[str], object]) -> str:
    """Random digits that ``check`` of python-stdnum accepts."""
    while True:
        number = _digits(random, count)
        try:
            check(number)
        except ValidationError:
            continue
        return number


def _card(random: Random) -> Groups:
    number = random.choice(("4", "51", "53", "55", "6011")) + _digits(random, 20)
    return _cut(number[:15] + luhn.calc_check_digit(number[:15]), 4, 4, 4, 4)


def _amex(random: Random) -> Groups:
    number = random.choice(("34", "37")) + _digits(random, 12)
    return _cut(number + luhn.calc_check_digit(number), 4, 6, 5)


def _iban(random: Random) -> Groups:
    country, length = random.choice((("DE", 18), ("NL", 10), ("AT", 16), ("BE", 12)))
    bank = _letters(random, 4) if country == "NL" else ""
    rest = bank + _digits(random, length)
    value = int("".join(str(int(c, 36)) for c in f"{rest}{country}00"))
    whole = f"{country}{98 - value % 97:02}{rest}"
    return tuple(whole[at : at + 4] for at in range(0, len(whole), 4))


def _ssn(random: Random) -> Groups:
    return str(random.randint(100, 665)), f"{random.randint(1, 99):02}", f"{random.randint(1, 9999):04}"


def _phone(random: Random) -> Groups:
    exchange = f"{random.randint(2, 9)}{random.randint(0, 9)}{random.randint(2, 9)}"
    return str(random.choice(AREAS)), exchange, f"{random.randint(0, 9999):04}"


def _expiry(random: Random) -> Groups:
    return f"{random.randint(1, 12):02}", str(random.randint(26, 34))


MAKERS: dict[str, tuple[str, Callable[[Random], Groups]]] = {
    "card": ("card", _card),
    "amex": ("card", _amex),
    "last4": ("card", lambda r: (_digits(r, 4),)),
    "cvv": ("cvv", lambda r: (_digits(r, 3),)),
    "cvv4": ("cvv", lambda r: (_digits(r, 4),)),
    "expiry": ("expiry", _expiry),
    "account": ("account", lambda r: _cut(_digits(r, 10), *r.choice(((4, 4), (3, 3, 4), (5, 4))))),
    "routing": ("routing", lambda r: _cut(_search(r, 9, rtn.validate), 3, 3, 3)),
    "sort": ("sort_code", lambda r: _cut(_digits(r, 6), 2, 2, 2)),
    "iban": ("iban", _iban),
    "ssn": ("national_id", _ssn),
    "nino": ("national_id", lambda r: (_letters(r, 2), *_cut(_digits(r, 6), 2, 2, 2), r.choice("ABCD"))),
    "bsn": ("national_id", lambda r: _cut(_search(r, 9, bsn.validate), 3, 3, 3)),
    "sin": ("national_id", lambda r: _cut(_search(r, 9, sin.validate), 3, 3, 3)),
    "dni": ("national_id", lambda r: (*_cut(n := _digits(r, 8), 2, 3, 3), dni.calc_check_digit(n))),
    "passport": ("national_id", lambda r: _cut(_digits(r, 9), 3, 3, 3)),
    "license": ("national_id", lambda r: (_letters(r, 1), *_cut(_digits(r, 7), 3, 4))),
    "phone": ("phone", _phone),
    "intl": ("phone", lambda r: ("44", "7" + _digits(r, 3), *_cut(_digits(r, 6), 3, 3))),
    "order": ("order", lambda r: (_letters(r, 2), *_cut(_digits(r, 6), 3, 3))),
    "customer": ("customer", lambda r: _cut(_digits(r, 8), 4, 4)),
}
"""Slot of a wording -> entity, and how to make one up."""
