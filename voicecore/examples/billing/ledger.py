"""The billing database: customers, invoices, charges and payment arrangements, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from voicecore.examples.billing.seed import CUSTOMERS, SeedInvoice

MAX_INSTALMENTS = 6
LEAST_CENTS = 1000
"""Of one instalment."""
LATEST_FIRST_DAYS = 45
"""The first instalment is due within this many days from today."""
_FIRST_REFERENCE = 2741

_SCHEMA = """
create table customers (number text primary key, first_name text, last_name text, postcode text);
create table invoices (
  id text primary key, customer text not null references customers, issued_on text not null,
  due_on text not null, open_cents integer not null check (open_cents >= 0)
);
create table charges (
  invoice text not null references invoices, position integer not null, description text not null,
  amount_cents integer not null, primary key (invoice, position)
);
create table arrangements (
  reference integer primary key, invoice text not null unique references invoices,
  instalments integer not null, first_date text not null, instalment_cents integer not null
);
create table cancelled (reference integer primary key);
create table answers (key text primary key, request text not null, answer text not null);
"""


class KeyReused(Exception):
    """An idempotency key came back with another request."""


class NoSuchInvoice(Exception):
    """The customer has no such invoice."""


class Ledger:
    """All questions and the one change that the back-end serves. Safe from any thread: a connection each.

    ``today`` fixes the day for seeding, status and terms; by default it is the system's.
    """

    def __init__(self, path: Path, today: date | None = None) -> None:
        self._path = path
        self._today = today
        with closing(sqlite3.connect(path)) as db:
            db.execute("pragma journal_mode = wal")
        with self._open(write=True) as db:
            if not db.execute("select 1 from sqlite_master where name = 'customers'").fetchone():
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                self._seed(db)

    @property
    def today(self) -> date:
        return self._today or date.today()

    def customer(self, number: str) -> dict[str, Any]:
        """``find_customer``."""
        with self._open() as db:
            row = db.execute("select * from customers where number = ?", (number,)).fetchone()
        if row is None:
            return {"found": False}
        return {"found": True, "first_name": row["first_name"], "last_name": row["last_name"]}

    def verified(self, number: str, postcode: str) -> dict[str, Any]:
        """``verify_customer``: blanks and case in the postcode don't matter."""
        plain = "".join(postcode.split()).casefold()
        with self._open() as db:
            row = db.execute("select postcode from customers where number = ?", (number,)).fetchone()
        return {"verified": row is not None and row["postcode"].casefold() == plain}

    def latest_invoice(self, number: str) -> dict[str, Any]:
        """``latest_invoice``: the one issued last."""
        query = "select * from invoices where customer = ? order by issued_on desc limit 1"
        with self._open() as db:
            row = db.execute(query, (number,)).fetchone()
            if row is None:
                return {"found": False}
            return {
                "found": True,
                "invoice_id": row["id"],
                "total_cents": _total(db, row["id"]),
                "open_cents": row["open_cents"],
                "issued_on": row["issued_on"],
                "due_on": row["due_on"],
                "status": self._status(db, row),
            }

    def explained(self, invoice: str) -> dict[str, Any]:
        """``explain_invoice``: its charges, and what differs from the one before. Raises NoSuchInvoice."""
        before = """select id from invoices where customer = ? and issued_on < ?
                    order by issued_on desc limit 1"""
        with self._open() as db:
            row = db.execute("select * from invoices where id = ?", (invoice,)).fetchone()
            if row is None:
                raise NoSuchInvoice
            charges = _charges(db, invoice)
            last = db.execute(before, (row["customer"], row["issued_on"])).fetchone()
            known = _charges(db, last["id"]) if last else charges
        changes = {name: charges.get(name, 0) - known.get(name, 0) for name in {**charges, **known}}
        difference = sum(changes.values())
        main = max(changes, key=lambda name: changes[name] * (1 if difference > 0 else -1), default="")
        return {
            "charges": [{"description": name, "amount_cents": cents} for name, cents in charges.items()],
            "difference_cents": difference,
            "reason": main if difference else "",
        }

    def arrange(self, key: str, number: str, invoice: str, instalments: int, first: date) -> dict[str, Any]:
        """``create_arrangement``: once per ``key``, whose answer is kept and given again.

        Raises NoSuchInvoice, or KeyReused when ``key`` belongs to a different request.
        """
        request = json.dumps([number, invoice, instalments, first.isoformat()])
        with self._open(write=True) as db:
            known = db.execute("select request, answer from answers where key = ?", (key,)).fetchone()
            if known:
                if known["request"] != request:
                    raise KeyReused
                return dict(json.loads(known["answer"]))
            query = "select * from invoices where id = ? and customer = ?"
            row = db.execute(query, (invoice, number)).fetchone()
            if row is None:
                raise NoSuchInvoice
            answer = self._arranged(db, row, instalments, first)
            db.execute("insert into answers values (?, ?, ?)", (key, request, json.dumps(answer)))
            return answer

    def arrangements(self) -> list[dict[str, Any]]:
        """All arrangements, oldest first, with the customer's number."""
        query = """select a.*, i.customer from arrangements a join invoices i on i.id = a.invoice
                   order by a.reference"""
        with self._open() as db:
            return [dict(row) for row in db.execute(query)]

    def cancel(self, reference: str) -> bool:
        """``cancel_arrangement``: whether it was there and is no more; asking again changes nothing."""
        with self._open(write=True) as db:
            cancelled = db.execute("delete from arrangements where reference = ?", (reference,)).rowcount
            if cancelled:
                db.execute("insert into cancelled values (?)", (reference,))
            return bool(db.execute("select 1 from cancelled where reference = ?", (reference,)).fetchone())

    def _arranged(
        self, db: sqlite3.Connection, invoice: sqlite3.Row, instalments: int, first: date
    ) -> dict[str, Any]:
        decline = self._decline(db, invoice, instalments, first)
        if decline:
            return {"accepted": False, "decline": decline}
        cents = -(-invoice["open_cents"] // instalments)
        reference = _arrangement(db, invoice["id"], instalments, first, cents)
        return {"accepted": True, "reference": str(reference), "instalment_cents": cents}

    def _decline(
        self, db: sqlite3.Connection, invoice: sqlite3.Row, instalments: int, first: date
    ) -> str | None:
        if invoice["open_cents"] == 0:
            return "nothing-open"
        if self._status(db, invoice) == "arranged":
            return "already-arranged"
        if instalments > MAX_INSTALMENTS or invoice["open_cents"] < instalments * LEAST_CENTS:
            return "too-many"
        return "too-late" if first > self.today + timedelta(LATEST_FIRST_DAYS) else None

    def _status(self, db: sqlite3.Connection, invoice: sqlite3.Row) -> str:
        if invoice["open_cents"] == 0:
            return "paid"
        if db.execute("select 1 from arrangements where invoice = ?", (invoice["id"],)).fetchone():
            return "arranged"
        return "overdue" if date.fromisoformat(invoice["due_on"]) < self.today else "open"

    def _seed(self, db: sqlite3.Connection) -> None:
        for customer in CUSTOMERS:
            row = (customer.number, customer.first_name, customer.last_name, customer.postcode)
            db.execute("insert into customers values (?, ?, ?, ?)", row)
            for invoice in customer.invoices:
                self._seed_invoice(db, customer.number, invoice)

    def _seed_invoice(self, db: sqlite3.Connection, customer: str, invoice: SeedInvoice) -> None:
        issued, due = (self.today + timedelta(days) for days in (invoice.issued, invoice.due))
        total = sum(cents for _, cents in invoice.charges)
        row = (invoice.id, customer, issued.isoformat(), due.isoformat(), 0 if invoice.paid else total)
        db.execute("insert into invoices values (?, ?, ?, ?, ?)", row)
        charges = [(invoice.id, nth, name, cents) for nth, (name, cents) in enumerate(invoice.charges)]
        db.executemany("insert into charges values (?, ?, ?, ?)", charges)
        if invoice.arranged:
            _arrangement(db, invoice.id, invoice.arranged, due, -(-total // invoice.arranged))

    @contextmanager
    def _open(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection for one transaction; writers take the lock at once, so they never deadlock."""
        with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("pragma foreign_keys = on")
            db.execute("begin immediate" if write else "begin")
            try:
                yield db
            except BaseException:
                db.execute("rollback")
                raise
            db.execute("commit")


def _total(db: sqlite3.Connection, invoice: str) -> int:
    return sum(_charges(db, invoice).values())


def _charges(db: sqlite3.Connection, invoice: str) -> dict[str, int]:
    """Cents by description, in the invoice's order."""
    query = "select description, amount_cents from charges where invoice = ? order by position"
    return {row["description"]: row["amount_cents"] for row in db.execute(query, (invoice,))}


def _arrangement(db: sqlite3.Connection, invoice: str, instalments: int, first: date, cents: int) -> int:
    """Store an arrangement; returns its reference, four digits that are easy to say."""
    used = "select reference from arrangements union select reference from cancelled"
    (last,) = db.execute(f"select max(reference) from ({used})").fetchone()
    reference = _FIRST_REFERENCE if last is None else int(last) + 1
    row = (reference, invoice, instalments, first.isoformat(), cents)
    db.execute("insert into arrangements values (?, ?, ?, ?, ?)", row)
    return reference
