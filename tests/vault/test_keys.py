"""Keys of calls: durable before use, wrapped anew, and gone when they are destroyed."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.vault.conftest import code, everything
from voicecore import durable
from voicecore.errors import StoreError
from voicecore.vault import FileMasters, KeyStore


def wrapped(path: Path) -> dict[tuple[str, str], bytes]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT call, kind, wrapped FROM keys WHERE wrapped IS NOT NULL AND kind != ''")
        return {(call, kind): key for call, kind, key in rows}


def test_a_key_is_made_once_and_found_again(keys: KeyStore, masters: FileMasters) -> None:
    sealed = keys.make("call-1").seal(b"secret", "x")
    assert keys.make("call-1").open(sealed, "x") == b"secret"
    other = KeyStore(keys.path, masters)
    assert other.open("call-1").open(sealed, "x") == b"secret"
    other.close()
    assert code(keys.open, "call-2") == "no-key"
    assert code(keys.open, "call-1", "vault") == "no-key"
    assert code(keys.make, "call-1", "", "notes") == "bad-record"


def test_a_call_has_a_key_for_each_kind(keys: KeyStore) -> None:
    sealed = keys.make("call-1").seal(b"secret", "x")
    assert code(keys.make("call-1", kind="recording").open, sealed, "x") == "bad-seal"


def test_calls_are_found_by_their_caller_who_is_not_named(keys: KeyStore, tmp_path: Path) -> None:
    keys.make("call-1", "sip:+4930123456@pbx")
    keys.make("call-2", "sip:+4930999999@pbx")
    keys.make("call-3", "tel:+49-30-123456")
    keys.make("call-4", "sip:anonymous@anonymous.invalid")
    assert keys.calls_of("+49 30 123456") == ["call-1", "call-3"]
    assert keys.calls_of("anonymous") == keys.calls_of("+4930") == []
    assert b"30123456" not in everything(tmp_path)


def test_a_destroyed_key_is_nowhere(keys: KeyStore, masters: FileMasters, tmp_path: Path) -> None:
    reader = KeyStore(keys.path, masters)
    for nth in range(50):
        for kind in ("record", "recording"):
            keys.make(f"call-{nth}", f"+4930{nth:06}", kind)
    before = wrapped(keys.path)
    reader.open("call-7")
    assert keys.destroy([f"call-{nth}" for nth in range(0, 50, 2)], why="erased") == 50
    content = everything(tmp_path)
    for (call, _), key in before.items():
        assert (key in content) == (int(call.removeprefix("call-")) % 2 == 1)
    for holder in (keys, reader):
        assert code(holder.open, "call-4") == code(holder.make, "call-4") == "key-destroyed"
        assert code(holder.make, "call-4", "", "vault") == "key-destroyed"
    assert keys.calls_of("+4930000004") == []
    assert keys.calls_of("+4930000005") == ["call-5"]
    assert keys.destroy(["call-4"]) == 0
    reader.close()


def test_one_kind_may_go_before_the_others(keys: KeyStore) -> None:
    keys.make("call-1")
    keys.make("call-1", kind="recording")
    assert keys.destroy(["call-1"], ("recording",)) == 1
    assert code(keys.open, "call-1", "recording") == "key-destroyed"
    keys.open("call-1")


def test_destroying_says_when_the_log_could_not_be_wiped(
    keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.make("call-1")
    keys._db.execute("pragma busy_timeout = 10")
    with closing(sqlite3.connect(keys.path, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select * from keys").fetchone()
        assert code(keys.destroy, ["call-1"]) == "store-unavailable"
    assert keys.destroy(["call-1"]) == 0
    assert code(keys.open, "call-1") == "key-destroyed"


def test_keys_by_age(tmp_path: Path, masters: FileMasters) -> None:
    days = iter(f"2026-11-{day:02}T00:00:00.000000+00:00" for day in range(1, 29))
    keys = KeyStore(tmp_path / "aged.db", masters, clock=lambda: next(days))
    for nth in range(4):
        keys.make(f"call-{nth}")
    assert keys.older("record", "2026-11-04") == ["call-0", "call-1"]
    assert keys.older("vault", "2026-11-04") == []
    keys.close()


def test_another_master_key_and_everything_opens_still(
    keys: KeyStore, masters: FileMasters, tmp_path: Path
) -> None:
    sealed = {nth: keys.make(f"call-{nth}", "+4930123456").seal(b"secret", "x") for nth in range(5)}
    other = KeyStore(keys.path, FileMasters(tmp_path / "master.key"))
    before, master = wrapped(keys.path), masters.current
    assert keys.rotate() == 6
    assert masters.current != master
    content = everything(tmp_path)
    assert not any(key in content for key in before.values())
    for holder in (keys, other):
        assert all(holder.open(f"call-{nth}").open(sealed[nth], "x") == b"secret" for nth in sealed)
        assert len(holder.calls_of("+4930123456")) == 5
    other.make("call-9")
    keys.open("call-9")
    other.close()


def test_a_rotation_that_was_cut_short_is_done_again(
    keys: KeyStore, masters: FileMasters, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = keys.make("call-1").seal(b"secret", "x")

    def crash() -> None:
        raise StoreError("no-master-key")

    with monkeypatch.context() as patch:
        patch.setattr(masters, "drop", crash)
        assert code(keys.rotate) == "no-master-key"
    assert keys.open("call-1").open(sealed, "x") == b"secret"
    keys.rotate()
    assert keys.open("call-1").open(sealed, "x") == b"secret"
    assert code(masters.unwrap, "x", b"", b"") == "no-master-key"


def test_rotations_and_new_keys_at_once(tmp_path: Path, masters: FileMasters) -> None:
    stores = [KeyStore(tmp_path / "busy.db", FileMasters(tmp_path / "master.key")) for _ in range(4)]

    def work(nth: int) -> None:
        if nth % 2:
            stores[nth].rotate()
            return
        for call in range(5):
            stores[nth].make(f"call-{nth}-{call}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    for store in stores:
        for nth in (0, 2):
            for call in range(5):
                store.open(f"call-{nth}-{call}")
        store.close()


def test_many_threads_make_the_same_key(keys: KeyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: keys.make("call-1"), range(16)))
    sealed = made[0].seal(b"secret", "x")
    assert {key.open(sealed, "x") for key in made} == {b"secret"}


def test_a_wrapped_key_can_t_be_another_call_s(keys: KeyStore) -> None:
    keys.make("call-1")
    keys.make("call-2")
    with closing(sqlite3.connect(keys.path)) as db, db:
        query = "(SELECT wrapped FROM keys WHERE call = 'call-1')"
        db.execute(f"UPDATE keys SET wrapped = {query} WHERE call = 'call-2'")
    assert code(keys.open, "call-2") == "bad-seal"


def test_it_is_set_to_lose_nothing(keys: KeyStore) -> None:
    pragmas = {
        name: keys._db.execute(f"pragma {name}").fetchone()[0] for name in ("synchronous", "secure_delete")
    }
    assert pragmas == {"synchronous": 2, "secure_delete": 1}
    assert durable.BUSY_S > 0
