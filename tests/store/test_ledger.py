"""Reservations: limits hold for every order of events, for threads and processes, and through kill -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from voicecore.errors import StoreError
from voicecore.policy import Counter, Draw, Spent
from voicecore.policy.ledger import Expire, Finish, LedgerError, Op, Release, Reservation, Reserve, Send
from voicecore.store import SqlStore
from voicecore.store import ledger_tables as t
from voicecore.store.ledger import SqlLedger

CALL, DAY = Counter("a-call", "c1"), Counter("a-day", "2026-11-20")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    ledger = SqlLedger(url)
    yield ledger
    assert ledger.discrepancies() == []
    ledger.close()


def reserve(key: str, amount: int = 100, sent: bool = False, **more: object) -> Reserve:
    draws = (Draw(CALL, amount, 300, 5), Draw(DAY, amount, None, 4))
    return Reserve(key, "c1", "pay", draws, 10.0, 20.0, sent, **more)  # type: ignore[arg-type]


def did(ledger: SqlLedger, *ops: Op) -> list[str | None]:
    """States and codes."""
    return [
        outcome.state if isinstance(outcome, Reservation) else outcome.code if outcome else None
        for outcome in ledger.run(ops)
    ]


def spent(ledger: SqlLedger) -> Spent:
    return ledger.spent([CALL]).get(CALL, Spent())


def test_a_reservation_runs_its_course(ledger: SqlLedger) -> None:
    assert did(ledger, reserve("k"), Send("k"), Finish("k")) == ["held", "sent", "done"]
    assert ledger.spent([CALL, DAY]) == {CALL: Spent(100, 1), DAY: Spent(100, 1)}
    assert did(ledger, Release("k"), Send("k"), Finish("k")) == ["no-reservation", "no-reservation", "done"]


def test_what_is_released_is_not_counted_and_may_be_had_again(ledger: SqlLedger) -> None:
    assert did(ledger, reserve("k", sent=True), Release("k"), Release("k")) == [
        "sent",
        "released",
        "released",
    ]
    assert spent(ledger) == Spent()
    assert did(ledger, reserve("k", 300)) == ["held"]
    assert spent(ledger) == Spent(300, 1)


def test_a_limit_refuses_all_or_nothing(ledger: SqlLedger) -> None:
    outcomes = ledger.run([reserve("a", 300), reserve("b", 1)])
    assert isinstance(outcomes[1], LedgerError)
    assert (outcomes[1].code, outcomes[1].facts["limit"]) == ("limit-exceeded", "a-call")
    assert ledger.spent([CALL, DAY]) == {CALL: Spent(300, 1), DAY: Spent(300, 1)}
    assert did(ledger, Release("b")) == ["no-reservation"]


def test_counts_are_limited_too(ledger: SqlLedger) -> None:
    states = did(ledger, *(reserve(f"k{n}", 0) for n in range(6)))
    assert states == ["held"] * 4 + ["limit-exceeded"] * 2


def test_the_same_key_counts_once(ledger: SqlLedger) -> None:
    outcomes = ledger.run([reserve("k"), reserve("k", sent=True), reserve("k", sent=True)])
    assert [o.fresh for o in outcomes if isinstance(o, Reservation)] == [True, False, False]
    assert did(ledger, Finish("k"), reserve("k", sent=True)) == ["done", "done"]
    assert spent(ledger) == Spent(100, 1)


@pytest.mark.parametrize(
    "other",
    [
        reserve("k", 101),
        Reserve("k", "c1", "wipe", reserve("k").draws, 1.0, 2.0),
        Reserve("k", "c2", "pay", reserve("k").draws, 1.0, 2.0),
        Reserve("k", "c1", "pay", (), 1.0, 2.0),
    ],
)
def test_a_key_stands_for_one_thing(ledger: SqlLedger, other: Reserve) -> None:
    assert did(ledger, reserve("k"), other) == ["held", "key-reused"]
    assert spent(ledger) == Spent(100, 1)


def test_only_what_was_never_sent_expires(ledger: SqlLedger) -> None:
    did(ledger, reserve("held"), reserve("sent", sent=True), Expire(19.0))
    assert spent(ledger) == Spent(200, 2)
    assert did(ledger, Expire(20.0), Send("held")) == [None, "no-reservation"]
    assert spent(ledger) == Spent(100, 1)


def test_what_was_abandoned_makes_room(ledger: SqlLedger) -> None:
    did(ledger, reserve("abandoned", 300))
    assert did(ledger, replace(reserve("k", 300), at=19.0)) == ["limit-exceeded"]
    assert did(ledger, replace(reserve("k", 300), at=20.0)) == ["held"]
    assert spent(ledger) == Spent(300, 1)


def test_what_has_no_outcome_can_be_sent_again(ledger: SqlLedger) -> None:
    did(ledger, reserve("a", sent=True, body=b"sealed"), reserve("b", body=b"x"), reserve("c", sent=True))
    assert ledger.unsettled(10.0) == []
    assert [(r.key, r.body) for r in ledger.unsettled(11.0)] == [("a", b"sealed"), ("c", None)]
    did(ledger, Finish("a"), Release("c"))
    assert ledger.unsettled(11.0) == []


def test_what_is_over_keeps_no_arguments(ledger: SqlLedger, url: str) -> None:
    did(ledger, reserve("a", sent=True, body=b"sealed"), Finish("a"))
    did(ledger, reserve("b", body=b"sealed"), Release("b"))
    with sa.create_engine(url).connect() as db:
        assert db.execute(sa.select(t.reservations.c.body)).scalars().all() == [None, None]
        db.engine.dispose()


def test_it_shares_a_database_with_the_store_in_either_order(tmp_path: Path) -> None:
    for first, second in ((SqlStore, SqlLedger), (SqlLedger, SqlStore)):
        url = f"sqlite:///{tmp_path / first.__name__}.db"
        for make in (first, second):
            make(url).close()


def test_a_newer_ledger_is_left_alone(url: str) -> None:
    SqlLedger(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.execute(sa.update(t.version).values(version=t.VERSION + 1))
    engine.dispose()
    with pytest.raises(StoreError) as caught:
        SqlLedger(url)
    assert caught.value.code == "store-newer"


def test_it_loses_nothing_on_power_loss(ledger: SqlLedger) -> None:
    with ledger._engine.connect() as db:
        assert db.exec_driver_sql("pragma synchronous").scalar() == 2
        assert db.exec_driver_sql("pragma journal_mode").scalar() == "wal"


def test_the_tables_can_be_made_in_postgresql() -> None:
    for table in t.metadata.sorted_tables:
        str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def test_threads_together_never_exceed_a_limit(url: str) -> None:
    ledgers = [SqlLedger(url) for _ in range(4)]

    def draw(nth: int) -> int:
        draw = Draw(Counter("all", "day"), 70, 1000, None)
        ops: list[Op] = [Reserve(f"{nth}-{n}", "c", "pay", (draw,), 1.0, 2.0) for n in range(2)]
        return sum(isinstance(outcome, Reservation) for outcome in ledgers[nth % 4].run(ops))

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(draw, range(16)))
    assert granted == 14
    assert ledgers[0].spent([Counter("all", "day")]) == {Counter("all", "day"): Spent(980, 14)}
    for ledger in ledgers:
        ledger.close()


WRITER = """
import sys
from voicecore.policy import Counter, Draw
from voicecore.policy.ledger import Reserve, Reservation
from voicecore.store.ledger import SqlLedger
ledger, name = SqlLedger(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
draw = Draw(Counter("all", "day"), 7, int(sys.argv[3]), None)
for n in range(int(sys.argv[4])):
    (outcome,) = ledger.run([Reserve(f"{name}-{n}", "c", "pay", (draw,), 1.0, 2.0, sent=True)])
    if isinstance(outcome, Reservation):
        print(outcome.key, flush=True)
"""


def writer(url: str, name: str, most: int, times: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, name, str(most), str(times)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(process: "subprocess.Popen[str]") -> None:
    """Let it write, once it can."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.mark.interop
def test_processes_together_never_exceed_a_limit(url: str) -> None:
    writers = [writer(url, name, 200, 20) for name in "abc"]
    for process in writers:
        go(process)
    granted = [key for process in writers for key in process.communicate()[0].split()]
    assert len(granted) == len(set(granted)) == 28
    ledger = SqlLedger(url)
    assert ledger.spent([Counter("all", "day")]) == {Counter("all", "day"): Spent(196, 28)}
    assert {found.key for found in ledger.unsettled(9.0)} == set(granted)
    ledger.close()


@pytest.mark.interop
def test_what_was_acknowledged_survives_a_killed_writer(url: str) -> None:
    """Each is killed while it writes; what it said is there is there, and the sums fit."""
    said: set[str] = set()
    for nth, process in enumerate([writer(url, name, 10**9, 10**6) for name in "abc"]):
        go(process)
        assert process.stdout is not None
        said |= {process.stdout.readline().strip() for _ in range(5 + nth)}
        os.kill(process.pid, signal.SIGKILL)
        said |= {line for line in process.communicate()[0].split("\n")[:-1] if line}
    ledger = SqlLedger(url)
    kept = {found.key for found in ledger.unsettled(9.0)}
    assert said <= kept
    assert len(kept - said) <= 3
    assert ledger.spent([Counter("all", "day")]) == {Counter("all", "day"): Spent(7 * len(kept), len(kept))}
    assert ledger.discrepancies() == []
    ledger.close()


KEYS = st.sampled_from(["k1", "k2", "k3", "k4"])
AMOUNTS = st.sampled_from([0, 40, 60, 100])


class AnyOrder(RuleBasedStateMachine):
    """The ledger against a dictionary, also when it is closed and opened in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.url = f"sqlite:///{self.folder.name}/ledger.db"
        self.ledger = SqlLedger(self.url)
        self.kept: dict[str, tuple[str, int, float]] = {}
        """State, amount and expiry by key."""

    def counted(self) -> list[int]:
        return [amount for state, amount, _ in self.kept.values() if state != "released"]

    @rule(key=KEYS, amount=AMOUNTS, sent=st.booleans(), expires=st.sampled_from([5.0, 15.0]))
    def reserve(self, key: str, amount: int, sent: bool, expires: float) -> None:
        draw = Draw(CALL, amount, 150, 3)
        (outcome,) = self.ledger.run([Reserve(key, "c1", "pay", (draw,), 1.0, expires, sent)])
        state, known, until = self.kept.get(key, ("released", 0, 0.0))
        if state == "released":
            if sum(self.counted()) + amount > 150 or len(self.counted()) == 3:
                assert isinstance(outcome, LedgerError)
                return
            self.kept[key] = ("sent" if sent else "held", amount, expires)
        elif known != amount:
            assert isinstance(outcome, LedgerError)
            return
        elif state == "held" and sent:
            self.kept[key] = ("sent", known, until)
        assert isinstance(outcome, Reservation)
        assert outcome.state == self.kept[key][0]

    @rule(key=KEYS, op=st.sampled_from([Send, Finish, Release]))
    def change(self, key: str, op: type[Send] | type[Finish] | type[Release]) -> None:
        before = {Send: ("held", "sent"), Finish: ("sent", "done"), Release: ("held", "sent", "released")}
        after = {Send: "sent", Finish: "done", Release: "released"}[op]
        state, amount, expires = self.kept.get(key, ("none", 0, 0.0))
        (outcome,) = self.ledger.run([op(key)])
        assert isinstance(outcome, Reservation) == (state in before[op])
        if state in before[op]:
            self.kept[key] = (after, amount, expires)

    @rule(now=st.sampled_from([5.0, 15.0]))
    def expire(self, now: float) -> None:
        self.ledger.run([Expire(now)])
        for key, (state, amount, expires) in self.kept.items():
            if state == "held" and expires <= now:
                self.kept[key] = ("released", amount, expires)

    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.ledger = SqlLedger(self.url)

    @invariant()
    def sums_fit(self) -> None:
        assert spent(self.ledger) == Spent(sum(self.counted()), len(self.counted()))
        assert self.ledger.discrepancies() == []

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
