"""The chain on disk: what is added stays, in one order, whoever adds it."""

import json
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.audit.conftest import entry
from voicecore.audit import Chain, Signer, verify
from voicecore.audit.record import GENESIS, digest
from voicecore.errors import StoreError


def bodies(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT body FROM records ORDER BY seq")]


def test_every_record_names_the_one_before_and_the_call_s_own(chain: Chain, path: Path) -> None:
    records = [json.loads(body) for body in bodies(path)]
    hashes = [digest(body.encode()) for body in bodies(path)]
    assert [record["seq"] for record in records] == list(range(1, 13))
    assert [record["prev"] for record in records] == [GENESIS, *hashes[:-1]]
    assert [record["call_prev"] for record in records] == [GENESIS] * 3 + hashes[:9]


def test_it_goes_on_where_it_was(chain: Chain, path: Path, signer: Signer) -> None:
    chain.close()
    again = Chain(path, signer)
    (receipt,) = again.append([entry("call-1", 12)])
    assert (receipt.seq, receipt.hash) == (13, digest(bodies(path)[-1].encode()))
    assert again.pending()[0] == 1
    again.close()
    assert verify(path, signer).ok


def test_several_hold_it_at_once(path: Path, signer: Signer) -> None:
    chains = [Chain(path, signer) for _ in range(4)]

    def fill(chain: Chain) -> list[int]:
        return [chain.append([entry("call", n), entry("other", n)])[0].seq for n in range(10)]

    with ThreadPoolExecutor(4) as pool:
        seqs = [seq for found in pool.map(fill, chains) for seq in found]
    assert len(set(seqs)) == 40
    report = verify(path, signer)
    assert (report.ok, report.records, report.calls, report.proved) == (True, 80, 2, 80)
    for chain in chains:
        chain.close()


def test_a_checkpoint_is_kept_only_if_something_was_added(chain: Chain) -> None:
    assert chain.checkpoint() is None
    chain.append([entry("call-1")])
    made = chain.checkpoint()
    assert made is not None
    assert made.seq == 13
    assert chain.pending() == (0, made.date)


def test_each_sink_gets_what_it_has_not_got(chain: Chain) -> None:
    assert [checkpoint.seq for checkpoint in chain.unshipped("a")] == [4, 8, 12]
    chain.ship("a", 8)
    assert [checkpoint.seq for checkpoint in chain.unshipped("a")] == [12]
    assert [checkpoint.seq for checkpoint in chain.unshipped("b")] == [4, 8, 12]


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM records WHERE seq = 12",
        "DELETE FROM head",
        "UPDATE records SET hash = 'x' WHERE seq = 12",
        "UPDATE head SET line = replace(line, '\"seq\":12', '\"seq\":12 ')",
    ],
)
def test_nothing_is_added_to_a_chain_that_was_tampered_with(
    chain: Chain, path: Path, signer: Signer, harm: str
) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(harm)
    if "replace" in harm:
        with closing(sqlite3.connect(path)) as db, db:
            line = db.execute("SELECT line FROM head").fetchone()[0]
            forged = json.loads(line) | {"date": "1970-01-01T00:00:00Z"}
            db.execute("UPDATE head SET line = ?", (json.dumps(forged),))
    with closing(Chain(path, signer)) as other:
        for holder in (chain, other):
            with pytest.raises(StoreError) as caught:
                holder.append([entry("call-1")])
            assert caught.value.code == "audit-tampered"


def test_old_records_go_up_to_a_checkpoint_and_the_rest_still_verifies(path: Path, signer: Signer) -> None:
    days = iter(f"2026-11-{day:02}T00:00:00.000000Z" for day in range(1, 30))
    chain = Chain(path, signer, clock=lambda: next(days))
    for start in (0, 4, 8):
        chain.append([entry(f"call-{nth % 3}", nth) for nth in range(start, start + 4)])
        chain.checkpoint()
    assert chain.prune("2026-11-01") == 0
    assert chain.prune("2026-11-05") == 8
    assert [json.loads(body)["seq"] for body in bodies(path)] == [9, 10, 11, 12, 13]
    report = verify(path, signer)
    assert (report.faults, report.records) == ([], 5)
    assert chain.prune("2026-12-01") == 4
    assert verify(path, signer).faults == []
    assert chain.append([entry("call-0")])[0].seq == 15
    assert verify(path, signer).faults == []
    chain.close()


def test_many_old_records_go_in_steps(
    chain: Chain, path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecore.audit.chain._PRUNED_AT_ONCE", 3)
    assert chain.prune("9999") == 12
    kinds = [json.loads(body)["data"] for body in bodies(path)]
    assert kinds == [{"through": nth, "records": 4} for nth in (4, 8, 12)]
    assert verify(path, signer).faults == []


def test_only_the_owner_may_read_it(chain: Chain, path: Path) -> None:
    for file in path.parent.glob("audit.*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_acknowledged_is_synced(chain: Chain) -> None:
    assert chain._db.execute("pragma synchronous").fetchone() == (2,)
    assert chain._db.execute("pragma journal_mode").fetchone() == ("wal",)


def test_somebody_else_s_and_later_databases_are_left_alone(tmp_path: Path, signer: Signer) -> None:
    for harm, code in (("create table x (y)", "store-foreign"), ("pragma user_version = 9", "store-newer")):
        path = tmp_path / f"{code}.db"
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(harm)
        with pytest.raises(StoreError) as caught:
            Chain(path, signer)
        assert caught.value.code == code
