"""Erasure, retention and listening: across store, vault and recordings, and on record."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.custody.conftest import ANNA, BOB, PLANTED
from tests.pipeline.test_recording import TICK_BYTES
from tests.store.test_sql import INFO, OUTCOME, TURN
from tests.vault.conftest import code, everything
from voicecore.audit import Chain, Signer, verify
from voicecore.config import Appliance, RetentionSettings
from voicecore.custody import Custodian, Gone, Person, custodian
from voicecore.store import SqlStore

ANNE = Person("anne", "she asked for it")


def keys_of(folder: Path) -> dict[tuple[str, str], bytes]:
    with closing(sqlite3.connect(folder / "keys.db")) as db:
        rows = db.execute("SELECT call, kind, wrapped FROM keys WHERE kind != '' AND wrapped IS NOT NULL")
        return {(call, kind): wrapped for call, kind, wrapped in rows}


def noted(appliance: Appliance) -> list[tuple[str, str, dict[str, object]]]:
    assert appliance.audit
    with closing(sqlite3.connect(appliance.audit.file)) as db:
        bodies = [json.loads(row[0]) for row in db.execute("SELECT body FROM records ORDER BY seq")]
    return [(b["call"], b["kind"], b["data"]) for b in bodies if b["kind"].startswith("custody.")]


def whole(appliance: Appliance) -> bool:
    assert appliance.audit
    return verify(appliance.audit.file, Signer.load(appliance.audit.signing_key)).ok


def test_an_erased_caller_is_nowhere_and_the_chain_is_whole(filled: Appliance, tmp_path: Path) -> None:
    data = tmp_path / "data"
    keys = keys_of(data)
    assert len(keys) == 9
    assert not [text for text in PLANTED if text in everything(data)]
    with custodian(filled) as keeper:
        assert keeper.calls_of(ANNA) == ["call-1", "call-3"]
        assert keeper.erase("+49 30 123456", ANNE) == Gone(calls=2, keys=6, files=2)
        assert keeper.calls_of(ANNA) == []
        assert code(keeper.store.export, "call-1") == "call-erased"
        assert len(keeper.store.export("call-2")["turns"]) == 30
        assert keeper.listen("call-2", ANNE).read(4) == b"\x07\x00\x09\x00"
        assert code(keeper.listen, "call-1", ANNE) == "no-recording"
    content = everything(data)
    assert {call for (call, _), key in keys.items() if key in content} == {"call-2"}
    assert [path.name for path in (data / "recordings").iterdir()] == ["call-2.wav.sealed"]
    assert whole(filled)
    why = {"who": "anne", "why": "she asked for it"}
    assert noted(filled) == [
        ("call-1", "custody.erasure", why),
        ("call-3", "custody.erasure", why),
        ("", "custody.erasure", why | {"calls": 2}),
        ("", "custody.erasure.done", why | {"calls": 2, "keys": 6, "files": 2, "records": 0}),
        ("call-2", "custody.recording.opened", why),
        ("", "custody.recording.opened", why | {"calls": 1}),
    ]


def test_nobody_is_erased_for_nobody(filled: Appliance) -> None:
    with custodian(filled) as keeper:
        assert keeper.erase("anonymous", ANNE) == Gone()
        assert keeper.erase("+4911", ANNE) == Gone()
        assert len(keeper.calls_of(BOB)) == 1


def test_erasing_is_done_again_after_a_crash(filled: Appliance, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(Exception):
        pass

    def crash(*_: object, **__: object) -> None:
        raise Crash

    with custodian(filled) as keeper, monkeypatch.context() as patch:
        patch.setattr(keeper._keys, "destroy", crash)
        with pytest.raises(Crash):
            keeper.erase(ANNA, ANNE)
    with custodian(filled) as keeper:
        assert keeper.erase(ANNA, ANNE) == Gone(calls=2, keys=6, files=0)


def test_a_call_that_is_up_is_erased_and_stays_so(filled: Appliance) -> None:
    with custodian(filled) as keeper:
        info = INFO.__class__("call-9", "in", f"tel:{BOB}", "b")
        keeper.store.begin_call(info, "billing", {})
        part = filled.store.recordings / "call-9.wav.sealed.part"
        part.write_bytes(b"half")
        assert keeper.erase(BOB, ANNE).files == 2
        assert not part.exists()
        assert code(keeper.store.add_turn, "call-9", TURN) == "key-destroyed"


def test_without_keys_words_and_wav_files_are_overwritten(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/calls.db")
    keeper = Custodian(store, None, None, tmp_path)
    store.begin_call(INFO, "billing", {})
    store.add_turn("call-1", TURN)
    path = tmp_path / "call-1.wav"
    path.write_bytes(b"sound" * 500_000)
    store.end_call("call-1", OUTCOME, str(path))
    with path.open("rb") as held:
        assert keeper.erase("sip:ANNA@elsewhere", ANNE) == Gone(calls=1, files=1)
        assert held.read() == bytes(2_500_000)
    assert not [text for text in (b"four eight two", b"anna", b"sound") if text in everything(tmp_path)]
    assert code(keeper.listen, "call-1", ANNE) == "no-recording"
    store.close()


def test_each_kind_goes_in_its_time(filled: Appliance, tmp_path: Path) -> None:
    assert filled.audit
    chain = Chain(filled.audit.file, Signer.load(filled.audit.signing_key))
    soon, later = datetime.now(UTC) + timedelta(days=8), datetime.now(UTC) + timedelta(days=31)
    settings = RetentionSettings(recording_days=7, transcript_days=30, vault_days=1, audit_days=30)
    with custodian(filled) as keeper:
        assert keeper.retain(settings, chain) == Gone()
        assert keeper.retain(settings, chain, soon) == Gone(keys=6, files=3)
        assert keeper.store.export("call-1")["recording"] is None
        assert keeper.retain(settings, chain, soon) == Gone()
        assert b"[CARD_1]\x01" not in everything(tmp_path / "data")
        gone = keeper.retain(settings, chain, later)
        assert (gone.calls, gone.keys) == (3, 3)
        assert gone.records >= 3
        assert code(keeper.store.export, "call-1") == "call-erased"
    chain.close()
    assert whole(filled)
    assert keys_of(tmp_path / "data") == {}


def test_without_limits_everything_stays(filled: Appliance, tmp_path: Path) -> None:
    with custodian(filled) as keeper:
        assert keeper.retain(RetentionSettings(), now=datetime.now(UTC) + timedelta(9999)) == Gone()
        assert keeper.listen("call-1", ANNE).size == 55 * TICK_BYTES
    assert len(keys_of(tmp_path / "data")) == 9


def test_what_can_t_go_on_record_is_not_done(filled: Appliance) -> None:
    with custodian(filled) as keeper:
        assert keeper._audit
        keeper._audit.close()
        assert code(keeper.erase, ANNA, ANNE) == "audit-unavailable"
        assert keeper.calls_of(ANNA) == ["call-1", "call-3"]
