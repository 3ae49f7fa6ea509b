"""Sealed calls: read with their key, by nobody without it, and gone from every file when erased."""

import json
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql

from tests.store.test_sql import ENGINES, EPOCH, INFO, OUTCOME, TOOL, TURN, code, fill
from tests.vault.conftest import everything
from voicecore.store import SqlStore, tables
from voicecore.vault import FileMasters, KeyStore

PLANTED = (
    b"four eight two",
    b"postcode",
    b"482716",
    b"anna",
    b"X-Queue",
    b"look_up_invoice",
    b"it sounds finished",
)


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyStore]:
    made = KeyStore(tmp_path / "keys.db", FileMasters.create(tmp_path / "master.key"))
    yield made
    made.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/calls.db"


@pytest.fixture
def store(url: str, keys: KeyStore) -> Iterator[SqlStore]:
    opened = SqlStore(url, clock=lambda: EPOCH, keys=keys)
    yield opened
    opened.close()


def plain(tmp_path: Path) -> dict[str, Any]:
    """The same call as a store without keys gives it."""
    other = SqlStore(f"sqlite:///{tmp_path}/plain.db", clock=lambda: EPOCH)
    export = fill(other)
    other.close()
    (tmp_path / "plain.db").unlink()
    return export


def test_a_sealed_call_comes_back_whole_and_no_file_shows_it(store: SqlStore, tmp_path: Path) -> None:
    assert fill(store) == plain(tmp_path)
    content = everything(tmp_path)
    assert not [text for text in PLANTED if text in content]
    (listed,) = store.calls()
    assert (listed["remote_uri"], listed["outcome"], listed["turns"]) == (INFO.remote_uri, OUTCOME, 2)


def test_without_keys_it_is_known_but_not_read(store: SqlStore, url: str) -> None:
    fill(store)
    other = SqlStore(url)
    assert code(other.export, "call-1") == "sealed"
    (listed,) = other.calls()
    assert (listed["remote_uri"], listed["outcome"], listed["duration_s"]) == ("[sealed]", None, 61.5)
    other.close()


def test_calls_kept_without_keys_are_read_and_go_on_without(url: str, keys: KeyStore) -> None:
    before = SqlStore(url, clock=lambda: EPOCH)
    export = fill(before)
    before.close()
    store = SqlStore(url, clock=lambda: EPOCH, keys=keys)
    assert store.export("call-1") == export
    store.add_turn("call-1", TURN)
    store.end_call("call-1", OUTCOME, None)
    assert store.export("call-1")["turns"] == export["turns"]
    assert store.calls_of(lambda uri: "anna" in uri) == ["call-1"]
    assert store.calls_of(lambda uri: "bob" in uri) == []
    store.close()


def test_an_export_is_restored_sealed(store: SqlStore, tmp_path: Path) -> None:
    export = plain(tmp_path)
    assert store.restore(json.loads(json.dumps(export))) == "call-1"
    assert store.export("call-1") == export
    assert not [text for text in PLANTED if text in everything(tmp_path)]


@pytest.mark.parametrize("table", ["calls", "turns", "tools"])
def test_what_is_sealed_can_t_be_another_row_s(store: SqlStore, tmp_path: Path, table: str) -> None:
    fill(store)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db, db:
        column = "sealed_outcome" if table == "calls" else "sealed"
        other = f"(select {column} from {table} order by rowid desc limit 1)"
        wrong = "(select sealed from calls)" if table == "calls" else other
        db.execute(f"update {table} set {column} = {wrong}")
    assert code(store.export, "call-1") == "bad-seal"


def test_a_call_whose_key_is_gone_is_erased(store: SqlStore, keys: KeyStore) -> None:
    fill(store)
    keys.destroy(["call-1"])
    assert code(store.export, "call-1") == "key-destroyed"
    assert store.calls()[0]["remote_uri"] == "[erased]"
    for write in (lambda: store.add_turn("call-1", TURN), lambda: store.add_tool("call-1", TOOL)):
        assert code(write) == "key-destroyed"


