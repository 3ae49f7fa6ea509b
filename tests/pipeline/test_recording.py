"""Recordings: two channels in step, valid at every moment, honest about what is missing."""

import errno
import os
import stat
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from voicecore.errors import StoreError
from voicecore.pipeline import recording
from voicecore.pipeline.recording import BATCH, HEADER_BYTES, TICK_BYTES, WAITING, Recorder, wav_header
from voicecore.types import RATE, TICK, MediaFrame
from voicecore.vault import AudioReader, CallKey, SealedAudio


def frame(nth: int) -> MediaFrame:
    """A tick whose caller says ``nth + 1`` and whose agent says ``-nth - 1`` all along."""
    sample = np.full(TICK, nth + 1, np.int16)
    return MediaFrame(sample, -sample, nth * TICK, nth)


def channels(path: Path) -> tuple[list[int], list[int]]:
    """The first sample of each tick, caller and agent."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, TICK, 2)
    assert (pcm == pcm[:, :1]).all()
    return pcm[:, 0, 0].tolist(), pcm[:, 0, 1].tolist()


@pytest.mark.parametrize("ticks", [1, BATCH - 1, BATCH, 2 * BATCH + 7])
def test_caller_left_agent_right_nothing_lost(tmp_path: Path, ticks: int) -> None:
    recorder = Recorder(tmp_path / "call.wav")
    for nth in range(ticks):
        recorder.write(frame(nth))
    assert recorder.close() == tmp_path / "call.wav"
    caller, agent = channels(tmp_path / "call.wav")
    assert caller == [nth + 1 for nth in range(ticks)]
    assert agent == [-nth - 1 for nth in range(ticks)]
    assert recorder.dropped == 0
    assert not recorder.part.exists()


def test_only_the_owner_may_listen(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav")
    recorder.write(frame(0))
    recorder.close()
    assert stat.S_IMODE((tmp_path / "call.wav").stat().st_mode) == 0o600


def test_what_is_written_is_valid_before_the_end(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav")
    for nth in range(BATCH + 3):
        recorder.write(frame(nth))
    recorder.flush()
    assert not (tmp_path / "call.wav").exists()
    assert len(channels(recorder.part)[0]) == BATCH + 3
    recorder.write(frame(BATCH + 3))
    recorder.close()
    assert len(channels(tmp_path / "call.wav")[0]) == BATCH + 4


def test_bytes_after_the_header_s_length_do_no_harm(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav")
    recorder.write(frame(0))
    recorder.close()
    with (tmp_path / "call.wav").open("ab") as file:
        file.write(b"half a batch")
    assert channels(tmp_path / "call.wav")[0] == [1]


def test_a_call_without_audio_leaves_no_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav")
    assert recorder.close() is None
    assert recorder.close() is None
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_costs_silence_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate, begun, real = threading.Event(), threading.Event(), recording._write_all

    def slow(file: int, data: bytes, at: int) -> None:
        begun.set()
        gate.wait()
        real(file, data, at)

    monkeypatch.setattr(recording, "_write_all", slow)
    recorder = Recorder(tmp_path / "call.wav")
    for _ in range(BATCH):
        recorder.write(frame(0))
    begun.wait()
    for _ in range((WAITING + 2) * BATCH):
        recorder.write(frame(1))
    assert recorder.dropped == 2 * BATCH
    gate.set()
    recorder._queue.join()
    for _ in range(BATCH):
        recorder.write(frame(2))
    recorder.close()
    caller, _ = channels(tmp_path / "call.wav")
    assert caller == [1] * BATCH + [2] * WAITING * BATCH + [0] * 2 * BATCH + [3] * BATCH
    assert recorder.dropped == 2 * BATCH
    assert [record.__dict__["ticks"] for record in caplog.records] == [2 * BATCH]


def test_a_full_disk_costs_its_ticks_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = os.pwrite, [errno.ENOSPC]

    def full(file: int, data: bytes, at: int) -> int:
        if failures and at >= HEADER_BYTES + BATCH * TICK_BYTES:
            raise OSError(failures.pop(), "No space left on device")
        return real(file, data[: len(data) // 2 + 1], at)

    monkeypatch.setattr(recording.os, "pwrite", full)
    recorder = Recorder(tmp_path / "call.wav")
    for nth in range(3 * BATCH):
        recorder.write(frame(nth // BATCH))
    recorder.close()
    assert recorder.dropped == BATCH
    assert channels(tmp_path / "call.wav")[0] == [1] * BATCH + [0] * BATCH + [3] * BATCH


def test_a_folder_that_is_not_there_is_no_reason_to_end_a_call(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "nowhere" / "call.wav")
    recorder.write(frame(0))
    assert recorder.close() is None
    recorder.write(frame(1))
    assert recorder.dropped == 2


def test_a_name_that_is_taken_keeps_the_part(tmp_path: Path) -> None:
    (tmp_path / "call.wav").mkdir()
    recorder = Recorder(tmp_path / "call.wav")
    recorder.write(frame(0))
    assert recorder.close() is None
    assert channels(recorder.part)[0] == [1]


def test_sizes_stop_at_four_gigabytes() -> None:
    assert wav_header(2**33)[4:8] == b"\xf7\xff\xff\xff"
    assert wav_header(2**33)[40:44] == b"\xd3\xff\xff\xff"


@pytest.mark.parametrize("sealed", [False, True])
def test_what_is_to_be_silent_is_silent(tmp_path: Path, sealed: bool) -> None:
    key = CallKey(bytes(32), "call-1", "recording")
    recorder = Recorder(
        tmp_path / "call", (lambda path: SealedAudio(path, key)) if sealed else recording.WavFile
    )
    for nth in range(2 * BATCH):
        recorder.write(frame(nth))
    recorder.silence(0.5, 1.02, (0,))
    recorder.silence(1.98, 99.0)
    recorder.silence(3.0, 3.0)
    for nth in range(2 * BATCH, 3 * BATCH + 1):
        recorder.write(frame(nth))
    recorder.close()
    if sealed:
        with AudioReader(tmp_path / "call", key) as reader:
            sound = reader.read()
        (tmp_path / "call").write_bytes(wav_header(len(sound)) + sound)
    caller, agent = channels(tmp_path / "call")
    assert caller == [0 if 25 <= nth < 51 or nth >= 99 else nth + 1 for nth in range(3 * BATCH + 1)]
    assert agent == [0 if nth >= 99 else -nth - 1 for nth in range(3 * BATCH + 1)]
    with pytest.raises(StoreError, match="recording-closed"):
        recorder.silence(0.0, 1.0)


def test_what_can_t_be_made_silent_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(recording.WavFile, "read", broken)
    recorder = Recorder(tmp_path / "call.wav")
    for nth in range(BATCH):
        recorder.write(frame(nth))
    recorder.silence(0.0, 0.5)
    assert recorder.close() is None
    assert list(tmp_path.iterdir()) == []
    assert "recording can't be made silent" in {record.message for record in caplog.records}


def test_a_sealed_recording_of_a_call_that_died_is_salvaged(tmp_path: Path) -> None:
    key = CallKey(bytes(32), "call-1", "recording")
    recorder = Recorder(tmp_path / "call", lambda path: SealedAudio(path, key))
    for nth in range(2 * BATCH + 5):
        recorder.write(frame(nth))
    recorder.flush()
    with AudioReader(recorder.part, key, salvage=True) as reader:
        assert len(reader.read()) == 2 * BATCH * TICK_BYTES
    recorder.close()
