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


_PLAN = ("the monthly plan", 3990)
_ROUTER = ("router rental", 1200)

CUSTOMERS = (
    SeedCustomer(
        "482716",
        "Anna",
        "Keller",
        "24718",
        (
            SeedInvoice("4101", -41, -20, (_PLAN, _ROUTER), paid=True),
            SeedInvoice("4102", -10, 11, (_PLAN, _ROUTER, ("calls to other countries", 3450))),
        ),
    ),
    SeedCustomer(
        "617284",
        "Robert",
        "Hughes",
        "81642",
        (
            SeedInvoice("4201", -64, -43, (("the family plan", 6000), ("television", 1800)), paid=True),
            SeedInvoice(
                "4202", -33, -12, (("the family plan", 6000), ("television", 1800), ("a late fee", 1200))
            ),
        ),
    ),
    SeedCustomer(
        "274618",
        "Maria",
        "Lopez",
        "46127",
        (
            SeedInvoice("4301", -38, -17, (_PLAN,), paid=True),
            SeedInvoice("4302", -7, 14, (_PLAN, ("a new sim card", 1000)), paid=True),
        ),
    ),
    SeedCustomer(
        "836142",
        "James",
        "Carter",
        "17264",
        (
            SeedInvoice("4401", -45, -24, (_PLAN, _ROUTER), paid=True),
            SeedInvoice("4402", -14, 7, (_PLAN, _ROUTER, ("data in other countries", 7200)), arranged=3),
        ),
    ),
    SeedCustomer(
        "164872",
        "Paul",
        "Novak",
        "62481",
        (
            SeedInvoice("4501", -36, -15, (_PLAN, _ROUTER), paid=True),
            SeedInvoice("4502", -5, 16, (_PLAN, _ROUTER)),
        ),
    ),
    SeedCustomer("718264", "Emma", "Larsen", "72814"),
)
