"""The ledger of reservations in a database: limits hold however many processes draw on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from voicecore.errors import StoreError
from voicecore.policy.decision import Counter, Draw, Spent
from voicecore.policy.ledger import (
    Expire,
    Finish,
    LedgerError,
    Op,
    Outcome,
    Release,
    Reservation,
    Reserve,
    Send,
    State,
)
from voicecore.store import ledger_tables as t
from voicecore.store.database import open_engine, store_errors

_LOCK: Mapping[str, str] = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "LOCK TABLE ledger_counters IN EXCLUSIVE MODE",
}
"""What makes a transaction the only one that draws, until it ends."""
_COUNTED: tuple[State, ...] = ("held", "sent", "done")


class SqlLedger:
    """``policy.ledger.Ledger`` on SQLAlchemy: SQLite or PostgreSQL.

    Safe from any thread and any number of processes. SQLite runs with WAL and synchronous=FULL: what was
    acknowledged is there after a power loss. All methods raise StoreError (``store-unavailable``,
    ``store-damaged``).
    """

    def __init__(self, url: str) -> None:
        """``url`` as of ``SqlStore``, whose database it may share.

        Raises StoreError also with ``bad-url`` (other databases, too) and ``store-newer``.
        """
        self._engine = open_engine(url)
        self._sql = _Statements()
        try:
            if self._engine.dialect.name not in _LOCK:
                raise StoreError("bad-url", f"store.url: no ledger on {self._engine.dialect.name}")
            with store_errors():
                self._prepare()
        except StoreError:
            self._engine.dispose()
            raise

    def run(self, ops: Sequence[Op]) -> list[Outcome]:
        """Do ``ops`` in one transaction; see ``policy.ledger.Ledger.run``."""
        with store_errors(), self._alone() as db:
            outcomes = [self._do(db, op) for op in ops]
            db.commit()
        return outcomes

    def unsettled(self, before: float) -> list[Reservation]:
        """What was sent before (Unix time) and has no outcome, oldest first."""
        r = t.reservations.c
        query = sa.select(t.reservations).where(r.state == "sent", r.at < before).order_by(r.at, r.key)
        with store_errors(), self._engine.connect() as db:
            return [_reservation(row) for row in db.execute(query).mappings()]

    def spent(self, counters: Iterable[Counter]) -> dict[Counter, Spent]:
        """How much of each was drawn; what nobody drew on is not there."""
        with store_errors(), self._engine.connect() as db:
            found = {counter: self._spent(db, counter) for counter in counters}
        return {counter: spent for counter, spent in found.items() if spent.count}

    def drawn(self, counter: Counter) -> list[str]:
        """The keys that a counter counts, sorted."""
        d = t.draws.c
        query = sa.select(d.key).where(d.limit_name == counter.limit, d.whose == counter.whose)
        with store_errors(), self._engine.connect() as db:
            return sorted(db.execute(query).scalars())

    def discrepancies(self) -> list[Counter]:
        """Counters that differ from the sum of what was drawn: none, unless the database was changed."""
        d, c = t.draws.c, t.counters.c
        drawn = sa.select(d.limit_name, d.whose, sa.func.sum(d.amount), sa.func.count()).group_by(
            d.limit_name, d.whose
        )
        kept = sa.select(c.limit_name, c.whose, c.amount, c.count).where(c.count > 0)
        with store_errors(), self._engine.connect() as db:
            sums = {Counter(*row[:2]): Spent(int(row[2]), int(row[3])) for row in db.execute(drawn)}
            counts = {Counter(*row[:2]): Spent(int(row[2]), int(row[3])) for row in db.execute(kept)}
        return sorted(name for name in sums.keys() | counts.keys() if sums.get(name) != counts.get(name))

    def close(self) -> None:
        """Close all connections; the ledger must not be used afterwards."""
        self._engine.dispose()

    def _prepare(self) -> None:
        with self._engine.connect() as db:
            if db.dialect.name == "sqlite":
                db.exec_driver_sql(_LOCK["sqlite"])
            t.metadata.create_all(db)
            version = db.execute(sa.select(t.version.c.version)).scalar()
            if version is None:
                db.execute(sa.insert(t.version).values(version=t.VERSION))
            elif version != t.VERSION:
                message = f"ledger version {version}; this voicecore knows version {t.VERSION}"
                raise StoreError("store-newer", message, version=version, known=t.VERSION)
            db.commit()

    @contextmanager
    def _alone(self) -> Iterator[sa.Connection]:
        """A transaction that no other one draws beside; rolled back unless committed."""
        with self._engine.connect() as db:
            db.exec_driver_sql(_LOCK[db.dialect.name])
            yield db

    def _do(self, db: sa.Connection, op: Op) -> Outcome:
        try:
            match op:
                case Reserve():
                    return self._reserve(db, op)
                case Send(key):
                    return self._change(db, key, ("held", "sent"), "sent")
                case Finish(key):
                    return self._change(db, key, ("sent", "done"), "done")
                case Release(key):
                    return self._change(db, key, ("held", "sent", "released"), "released")
                case Expire(now):
                    self._expire(db, now)
                    return None
        except LedgerError as exc:
            return exc

    def _reserve(self, db: sa.Connection, op: Reserve) -> Reservation:
        found = db.execute(self._sql.find, {"key_": op.key}).mappings().first()
        if found is not None and found["state"] != "released":
            self._same(db, op, found)
            state: State = "sent" if op.sent and found["state"] == "held" else found["state"]
            if state != found["state"]:
                db.execute(self._sql.update, {"key_": op.key, "state": state, "body": op.body})
            return Reservation(op.key, op.call, op.tool, state, op.at, op.body)
        if self._exceeded(db, op) is not None:
            self._expire(db, op.at)
        if (limit := self._exceeded(db, op)) is not None:
            raise LedgerError("limit-exceeded", limit, limit=limit)
        state = "sent" if op.sent else "held"
        if found is not None:
            db.execute(self._sql.forget, {"key_": op.key})
        row = {"key": op.key, "call_id": op.call, "tool": op.tool, "state": state, "at": op.at}
        db.execute(self._sql.insert, {**row, "expires": op.expires, "body": op.body})
        for draw in op.draws:
            self._draw(db, op.key, draw)
        return Reservation(op.key, op.call, op.tool, state, op.at, op.body, fresh=True)

    def _exceeded(self, db: sa.Connection, op: Reserve) -> str | None:
        """The first limit that does not hold with ``op``."""
        counters = (draw.counter.limit for draw in op.draws if not draw.fits(self._spent(db, draw.counter)))
        return next(counters, None)

    def _same(self, db: sa.Connection, op: Reserve, found: sa.RowMapping) -> None:
        """Raise LedgerError("key-reused") unless ``op`` is what its key stands for."""
        drawn = {(Counter(row[0], row[1]), row[2]) for row in db.execute(self._sql.drawn, {"key_": op.key})}
        wanted = {(draw.counter, draw.amount) for draw in op.draws}
        if (found["tool"], found["call_id"]) != (op.tool, op.call) or drawn != wanted:
            raise LedgerError("key-reused", f"{op.key} stands for something else", key=op.key)

    def _draw(self, db: sa.Connection, key: str, draw: Draw) -> None:
        name, whose = draw.counter.limit, draw.counter.whose
        db.execute(self._sql.draw, {"key": key, "limit_name": name, "whose": whose, "amount": draw.amount})
        self._count(db, draw.counter, draw.amount, 1)

    def _count(self, db: sa.Connection, counter: Counter, amount: int, count: int) -> None:
        values = {"limit_": counter.limit, "whose_": counter.whose, "more": amount, "times": count}
        if not db.execute(self._sql.count, values).rowcount:
            row = {"limit_name": counter.limit, "whose": counter.whose, "amount": amount, "count": count}
            db.execute(self._sql.begin, row)

    def _change(self, db: sa.Connection, key: str, before: tuple[State, ...], state: State) -> Reservation:
        found = db.execute(self._sql.find, {"key_": key}).mappings().first()
        if found is None or found["state"] not in before:
            what = "none" if found is None else found["state"]
            raise LedgerError("no-reservation", f"{key} is {what}", key=key, state=what)
        body = found["body"] if state == "sent" else None
        db.execute(self._sql.update, {"key_": key, "state": state, "body": body})
        if state == "released" and found["state"] in _COUNTED:
            for name, whose, amount in db.execute(self._sql.drawn, {"key_": key}).all():
                self._count(db, Counter(name, whose), -amount, -1)
            db.execute(self._sql.undraw, {"key_": key})
        return Reservation(key, found["call_id"], found["tool"], state, found["at"], body)

    def _expire(self, db: sa.Connection, now: float) -> None:
        for (key,) in db.execute(self._sql.expired, {"now": now}).all():
            self._change(db, key, ("held",), "released")

    def _spent(self, db: sa.Connection, counter: Counter) -> Spent:
        row = db.execute(self._sql.spent, {"limit_": counter.limit, "whose_": counter.whose}).first()
        return Spent() if row is None else Spent(int(row[0]), int(row[1]))


def _reservation(row: sa.RowMapping) -> Reservation:
    return Reservation(row["key"], row["call_id"], row["tool"], row["state"], row["at"], row["body"])


class _Statements:
    """The ledger's statements, made once: building them costs more than running them."""

    def __init__(self) -> None:
        r, d, c = t.reservations.c, t.draws.c, t.counters.c
        key: sa.BindParameter[str] = sa.bindparam("key_")
        mine = sa.and_(c.limit_name == sa.bindparam("limit_"), c.whose == sa.bindparam("whose_"))
        self.find = sa.select(t.reservations).where(r.key == key)
        self.update = (
            sa.update(t.reservations)
            .where(r.key == key)
            .values(state=sa.bindparam("state"), body=sa.bindparam("body"))
        )
        self.forget = sa.delete(t.reservations).where(r.key == key)
        self.insert = sa.insert(t.reservations)
        self.expired = sa.select(r.key).where(r.state == "held", r.expires <= sa.bindparam("now"))
        self.drawn = sa.select(d.limit_name, d.whose, d.amount).where(d.key == key)
        self.draw = sa.insert(t.draws)
        self.undraw = sa.delete(t.draws).where(d.key == key)
        self.spent = sa.select(c.amount, c.count).where(mine)
        self.begin = sa.insert(t.counters)
        self.count = (
            sa.update(t.counters)
            .where(mine)
            .values(amount=c.amount + sa.bindparam("more"), count=c.count + sa.bindparam("times"))
        )
