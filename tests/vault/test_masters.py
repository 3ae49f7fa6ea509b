"""Master keys in a file: private, replaced at once, overwritten when they go."""

import os
import stat
from pathlib import Path

import pytest

from tests.vault.conftest import code
from voicecore.vault import FileMasters, masters


def test_what_one_wraps_it_unwraps(tmp_path: Path) -> None:
    made = FileMasters.create(tmp_path / "key")
    wrapped = made.wrap(b"k" * 32, b"call-1")
    again = FileMasters(tmp_path / "key")
    assert again.unwrap(made.current, wrapped, b"call-1") == b"k" * 32
    assert code(again.unwrap, made.current, wrapped, b"call-2") == "bad-seal"
    assert code(again.unwrap, made.current, wrapped[:9], b"call-1") == "bad-seal"
    assert code(again.unwrap, "other", wrapped, b"call-1") == "no-master-key"
    assert code(FileMasters.create, tmp_path / "key") == "key-exists"


def test_keys_come_and_go(tmp_path: Path) -> None:
    made, other = FileMasters.create(tmp_path / "key"), FileMasters(tmp_path / "key")
    first, wrapped = made.current, made.wrap(b"k" * 32, b"")
    second = made.add()
    assert made.current == second != first == other.current
    assert other.unwrap(first, wrapped, b"") == b"k" * 32
    assert other.unwrap(second, made.wrap(b"n" * 32, b""), b"") == b"n" * 32
    made.drop()
    assert code(made.unwrap, first, wrapped, b"") == "no-master-key"
    assert made.current == second
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_the_old_file_is_overwritten(tmp_path: Path) -> None:
    made = FileMasters.create(tmp_path / "key")
    with (tmp_path / "key").open("rb") as old:
        content = old.read()
        made.add()
        old.seek(0)
        assert old.read() == bytes(len(content))


def test_a_crash_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = FileMasters.create(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()

    def crash(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(masters.os, "replace", crash)
        assert code(made.add) == "no-master-key"
    assert (tmp_path / "key").read_bytes() == before
    made.add()
    assert len((tmp_path / "key").read_text().splitlines()) == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o700 | 0o010])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    FileMasters.create(tmp_path / "key")
    (tmp_path / "key").chmod(mode)
    assert code(FileMasters, tmp_path / "key") == "no-master-key"


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert code(FileMasters, path) == "no-master-key"
    assert code(FileMasters.create, tmp_path / "nowhere" / "key") == "no-master-key"
    for text in ("", "name", "name !!!", "name c2hvcnQ=", "a b c"):
        path.write_text(text)
        path.chmod(0o600)
        assert code(FileMasters, path) == "no-master-key"
    path.unlink()
    FileMasters.create(tmp_path / "real")
    os.symlink(tmp_path / "real", path)
    assert code(FileMasters, path) == "no-master-key"
