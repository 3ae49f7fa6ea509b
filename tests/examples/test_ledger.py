"""The billing database: terms, statuses, idempotency."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from voicecore.examples.billing.ledger import (
    LATEST_FIRST_DAYS,
    MAX_INSTALMENTS,
    KeyReused,
    Ledger,
    NoSuchInvoice,
)
from voicecore.examples.billing.seed import CUSTOMERS

TODAY = date(2026, 11, 20)
SOON = TODAY + timedelta(10)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "billing.db", TODAY)


def test_seed_numbers_are_easy_to_say() -> None:
    numbers = [customer.number for customer in CUSTOMERS]
    assert len(set(numbers)) == len(numbers) >= 5
    for customer in CUSTOMERS:
        assert len(customer.number) == 6
        assert len(customer.postcode) == 5
        assert "0" not in customer.number + customer.postcode
        assert all(not {"5", "9"} <= set(number) for number in (customer.number, customer.postcode))


def test_customers_are_found_and_verified(ledger: Ledger) -> None:
    assert ledger.customer("482716") == {"found": True, "first_name": "Anna", "last_name": "Keller"}
    assert ledger.customer("999999") == {"found": False}
    assert ledger.verified("482716", " 24 718") == {"verified": True}
    assert ledger.verified("482716", "24717") == {"verified": False}
    assert ledger.verified("999999", "24718") == {"verified": False}


@pytest.mark.parametrize(
    ("number", "status", "total", "open_cents"),
    [
        ("482716", "open", 8640, 8640),
        ("617284", "overdue", 9000, 9000),
        ("274618", "paid", 4990, 0),
        ("836142", "arranged", 12_390, 12_390),
    ],
)
def test_the_latest_invoice_and_its_status(
    ledger: Ledger, number: str, status: str, total: int, open_cents: int
) -> None:
    invoice = ledger.latest_invoice(number)
    assert (invoice["status"], invoice["total_cents"], invoice["open_cents"]) == (status, total, open_cents)
    assert date.fromisoformat(invoice["issued_on"]) < TODAY


def test_a_customer_without_invoices(ledger: Ledger) -> None:
    assert ledger.latest_invoice("718264") == {"found": False}


def test_an_invoice_is_explained_against_the_one_before(ledger: Ledger) -> None:
    explained = ledger.explained("4102")
    assert explained["difference_cents"] == 3450
    assert explained["reason"] == "calls to other countries"
    assert sum(charge["amount_cents"] for charge in explained["charges"]) == 8640
    assert ledger.explained("4502") | {"charges": []} == {"charges": [], "difference_cents": 0, "reason": ""}


def test_a_first_invoice_has_nothing_before_it(ledger: Ledger) -> None:
    explained = ledger.explained("4101")
    assert (explained["difference_cents"], explained["reason"]) == (0, "")
    with pytest.raises(NoSuchInvoice):
        ledger.explained("1")


def test_a_cheaper_invoice_names_what_is_gone(ledger: Ledger, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "billing.db")) as db, db:
        db.execute("delete from charges where invoice = '4502' and description = 'router rental'")
    explained = ledger.explained("4502")
    assert (explained["difference_cents"], explained["reason"]) == (-1200, "router rental")


def test_an_arrangement_is_made_once_per_key(ledger: Ledger) -> None:
    first = ledger.arrange("call-1:7", "482716", "4102", 3, SOON)
    assert first["accepted"]
    assert first["instalment_cents"] == 2880
    before = ledger.arrangements()
    assert ledger.arrange("call-1:7", "482716", "4102", 3, SOON) == first
    assert ledger.arrangements() == before
    stored = before[-1]
    assert (stored["customer"], stored["invoice"], stored["instalments"]) == ("482716", "4102", 3)
    assert (str(stored["reference"]), stored["first_date"]) == (first["reference"], SOON.isoformat())
    assert ledger.latest_invoice("482716")["status"] == "arranged"


def test_a_key_cannot_serve_two_requests(ledger: Ledger) -> None:
    ledger.arrange("k", "482716", "4102", 3, SOON)
    with pytest.raises(KeyReused):
        ledger.arrange("k", "482716", "4102", 2, SOON)


def test_instalments_are_rounded_up(ledger: Ledger) -> None:
    assert ledger.arrange("k", "617284", "4202", 4, SOON)["instalment_cents"] == 2250
    assert ledger.arrange("l", "164872", "4502", 4, SOON)["instalment_cents"] == 1298


@pytest.mark.parametrize(
    ("number", "invoice", "instalments", "days", "decline"),
    [
        ("274618", "4302", 2, 5, "nothing-open"),
        ("836142", "4402", 2, 5, "already-arranged"),
        ("482716", "4102", MAX_INSTALMENTS + 1, 5, "too-many"),
        ("164872", "4502", 6, 5, "too-many"),
        ("482716", "4102", 2, LATEST_FIRST_DAYS + 1, "too-late"),
    ],
)
def test_what_is_declined_changes_nothing(
    ledger: Ledger, number: str, invoice: str, instalments: int, days: int, decline: str
) -> None:
    before = ledger.arrangements()
    answer = ledger.arrange("k", number, invoice, instalments, TODAY + timedelta(days))
    assert answer == {"accepted": False, "decline": decline}
    assert ledger.arrangements() == before


def test_the_terms_include_their_bounds(ledger: Ledger) -> None:
    last = TODAY + timedelta(LATEST_FIRST_DAYS)
    assert ledger.arrange("k", "482716", "4102", MAX_INSTALMENTS, last)["accepted"]


def test_invoices_of_others_cannot_be_arranged(ledger: Ledger) -> None:
    with pytest.raises(NoSuchInvoice):
        ledger.arrange("k", "617284", "4102", 2, SOON)


def test_racing_requests_make_one_arrangement(ledger: Ledger) -> None:
    before = len(ledger.arrangements())
    with ThreadPoolExecutor(4) as pool:
        keys = ["same", "same", "same", "other"]
        answers = list(pool.map(lambda key: ledger.arrange(key, "482716", "4102", 3, SOON), keys))
    assert len(ledger.arrangements()) == before + 1
    assert [a["accepted"] for a in answers].count(True) in (1, 3)


def test_a_known_file_is_not_filled_again(ledger: Ledger, tmp_path: Path) -> None:
    ledger.arrange("k", "482716", "4102", 3, SOON)
    again = Ledger(tmp_path / "billing.db", TODAY + timedelta(60))
    assert again.arrangements() == ledger.arrangements()
    assert again.latest_invoice("164872")["status"] == "overdue"
