"""Stereo recordings on the media clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voicecore.errors import ConfigError
from voicecore.simulation.recording import Recorder, load_recording
from voicecore.types import TICK, MediaFrame


def frame(value: int, tick_ns: int) -> MediaFrame:
    return MediaFrame(np.full(TICK, value, np.int16), np.full(TICK, -value, np.int16), 0, tick_ns)


def test_left_is_what_was_sent_and_right_what_was_heard(tmp_path: Path) -> None:
    recorder = Recorder()
    for value in (1, 2, 3):
        recorder.add(frame(value, value * 20_000_000))
    recorder.save(tmp_path / "deep" / "call.wav")
    sent, heard = load_recording(tmp_path / "deep" / "call.wav")
    assert sent[::TICK].tolist() == [-1, -2, -3]
    assert heard[::TICK].tolist() == [1, 2, 3]
    assert recorder.samples == 3 * TICK


def test_lost_ticks_show_as_drift() -> None:
    recorder = Recorder()
    assert recorder.drift_ms == 0
    for tick in (0, 1, 2, 5):
        recorder.add(frame(0, tick * 20_000_000))
    assert recorder.drift_ms == pytest.approx(40)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF")
    with pytest.raises(ConfigError, match="bad-recording"):
        load_recording(tmp_path / "x.wav")
