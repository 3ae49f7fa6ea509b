"""The sound of lines: ends of voice, pauses between pieces, recordings at other rates."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from voicecore.config import parse_yaml
from voicecore.errors import ConfigError
from voicecore.simulation.script import Script
from voicecore.simulation.sounds import Sounds, read_sound, voiced_span
from voicecore.types import RATE

PROMPT = Path("/usr/share/asterisk/sounds/en_US_f_Allison/activated.g722")


def write_wav(path: Path, pcm: np.ndarray, rate: int, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return path


def test_voice_is_found_between_silences_and_over_noise(tone, silence) -> None:
    clean = np.concatenate([silence(123), tone(300), silence(50)])
    assert voiced_span(clean) == pytest.approx((1968, 6768), abs=2)
    noise = np.random.default_rng(1).normal(0, 20, len(clean))
    assert voiced_span((clean + noise).astype(np.int16)) == pytest.approx((1968, 6768), abs=0.002 * RATE)
    assert voiced_span(silence(100)) == (0, 0)
    assert voiced_span(np.zeros(0, np.int16)) == (0, 0)


def test_pieces_are_trimmed_and_parted_by_the_pause(tts) -> None:
    script = parse_yaml("pause_ms: 400\nlines: [{say: [one, two three]}]", "x", Script)
    pcm = Sounds(script, tts).of(("one", "two three"), ())
    assert len(pcm) / RATE == pytest.approx(0.2 + 0.4 + 0.4, abs=0.001)
    assert not pcm[round(0.21 * RATE) : round(0.59 * RATE)].any()


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
def test_recordings_at_other_rates_keep_pitch_and_length(rate: int, tmp_path: Path) -> None:
    t = np.arange(rate)
    pcm = (8000 * np.sin(2 * np.pi * 1000 * t / rate)).astype(np.int16)
    read = read_sound(write_wav(tmp_path / "x.wav", pcm, rate))
    wanted = 8000 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    assert len(read) == RATE
    assert np.abs(read - wanted)[400:-400].max() < 40


def test_recordings_that_cannot_be_used_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no-such-sound"):
        read_sound(tmp_path / "none.wav")
    (tmp_path / "junk.wav").write_bytes(b"not a wav")
    with pytest.raises(ConfigError, match="bad-sound"):
        read_sound(tmp_path / "junk.wav")
    with pytest.raises(ConfigError, match="8 bit"):
        read_sound(write_wav(tmp_path / "eight.wav", np.zeros(10, np.uint8), 8_000, width=1))
    (tmp_path / "x.g722").write_bytes(b"\0" * 100)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConfigError, match="needs-decoder"):
        read_sound(tmp_path / "x.g722")


@pytest.mark.apt
@pytest.mark.skipif(not PROMPT.exists(), reason="needs the Debian package asterisk-core-sounds-en-g722")
def test_a_prompt_in_g722_is_read() -> None:
    pytest.importorskip("av", reason="needs PyAV")
    pcm = read_sound(PROMPT)
    first, last = voiced_span(pcm)
    assert len(pcm) == 2 * PROMPT.stat().st_size
    assert 0.3 < (last - first) / RATE < len(pcm) / RATE