@pytest.mark.parametrize("with_keys", [True, False])
def test_erased_is_gone_from_every_file(url: str, keys: KeyStore, tmp_path: Path, with_keys: bool) -> None:
    store = SqlStore(url, clock=lambda: EPOCH, keys=keys if with_keys else None)
    fill(store)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db:
        rows = db.execute("select sealed from turns union all select sealed from tools").fetchall()
    before = [row[0] for row in rows if row[0]]
    assert bool(before) == with_keys
    assert store.recordings(["call-1", "nobody"]) == {"call-1": "recordings/call-1.wav"}
    store.erase(["call-1", "nobody"])
    content = everything(tmp_path)
    assert not [text for text in (*PLANTED, *before) if text in content]
    assert code(store.export, "call-1") == "call-erased"
    (listed,) = store.calls()
    assert (listed["remote_uri"], listed["outcome"], listed["turns"], listed["duration_s"]) == (
        "[erased]",
        None,
        0,
        61.5,
    )
    for write in (
        lambda: store.add_turn("call-1", TURN),
        lambda: store.add_tool("call-1", TOOL),
        lambda: store.end_call("call-1", OUTCOME, None),
    ):
        assert code(write) == "call-erased"
    store.close()


def test_a_recording_may_go_before_the_rest(store: SqlStore) -> None:
    export = fill(store)
    assert store.recorded(EPOCH) == []
    assert store.recorded(EPOCH + timedelta(1)) == ["call-1"]
    store.erase(["call-1"], transcripts=False)
    assert store.recordings(["call-1"]) == {}
    assert store.export("call-1") == export | {"recording": None}


def test_erasing_says_when_somebody_reads(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    monkeypatch.setattr("voicecore.store.database.BUSY_S", 0.01)
    store._engine.dispose()
    with closing(sqlite3.connect(tmp_path / "calls.db", isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select * from calls").fetchone()
        assert code(store.erase, ["call-1"]) == "store-unavailable"
    store.erase(["call-1"])
    assert not [text for text in PLANTED if text in everything(tmp_path)]


def test_calls_by_age(url: str) -> None:
    days = iter(datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 9))
    store = SqlStore(url, clock=lambda: next(days))
    for nth in range(4):
        store.begin_call(type(INFO)(f"call-{nth}", "in", "a", "b"), "billing", ENGINES)
    assert store.older(datetime(2026, 11, 3, tzinfo=UTC)) == ["call-0", "call-1"]
    store.erase(["call-0"])
    assert store.older(datetime(2026, 11, 3, tzinfo=UTC)) == ["call-1"]
    store.close()


def test_a_store_of_version_2_is_brought_up_to_date(url: str, keys: KeyStore, tmp_path: Path) -> None:
    before = SqlStore(url, clock=lambda: EPOCH)
    export = fill(before)
    before.close()
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db, db:
        for column in (
            "calls.sealed",
            "calls.sealed_outcome",
            "calls.erased_at",
            "turns.sealed",
            "tools.sealed",
        ):
            table, name = column.split(".")
            db.execute(f"alter table {table} drop column {name}")
        db.execute("update schema_version set version = 2")
    store = SqlStore(url, clock=lambda: EPOCH, keys=keys)
    assert store.export("call-1") == export
    store.begin_call(type(INFO)("call-2", "in", "sip:bob@example", "b"), "billing", ENGINES)
    assert store.export("call-2")["call"]["remote_uri"] == "sip:bob@example"
    assert b"bob" not in everything(tmp_path)
    store.close()


def test_upgrades_in_postgresql_s_words() -> None:
    assert tables.upgrade(2, postgresql.dialect())[:3] == [
        "ALTER TABLE calls ADD COLUMN sealed BYTEA",
        "ALTER TABLE calls ADD COLUMN sealed_outcome BYTEA",
        "ALTER TABLE calls ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE",
    ]


@pytest.mark.interop
def test_what_was_sealed_and_acknowledged_opens_after_a_kill(tmp_path: Path) -> None:
    script = """
        import sys
        from pathlib import Path
        from voicecore.store import SqlStore
        from voicecore.types import CallInfo, TurnTrace
        from voicecore.vault import FileMasters, KeyStore
        folder = Path(sys.argv[1])
        keys = KeyStore(folder / "keys.db", FileMasters(folder / "master.key"))
        store = SqlStore(f"sqlite:///{folder}/calls.db", keys=keys)
        for call in range(10_000):
            store.begin_call(CallInfo(f"call-{call}", "in", "+4930123456", "b"), "billing", {})
            store.add_turn(f"call-{call}", TurnTrace(0, caller_text=f"words {call}"))
            print(call, flush=True)
    """
    masters = FileMasters.create(tmp_path / "master.key")
    root = Path(tables.__file__).parents[2]
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(10)]
        process.kill()
        said += [int(line) for line in process.stdout if line.endswith("\n")]
    with closing(KeyStore(tmp_path / "keys.db", masters)) as keys:
        store = SqlStore(f"sqlite:///{tmp_path}/calls.db", keys=keys)
        for call in said:
            assert store.export(f"call-{call}")["turns"][0]["caller_text"] == f"words {call}"
        store.close()
