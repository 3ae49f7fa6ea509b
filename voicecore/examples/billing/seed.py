"""The customers, invoices and charges that a new billing database begins with.

Numbers are easy to say and to tell apart by ear: no zero (is it "oh"?), no five and nine in one number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeedInvoice:
    """``issued`` and ``due`` are days from today; ``charges`` are (description, cents)."""

    id: str
    issued: int
    due: int
    charges: tuple[tuple[str, int], ...]
    paid: bool = False
    arranged: int = 0
    """Instalments already agreed; 0 for none."""


@dataclass(frozen=True, slots=True)
class SeedCustomer:
    """A customer and their invoices, oldest first."""

    number: str
    first_name: str
    last_name: str
    postcode: str
    invoices: tuple[SeedInvoice, ...] = ()


_BASE = ("the basic charge", 1200)
_POWER = ("electricity", 3990)

CUSTOMERS = (
    SeedCustomer(
        "482716",
        "Anna",
        "Keller",
        "24718",
        (
            SeedInvoice("4101", -41, -20, (_BASE, _POWER), paid=True),
            SeedInvoice("4102", -10, 11, (_BASE, _POWER, ("a meter check", 3450))),
        ),
    ),
    SeedCustomer(
        "617284",
        "Robert",
        "Hughes",
        "81642",
        (
            SeedInvoice("4201", -64, -43, (("the basic charge", 1800), ("electricity", 6000)), paid=True),
            SeedInvoice(
                "4202", -33, -12, (("the basic charge", 1800), ("electricity", 6000), ("a late fee", 1200))
            ),
        ),
    ),
    SeedCustomer(
        "274618",
        "Maria",
        "Lopez",
        "46127",
        (
            SeedInvoice("4301", -38, -17, (_POWER,), paid=True),
            SeedInvoice("4302", -7, 14, (_POWER, ("a printed invoice", 1000)), paid=True),
        ),
    ),
    SeedCustomer(
        "836142",
        "James",
        "Carter",
        "17264",
        (
            SeedInvoice("4401", -45, -24, (_BASE, _POWER), paid=True),
            SeedInvoice("4402", -14, 7, (_BASE, _POWER, ("a new connection", 7200)), arranged=3),
        ),
    ),
    SeedCustomer(
        "164872",
        "Paul",
        "Novak",
        "62481",
        (
            SeedInvoice("4501", -36, -15, (_BASE, _POWER), paid=True),
            SeedInvoice("4502", -5, 16, (_BASE, _POWER)),
        ),
    ),
    SeedCustomer("718264", "Emma", "Larsen", "72814"),
)
