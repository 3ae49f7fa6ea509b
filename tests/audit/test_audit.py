"""Notes: in order, durable when they say so, refused when they can't be kept."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import voicecore
from tests.audit.test_export import Away
from voicecore import durable
from voicecore.audit import Audit, Chain, Exporter, Signer, audit, verify
from voicecore.errors import StoreError


def notes(path: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as db:
        return [json.loads(row[0]) for row in db.execute("SELECT body FROM records ORDER BY seq")]


def test_what_was_noted_is_kept_in_order(path: Path, signer: Signer) -> None:
    kept = Audit(Chain(path, signer), "billing 3", clock=lambda: "2026-11-20T12:00:00.000000Z")
    for nth in range(5):
        kept.note("call-1", "turn", nth / 2, {"n": nth})
    kept.note("", "human.pause", 0.0, {"who": "anna"}, bundle="")
    kept.close()
    kept.close()
    records = notes(path)
    assert [record["data"] for record in records] == [*({"n": nth} for nth in range(5)), {"who": "anna"}]
    assert records[2] | {"prev": "", "call_prev": ""} == {
        "at": 1,
        "bundle": "billing 3",
        "call": "call-1",
        "call_prev": "",
        "data": {"n": 2},
        "date": "2026-11-20T12:00:00.000000Z",
        "kind": "turn",
        "prev": "",
        "seq": 3,
    }
    assert (records[5]["bundle"], records[5]["call"]) == ("", "")
    report = verify(path, signer)
    assert (report.ok, report.proved, report.checkpoints) == (True, 6, 1)


async def test_a_kept_note_is_on_disk_with_all_before_it(path: Path, signer: Signer) -> None:
    kept = Audit(Chain(path, signer))
    kept.note("call-1", "turn", 0.0, {"n": 0})
    receipt = await asyncio.wrap_future(kept.keep("call-1", "tool", 1.0, {"n": 1}))
    assert receipt.seq == 2
    assert [record["data"]["n"] for record in notes(path)] == [0, 1]
    assert kept.healthy
    kept.close()
    assert not kept.healthy


def test_many_threads_note_at_once(path: Path, signer: Signer) -> None:
    kept = Audit(Chain(path, signer), checkpoint_records=50)
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda nth: kept.keep(f"call-{nth % 3}", "turn", nth, {}).result().seq, range(200))
        )
    kept.close()
    assert sorted(done) == list(range(1, 201))
    report = verify(path, signer)
    assert (report.ok, report.records, report.calls) == (True, 200, 3)
    assert report.checkpoints > 2


def test_a_future_that_nobody_waits_for_any_more_is_no_harm(path: Path, signer: Signer) -> None:
    kept = Audit(Chain(path, signer))
    assert not kept.keep("call-1", "turn", 0.0, {}).cancel()
    kept.close()
    assert len(notes(path)) == 1


def test_a_checkpoint_on_demand_is_exported(path: Path, signer: Signer) -> None:
    sink = Away()
    sink.there = True
    kept = Audit(Chain(path, signer), exporter=Exporter(Chain(path, signer), {"sink": sink}))
    kept.note("call-1", "turn", 0.0, {})
    kept.checkpoint()
    kept.checkpoint()
    assert sink.seqs == [1]
    kept.note("call-1", "turn", 0.0, {})
    kept.close()
    assert sink.seqs == [1, 2]


def test_a_checkpoint_comes_when_it_is_time(path: Path, signer: Signer) -> None:
    times = iter([*["2026-11-20T12:00:00.000000Z"] * 4, *["2026-11-20T12:01:00.000001Z"] * 90])
    kept = Audit(Chain(path, signer, lambda: "2026-11-20T12:00:00.000000Z"), clock=lambda: next(times))
    for _ in range(3):
        kept.keep("call-1", "turn", 0.0, {}).result()
    kept.checkpoint()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT max(seq) FROM checkpoints").fetchone() == (3,)
    kept.close()


def test_bad_data_is_refused_at_the_door(path: Path, signer: Signer) -> None:
    kept = Audit(Chain(path, signer))
    for note in (kept.note, kept.keep):
        with pytest.raises(StoreError) as caught:
            note("call-1", "turn", 0.0, {"x": object()})
        assert caught.value.code == "audit-bad-record"
    kept.close()
    with pytest.raises(StoreError) as caught:
        kept.note("call-1", "turn", 0.0, {})
    assert caught.value.code == "audit-unavailable"


def test_what_the_disk_does_not_take_is_refused_or_comes_later(
    path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_RETRY_S", 0.0)
    monkeypatch.setattr(audit, "WAITING", 3)
    chain = Chain(path, signer)
    real, full = chain.append, True

    def append(entries: Any) -> Any:
        if full:
            raise StoreError("store-unavailable", "disk is full")
        return real(entries)

    chain.append = append  # type: ignore[method-assign]
    kept = Audit(chain)
    kept.note("call-1", "turn", 0.0, {"n": 0})
    with pytest.raises(StoreError) as caught:
        kept.keep("call-1", "tool", 0.0, {"n": 1}).result()
    assert caught.value.code == "audit-unavailable"
    assert not kept.healthy
    for _ in range(2):
        kept.note("call-1", "turn", 0.0, {"n": 2})
    with pytest.raises(StoreError, match="3 records wait"):
        kept.note("call-1", "turn", 0.0, {"n": 2})
    full = False
    kept.close()
    assert [record["data"]["n"] for record in notes(path)] == [0, 2, 2]


def test_a_lock_held_too_long_refuses(path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "BUSY_S", 0.01)
    chain = Chain(path, signer)
    chain._db.execute("pragma busy_timeout = 10")
    kept = Audit(chain)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("begin immediate")
        with pytest.raises(StoreError):
            kept.keep("call-1", "tool", 0.0, {}).result()
        db.execute("rollback")
    assert kept.keep("call-1", "tool", 0.0, {}).result().seq == 1
    kept.close()


WRITER = """
    import sys
    from pathlib import Path
    from voicecore.audit import Audit, Chain, Signer
    folder, name = Path(sys.argv[1]), sys.argv[2]
    audit = Audit(Chain(folder / "audit.db", Signer.load(folder / "audit.key")), checkpoint_records=7)
    for nth in range(100_000):
        for _ in range(3):
            audit.note(name, "turn", 0.0, {"n": nth})
        receipt = audit.keep(name, "tool", 0.0, {"n": nth}).result()
        print(receipt.seq, receipt.hash, flush=True)
"""


@pytest.mark.interop
@pytest.mark.parametrize("seed", range(4))
def test_nothing_acknowledged_is_lost_when_writers_are_killed(path: Path, signer: Signer, seed: int) -> None:
    rng = random.Random(seed)
    root = Path(voicecore.__file__).parents[1]
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path.parent)]
    writers = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True, cwd=root) for name in ("a", "b")
    ]
    said = []
    for writer in writers:
        assert writer.stdout is not None
        said += [writer.stdout.readline() for _ in range(rng.randrange(2, 25))]
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
    for writer in writers:
        assert writer.stdout is not None
        said += [line for line in writer.stdout if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
    again = Audit(Chain(path, signer))
    again.keep("c", "turn", 0.0, {}).result()
    again.close()
    report = verify(path, signer)
    assert report.faults == []
    assert (report.calls, report.proved) == (3, report.records)
    with closing(sqlite3.connect(path)) as db:
        hashes = dict(db.execute("SELECT seq, hash FROM records"))
    assert [hashes.get(int(seq)) for seq, _ in map(str.split, said)] == [
        hash_ for _, hash_ in map(str.split, said)
    ]
