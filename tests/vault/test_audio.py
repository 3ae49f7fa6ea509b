"""Sealed recordings: seekable, private, and whole or said not to be."""

import errno
import io
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vault.conftest import code
from voicecore.vault import AudioReader, CallKey, SealedAudio
from voicecore.vault.audio import PIECE

KEY = CallKey(bytes(32), "call-1", "recording")
SOUND = bytes(range(1, 251)) * (3 * PIECE // 250)


def written(path: Path, sound: bytes = SOUND, step: int = 50_000) -> Path:
    audio = SealedAudio(path, KEY)
    for at in range(0, len(sound), step):
        audio.put(sound[at : at + step], at)
    audio.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "call.sealed"


@pytest.mark.parametrize("size", [0, 4, PIECE - 4, PIECE, PIECE + 4, 3 * PIECE])
def test_what_was_put_is_read(path: Path, size: int) -> None:
    sound = SOUND[:size]
    reader = AudioReader(written(path, sound), KEY)
    assert reader.size == size
    assert reader.read() == sound
    reader.close()
    assert SOUND[:64] not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@given(at=st.integers(0, 3 * PIECE + 10), size=st.integers(0, 2 * PIECE))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_is_read(path: Path, at: int, size: int) -> None:
    if not path.exists():
        written(path)
    with AudioReader(path, KEY) as reader:
        assert reader.seek(at) == at
        assert io.BufferedReader(reader).read(size) == SOUND[at : at + size]


def test_it_seeks_like_a_file(path: Path) -> None:
    with AudioReader(written(path), KEY) as reader:
        assert reader.seek(-4, io.SEEK_END) == len(SOUND) - 4
        assert reader.read() == SOUND[-4:]
        assert reader.seek(-4, io.SEEK_CUR) == reader.tell() == len(SOUND) - 4
        assert reader.readable()
        assert reader.seekable()


@given(cut=st.integers(1, 4 * PIECE))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tail_that_was_cut_off_is_noticed(path: Path, cut: int) -> None:
    content = written(path).read_bytes() if not path.exists() else path.read_bytes()
    short = path.with_name("short")
    short.write_bytes(content[: max(32, len(content) - cut)])
    assert code(AudioReader, short, KEY) == "recording-cut"
    with AudioReader(short, KEY, salvage=True) as reader:
        rest = reader.read()
    assert rest == SOUND[: len(rest)]
    assert len(rest) > len(SOUND) - cut - PIECE


def test_a_recording_that_was_never_ended_is_salvaged(path: Path) -> None:
    audio = SealedAudio(path, KEY)
    audio.put(SOUND[: PIECE + 100], 0)
    assert code(AudioReader, path, KEY) == "recording-cut"
    with AudioReader(path, KEY, salvage=True) as reader:
        assert reader.read() == SOUND[:PIECE]
    audio.close()


def test_pieces_can_t_be_changed_exchanged_or_another_call_s(path: Path) -> None:
    content = bytearray(written(path).read_bytes())
    size = 12 + PIECE + 16
    first, second = content[32 : 32 + size], content[32 + size : 32 + 2 * size]
    changed = bytes(content[:40]) + bytes([content[40] ^ 1]) + bytes(content[41:])
    exchanged = bytes(content[:32] + second + first + content[32 + 2 * size :])
    for wrong in (changed, exchanged):
        path.write_bytes(wrong)
        reader = AudioReader(path, KEY)
        assert code(reader.read) == "recording-damaged"
        reader.close()
    with AudioReader(path, KEY, salvage=True) as reader:
        assert reader.read() == bytes(2 * PIECE) + SOUND[2 * PIECE :]
    for key in (CallKey(b"x" * 32, "call-1", "recording"), CallKey(bytes(32), "call-2", "recording")):
        assert code(AudioReader, path, key) == "recording-cut"


def test_what_is_no_recording(path: Path) -> None:
    assert code(AudioReader, path, KEY) == "no-recording"
    path.write_bytes(b"RIFF" * 20)
    assert code(AudioReader, path, KEY) == "recording-damaged"
    path.write_bytes(b"")
    assert code(AudioReader, path, KEY) == "recording-damaged"


def test_gaps_are_silence(path: Path) -> None:
    audio = SealedAudio(path, KEY)
    audio.put(b"abcd", 0)
    audio.put(b"efgh", 2 * PIECE)
    audio.close()
    with AudioReader(path, KEY) as reader:
        assert reader.read() == b"abcd" + bytes(2 * PIECE - 4) + b"efgh"


@given(at=st.integers(0, 2 * PIECE + 500), size=st.integers(0, PIECE + 900))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_there_can_be_replaced(path: Path, at: int, size: int) -> None:
    audio = SealedAudio(path, KEY)
    sound = SOUND[: 2 * PIECE + 1000]
    audio.put(sound, 0)
    assert audio.read(at, size) == sound[at : at + size]
    audio.put(bytes(size), at)
    audio.close()
    expected = bytearray(sound)
    expected[at : at + size] = bytes(size)
    with AudioReader(path, KEY) as reader:
        assert reader.read() == bytes(expected)


def test_a_piece_that_the_disk_did_not_take_is_lost_and_said_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = SealedAudio(path, KEY)
    audio.put(SOUND[:PIECE], 0)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space"):
            audio.put(SOUND[PIECE : 2 * PIECE], PIECE)
    audio.put(SOUND[2 * PIECE :], 2 * PIECE)
    assert audio.read(0, len(SOUND)) == SOUND[:PIECE] + bytes(PIECE) + SOUND[2 * PIECE :]
    audio.close()
    with AudioReader(path, KEY, salvage=True) as reader:
        assert reader.read() == SOUND[:PIECE] + bytes(PIECE) + SOUND[2 * PIECE :]


def test_a_disk_that_takes_no_header(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        SealedAudio(path, KEY)
