"""Verification: whatever is done to the file without the key is found, and where it was done."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.tampering import KINDS
from tests.audit.conftest import copy, entry, save
from voicecore.audit import Chain, Checkpoint, Fault, Report, Signer, verify
from voicecore.errors import StoreError


def kept(chain: Chain) -> list[Checkpoint]:
    """What was exported off the box."""
    return list(chain.unshipped("elsewhere"))


def tampered(chain: Chain, signer: Signer, kind: str, seed: int) -> tuple[Report, int, int]:
    """What verification says of a copy with something done to it, and to which records that was."""
    path = chain.path.with_name("copy.db")
    with closing(copy(chain)) as db:
        first, last = KINDS[kind](db, random.Random(seed))
        save(db, path)
    return verify(path, signer, kept(chain)), first, last


def test_a_whole_chain_is_proved(chain: Chain, path: Path, signer: Signer) -> None:
    assert verify(path, signer, kept(chain)) == Report(records=12, calls=3, checkpoints=3, proved=12)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_tampering_is_found_and_located(chain: Chain, signer: Signer, kind: str, seed: int) -> None:
    report, first, last = tampered(chain, signer, kind, seed)
    found = [fault for fault in report.faults if fault.code != "bad-signature"]
    assert found
    assert any(fault.first <= last and fault.last >= first for fault in found)
    if kind not in ("rewritten", "rolled_back", "truncated"):
        assert found[0].first <= first <= found[0].last + 1


@given(at=st.integers(0), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_bit_of_a_record_counts(chain: Chain, signer: Signer, at: int, bit: int) -> None:
    path = chain.path.with_name("copy.db")
    with closing(copy(chain)) as db:
        bodies = [row[0] for row in db.execute("SELECT cast(body AS blob) FROM records ORDER BY seq")]
        seq = at % len(bodies)
        body = bytearray(bodies[seq])
        body[at // len(bodies) % len(body)] ^= 1 << bit
        db.execute("UPDATE records SET body = cast(? AS text) WHERE seq = ?", (bytes(body), seq + 1))
        save(db, path)
    assert Fault("record-changed", seq + 1, seq + 1) in verify(path, signer).faults


def test_a_file_put_back_is_found_by_who_kept_the_checkpoints(
    chain: Chain, path: Path, signer: Signer
) -> None:
    before = path.with_name("before.db")
    save(chain._db, before)
    chain.append([entry("call-1", 12)])
    made = chain.checkpoint()
    assert made is not None
    assert verify(before, signer).ok
    assert verify(before, signer, [made]).faults == [Fault("tail-missing", 13, 13)]


def test_a_checkpoint_that_others_signed_proves_nothing(
    chain: Chain, path: Path, signer: Signer, tmp_path: Path
) -> None:
    other = Signer.create(tmp_path / "other.key").sign(12, "0" * 64, "2026-11-20T12:00:00Z")
    assert verify(path, signer, [other]).faults == [Fault("bad-signature", 12, 12)]


@pytest.mark.parametrize("value", [None, 7, b"\xff\xfe", "{}", ""])
def test_whatever_lies_in_a_record_s_place(chain: Chain, path: Path, signer: Signer, value: object) -> None:
    with closing(copy(chain)) as db:
        db.execute("CREATE TABLE harmed (seq INTEGER PRIMARY KEY, call, hash, body)")
        db.execute("INSERT INTO harmed SELECT * FROM records")
        db.execute("UPDATE harmed SET body = ? WHERE seq = 5", (value,))
        db.execute("DROP TABLE records")
        db.execute("ALTER TABLE harmed RENAME TO records")
        other = path.with_name("copy.db")
        save(db, other)
    assert verify(other, signer).faults[0] == Fault("record-changed", 5, 5)


def test_a_damaged_file_is_unreadable_from_somewhere_on(path: Path, signer: Signer) -> None:
    chain = Chain(path, signer)
    chain.append([entry("call", nth) for nth in range(500)])
    chain.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    assert "unreadable" in {fault.code for fault in verify(path, signer).faults}


def test_a_chain_that_was_emptied(chain: Chain, path: Path, signer: Signer) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for table in ("records", "checkpoints", "head"):
            db.execute(f"DELETE FROM {table}")
    assert verify(path, signer).ok
    assert verify(path, signer, kept(chain)).ok
    exported = [signer.sign(12, "0" * 64, "2026-11-20T12:00:00Z")]
    assert verify(path, signer, exported).faults == [Fault("tail-missing", 1, 12)]


def test_records_may_not_go_by_themselves(chain: Chain, path: Path, signer: Signer) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM records WHERE seq <= 8")
        db.execute("DELETE FROM checkpoints WHERE seq < 8")
    assert verify(path, signer).faults[0].code == "record-missing"


def test_no_file_is_no_chain(tmp_path: Path, signer: Signer) -> None:
    with pytest.raises(StoreError) as caught:
        verify(tmp_path / "none.db", signer)
    assert caught.value.code == "store-unavailable"
