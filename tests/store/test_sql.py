"""The call store on SQLite: what goes in comes out, whatever happens meanwhile."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from voicecore.errors import StoreError
from voicecore.ports import Store
from voicecore.store import SqlStore, tables
from voicecore.types import CallInfo, ToolTrace, TurnTrace, Word

INFO = CallInfo("call-1", "in", "sip:anna@example", "sip:agent@example", {"X-Queue": "billing"})
ENGINES = {"asr": "pocketsphinx", "tts": "espeak"}
TURN = TurnTrace(
    1,
    caller_text="four eight two",
    caller_words=(Word("four", 1.0, 1.25, 0.5), Word("eight", 1.25, 1.5), Word("two", 1.5, 1.75)),
    confidence=0.75,
    intent="look_up_invoice",
    agent_text="Four, eight, two. And your postcode?",
    heard_text="Four, eight, two.",
    interrupted=True,
    by="speech",
    times={"speech_start": 1.0, "speech_end": 1.75, "soft_end": 1.9, "asr_final": 1.88, "commit": 2.0},
    work_ms={"nlu": 2.5, "asr": 40.25},
    reopened=2,
    wait_ms=180,
    wait_reasons=("the answer is complete", "it sounds finished"),
)
TOOL = ToolTrace(1, "find_customer", {"customer_number": "482716"}, True, {"found": True}, 1.9, 1.95)
OUTCOME = {"code": 200, "reason": "done", "by": "agent", "duration_s": 61.5, "result": {"plan": None}}
EPOCH = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/calls.db"


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    minutes = count()
    opened = SqlStore(url, clock=lambda: EPOCH + timedelta(minutes=next(minutes)))
    yield opened
    opened.close()


def code(call: Any, *arguments: Any) -> str:
    with pytest.raises(StoreError) as caught:
        call(*arguments)
    return caught.value.code


def fill(store: SqlStore) -> dict[str, Any]:
    store.begin_call(INFO, "billing", ENGINES)
    store.add_turn("call-1", TurnTrace(0, agent_text="Hello.", heard_text="Hello.", by="start"))
    store.add_turn("call-1", TURN)
    store.add_tool("call-1", TOOL)
    store.add_tool("call-1", replace(TOOL, ok=False, result={"code": "tool-timeout"}, start=2.5, end=4.0))
    store.end_call("call-1", OUTCOME, "recordings/call-1.wav")
    return store.export("call-1")


def test_it_is_a_store(store: SqlStore) -> None:
    port: Store = store
    assert callable(port.export)


def test_a_call_comes_back_whole(store: SqlStore) -> None:
    export = fill(store)
    assert (export["format"], export["version"]) == ("voicecore-call", 2)
    assert export["call"] == {
        "id": "call-1",
        "direction": "in",
        "remote_uri": "sip:anna@example",
        "local_uri": "sip:agent@example",
        "headers": {"X-Queue": "billing"},
    }
    assert (export["agent"], export["engines"]) == ("billing", ENGINES)
    assert export["began_at"] == "2026-11-20T12:00:00+00:00"
    assert export["ended_at"] == "2026-11-20T12:01:00+00:00"
    assert (export["outcome"], export["recording"]) == (OUTCOME, "recordings/call-1.wav")
    assert [turn["index"] for turn in export["turns"]] == [0, 1]
    turn = export["turns"][1]
    assert turn["caller_words"][0] == {"text": "four", "start": 1.0, "end": 1.25, "confidence": 0.5}
    assert turn["times"] == TURN.times
    assert list(turn["times"]) == list(TURN.times)
    assert turn["work_ms"] == TURN.work_ms
    assert (turn["interrupted"], turn["reopened"], turn["heard_text"]) == (True, 2, "Four, eight, two.")
    assert [tool["ok"] for tool in export["tools"]] == [True, False]
    assert export["tools"][1]["result"] == {"code": "tool-timeout"}


def test_every_field_of_a_turn_is_kept(store: SqlStore) -> None:
    plain = TurnTrace(1)
    for field in fields(TurnTrace):
        assert getattr(TURN, field.name) != getattr(plain, field.name) or field.name in ("index", "by")
    turn = fill(store)["turns"][1]
    assert set(turn) == {field.name for field in fields(TurnTrace)}
    for name in set(turn) - {"caller_words", "wait_reasons"}:
        assert turn[name] == getattr(TURN, name), name
    assert turn["wait_reasons"] == list(TURN.wait_reasons)


def test_an_export_survives_json_and_another_store(store: SqlStore, tmp_path: Path) -> None:
    export = fill(store)
    assert json.loads(json.dumps(export)) == export
    other = SqlStore(f"sqlite:///{tmp_path}/other.db")
    assert other.restore(json.loads(json.dumps(export))) == "call-1"
    assert other.export("call-1") == export
    assert code(other.restore, export) == "duplicate-call"
    other.close()


def test_a_call_that_is_up_can_be_exported(store: SqlStore) -> None:
    store.begin_call(INFO, "billing", ENGINES)
    export = store.export("call-1")
    assert (export["ended_at"], export["outcome"], export["recording"]) == (None, None, None)
    assert (export["turns"], export["tools"]) == ([], [])


def test_a_turn_that_was_heard_further_is_replaced(store: SqlStore) -> None:
    store.begin_call(INFO, "billing", ENGINES)
    store.add_turn("call-1", TURN)
    store.add_turn("call-1", replace(TURN, heard_text="All of it.", caller_words=(), times={"commit": 2.0}))
    (turn,) = store.export("call-1")["turns"]
    assert (turn["heard_text"], turn["caller_words"], turn["times"]) == ("All of it.", [], {"commit": 2.0})


def test_a_second_end_replaces_the_first(store: SqlStore) -> None:
    fill(store)
    store.end_call("call-1", {"reason": "media-died"}, None)
    export = store.export("call-1")
    assert (export["outcome"], export["recording"]) == ({"reason": "media-died"}, None)


def test_calls_are_listed_newest_first(store: SqlStore) -> None:
    fill(store)
    for nth in range(2, 5):
        store.begin_call(replace(INFO, id=f"call-{nth}"), "billing", {})
    assert [call["id"] for call in store.calls()] == ["call-4", "call-3", "call-2", "call-1"]
    assert [call["id"] for call in store.calls(limit=1)] == ["call-4"]
    first = store.calls()[-1]
    assert (first["turns"], first["duration_s"], first["outcome"]) == (2, 61.5, OUTCOME)
    assert first["recording"] == "recordings/call-1.wav"
    assert first["began_at"] < first["ended_at"]
    assert store.calls()[0]["ended_at"] is None
    json.dumps(store.calls())


def test_unknown_calls_are_named(store: SqlStore) -> None:
    assert code(store.export, "nope") == "unknown-call"
    assert code(store.add_turn, "nope", TURN) == "unknown-call"
    assert code(store.add_tool, "nope", TOOL) == "unknown-call"
    assert code(store.end_call, "nope", OUTCOME, None) == "unknown-call"


def test_a_call_begins_once(store: SqlStore) -> None:
    store.begin_call(INFO, "billing", ENGINES)
    assert code(store.begin_call, INFO, "billing", ENGINES) == "duplicate-call"


@pytest.mark.parametrize(
    "tool",
    [
        replace(TOOL, result={"when": EPOCH}),
        replace(TOOL, result={"ratio": float("nan")}),
        replace(TOOL, start=float("nan")),
    ],
)
def test_what_json_or_sql_cannot_hold_is_refused_whole(store: SqlStore, tool: ToolTrace) -> None:
    store.begin_call(INFO, "billing", ENGINES)
    assert code(store.add_tool, "call-1", tool) == "bad-record"
    assert store.export("call-1")["tools"] == []


def test_a_half_kept_turn_is_not_kept(store: SqlStore) -> None:
    store.begin_call(INFO, "billing", ENGINES)
    assert code(store.add_turn, "call-1", replace(TURN, work_ms={"asr": float("nan")})) == "bad-record"
    assert store.export("call-1")["turns"] == []


def test_errors_do_not_quote_what_callers_said(store: SqlStore) -> None:
    with pytest.raises(StoreError) as caught:
        store.add_turn("nope", TURN)
    assert "four" not in str(caught.value)
    assert "four" not in str(caught.value.facts)


def test_sqlite_is_set_to_keep_what_it_says_it_kept(store: SqlStore, tmp_path: Path) -> None:
    with store._engine.connect() as db:
        found = {
            name: db.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    assert stat.S_IMODE((tmp_path / "calls.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "calls.db-wal").stat().st_mode) == 0o600


def test_many_threads_write_at_once(store: SqlStore) -> None:
    def one_call(nth: int) -> None:
        name = f"call-{nth}"
        store.begin_call(replace(INFO, id=name), "billing", ENGINES)
        for index in range(5):
            store.add_turn(name, replace(TURN, index=index))
            store.add_tool(name, TOOL)
        store.end_call(name, OUTCOME, None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one_call, range(12)))
    calls = store.calls()
    assert len(calls) == 12
    assert all(call["turns"] == 5 for call in calls)
    assert len(store.export("call-7")["tools"]) == 5


def test_a_store_is_opened_again(store: SqlStore, url: str) -> None:
    export = fill(store)
    again = SqlStore(url)
    assert again.export("call-1") == export
    again.close()


def test_a_newer_schema_is_refused_and_left_alone(store: SqlStore, url: str, tmp_path: Path) -> None:
    fill(store)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db, db:
        db.execute("update schema_version set version = 99")
    with pytest.raises(StoreError, match="version 99; this voicecore knows version 3") as caught:
        SqlStore(url)
    assert caught.value.code == "store-newer"
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db:
        assert db.execute("select count(*) from calls").fetchone() == (1,)


def test_a_store_of_version_1_is_brought_up_to_date(store: SqlStore, url: str, tmp_path: Path) -> None:
    export = fill(store)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db, db:
        db.execute("alter table turns drop column wait_ms")
        db.execute("alter table turns drop column wait_reasons")
        for column in (
            "calls.sealed",
            "calls.sealed_outcome",
            "calls.erased_at",
            "turns.sealed",
            "tools.sealed",
        ):
            table, name = column.split(".")
            db.execute(f"alter table {table} drop column {name}")
        db.execute("update schema_version set version = 1")
    upgraded = SqlStore(url)
    for turn in export["turns"]:
        turn |= {"wait_ms": 0, "wait_reasons": []}
    assert upgraded.export("call-1") == export
    upgraded.add_turn("call-1", TURN)
    assert upgraded.export("call-1")["turns"][1]["wait_reasons"] == list(TURN.wait_reasons)
    upgraded.close()


def test_a_store_without_a_version_is_refused(store: SqlStore, url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db, db:
        db.execute("delete from schema_version")
    assert code(SqlStore, url) == "store-foreign"


def test_somebody_else_s_database_is_not_touched(url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db, db:
        db.execute("create table calls (x)")
    assert code(SqlStore, url) == "store-foreign"
    with closing(sqlite3.connect(tmp_path / "calls.db")) as db:
        assert db.execute("select name from sqlite_master").fetchall() == [("calls",)]


def test_a_file_that_is_no_database_is_damaged(url: str, tmp_path: Path) -> None:
    (tmp_path / "calls.db").write_bytes(b"not a database, but long enough to look at" * 50)
    assert code(SqlStore, url) == "store-damaged"


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    assert code(SqlStore, f"sqlite:///{tmp_path}/nowhere/calls.db") == "store-unavailable"


def test_a_lock_held_too_long_is_unavailable(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecore.store.database.BUSY_S", 0.05)
    store = SqlStore(url)
    with closing(sqlite3.connect(tmp_path / "calls.db", isolation_level=None)) as db:
        db.execute("begin immediate")
        assert code(store.begin_call, INFO, "billing", ENGINES) == "store-unavailable"
        db.execute("rollback")
    store.begin_call(INFO, "billing", ENGINES)
    store.close()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "nodb://host/x"])
def test_bad_urls_are_said_so(url: str) -> None:
    assert code(SqlStore, url) == "bad-url"


def test_two_processes_may_make_the_same_store(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: SqlStore(url), range(4)))
    stores[0].begin_call(INFO, "billing", ENGINES)
    assert [store.calls()[0]["id"] for store in stores] == ["call-1"] * 4
    for store in stores:
        store.close()


def test_times_are_utc_whatever_the_clock_s_zone(url: str) -> None:
    zone = datetime.fromisoformat("2026-11-20T14:00:00+02:00")
    store = SqlStore(url, clock=lambda: zone)
    store.begin_call(INFO, "billing", ENGINES)
    assert store.calls()[0]["began_at"] == "2026-11-20T12:00:00+00:00"
    store.close()


def test_the_tables_can_be_made_in_postgresql() -> None:
    made = "\n".join(
        str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        for table in tables.metadata.sorted_tables
    )
    assert "headers JSONB NOT NULL" in made
    assert "began_at TIMESTAMP WITH TIME ZONE NOT NULL" in made
    assert "id BIGSERIAL NOT NULL" in made
    moment = tables.Moment()
    paris = EPOCH.astimezone(timezone(timedelta(hours=1)))
    assert moment.process_bind_param(paris, postgresql.dialect()) is paris  # type: ignore[no-untyped-call]
    read = moment.process_result_value(paris, postgresql.dialect())  # type: ignore[no-untyped-call]
    assert read is not None
    assert read.isoformat() == EPOCH.isoformat()


def test_latency_by_stage_is_a_query(store: SqlStore) -> None:
    fill(store)
    end, commit = tables.stages.alias(), tables.stages.alias()
    query = sa.select(commit.c.at_s - end.c.at_s).where(
        end.c.stage == "speech_end", commit.c.stage == "commit", end.c.turn == commit.c.turn
    )
    with store._engine.connect() as db:
        assert db.execute(query).scalars().all() == [0.25]


@pytest.mark.interop
def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    script = """
        import os, sys
        from dataclasses import replace
        from voicecore.store import SqlStore
        from voicecore.types import CallInfo, TurnTrace
        store = SqlStore(sys.argv[1])
        store.begin_call(CallInfo("call-1", "in", "a", "b"), "billing", {})
        for index in range(10_000):
            store.add_turn("call-1", TurnTrace(index, times={"commit": 1.0}))
            print(index, flush=True)
    """
    url = f"sqlite:///{tmp_path}/calls.db"
    root = Path(tables.__file__).parents[2]
    command = [sys.executable, "-c", textwrap.dedent(script), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(20)]
        os.kill(process.pid, signal.SIGKILL)
        said += [int(line) for line in process.stdout]
    store = SqlStore(url)
    kept = store.export("call-1")["turns"]
    assert len(kept) >= len(said) >= 20
    assert all(turn["times"] == {"commit": 1.0} for turn in kept)
    store.close()
