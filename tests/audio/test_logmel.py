"""The log-mel spectrogram against Whisper's own preparation in numpy, and chunks against one shot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from voicecore.audio import LogMel
from voicecore.types import RATE, Floats, Pcm

FULL = 3000


def noise(seconds: float, dbfs: float, seed: int = 0) -> Pcm:
    rms = 32768 * 10 ** (dbfs / 20)
    return np.rint(np.random.default_rng(seed).normal(size=int(RATE * seconds)) * rms).astype(np.int16)


def tone(hz: float, seconds: float, peak: float = 32767) -> Pcm:
    return np.rint(peak * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE)).astype(np.int16)


def voice(seconds: float) -> Pcm:
    """A buzz of 130 Hz whose loudness swings, up to 3.4 kHz, and breath."""
    t = np.arange(int(RATE * seconds)) / RATE
    buzz = sum(np.sin(2 * np.pi * 130 * k * t) / k for k in range(1, 27)) * (1 + np.sin(8 * np.pi * t))
    return np.rint(5000 * buzz + np.random.default_rng(3).normal(0, 30, len(t))).astype(np.int16)


def filters(bins: int) -> np.ndarray:
    """librosa.filters.mel(sr=16000, n_fft=400, n_mels=bins), by interpolation."""
    top = 15 + np.log(8) / (np.log(6.4) / 27)
    mels = np.linspace(0, top, bins + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
    hz = np.arange(201) * 40.0
    rows = [np.interp(hz, edges[i : i + 3], [0, 1, 0]) * 2 / (edges[i + 2] - edges[i]) for i in range(bins)]
    return np.array(rows)


def slow(pcm: Pcm, bins: int = 80, frames: int = FULL) -> Floats:
    """The twin: ``whisper.audio.log_mel_spectrogram`` of the sound padded to 30 s, float64; its beginning."""
    sound = np.zeros(FULL * 160)
    sound[: len(pcm)] = pcm / 32768
    windows = sliding_window_view(np.pad(sound, 200, mode="reflect"), 400)[::160][:FULL]
    power = np.abs(np.fft.rfft(windows * np.hanning(401)[:-1])) ** 2
    log = np.log10(np.maximum(power @ filters(bins).T, 1e-10))
    scaled = (np.maximum(log, log.max() - 8) + 4) / 4
    return scaled.T[:, :frames].astype(np.float32)


def fast(pcm: Pcm, bins: int = 80, frames: int = FULL, step: int | None = None) -> Floats:
    mel = LogMel(bins)
    step = step or max(1, len(pcm))
    for at in range(0, len(pcm), step):
        mel.process(pcm[at : at + step])
    return mel.window(frames)


@pytest.mark.parametrize("bins", [80, 128])
@pytest.mark.parametrize(
    "pcm",
    [
        noise(2, -30),
        noise(1.234, -75),
        noise(29.98, -20),
        tone(440, 3),
        (tone(3000, 1) // 2 + noise(1, -50)).astype(np.int16),
        np.concatenate([tone(120, 0.5), np.zeros(RATE, np.int16), noise(0.5, -45)]),
        voice(2),
        np.zeros(RATE, np.int16),
        np.full(RATE, -32768, np.int16),
        noise(0.0126, -20),
        noise(0.005, -20),
        np.array([20000], np.int16),
        np.zeros(0, np.int16),
    ],
    ids=[
        *("noise", "faint noise", "30 s", "tone", "noisy tone", "gaps", "voice", "silence", "constant"),
        *("201 samples", "5 ms", "one sample", "nothing"),
    ],
)
def test_makes_what_whisper_makes(pcm: Pcm, bins: int) -> None:
    np.testing.assert_allclose(fast(pcm, bins), slow(pcm, bins), atol=1e-4)


def test_a_loud_tone_70_db_above_the_noise_is_where_float32_ends() -> None:
    pcm = (tone(5000, 1) // 2 + noise(1, -70)).astype(np.int16)
    np.testing.assert_allclose(fast(pcm, 128), slow(pcm, 128), atol=4e-4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2000), max_size=30), st.sampled_from([80, 128]))
def test_chunks_change_nothing(sizes: list[int], bins: int) -> None:
    pcm = noise(sum(sizes) / RATE + 0.01, -25)[: sum(sizes)]
    mel, at = LogMel(bins), 0
    for size in sizes:
        mel.process(pcm[at : at + size])
        mel.window(FULL)  # a look at any moment leaves no trace
        at += size
    np.testing.assert_array_equal(mel.window(FULL), fast(pcm, bins))


@pytest.mark.parametrize("step", [1, 159, 160, 161, 320, 1600, 5000])
def test_steps_change_nothing(step: int) -> None:
    pcm = noise(0.7, -25)
    np.testing.assert_array_equal(fast(pcm, step=step), fast(pcm))


def test_a_short_window_is_the_beginning_of_a_long_one() -> None:
    pcm = noise(3.3, -25)
    np.testing.assert_array_equal(fast(pcm, frames=500), fast(pcm)[:, :500])
    np.testing.assert_array_equal(fast(pcm, frames=330), fast(pcm)[:, :330])


def test_a_window_too_short_is_refused() -> None:
    mel = LogMel()
    mel.process(noise(1, -20))
    for frames in (-1, 0, 99, 3001):
        with pytest.raises(ValueError, match="window"):
            mel.window(frames)
    assert mel.window(100).shape == (80, 100)


def test_counts_complete_frames() -> None:
    mel = LogMel()
    assert [mel.process(noise(0.01, -20)) for _ in range(4)] == [0, 1, 2, 3]
    assert (mel.frames, mel.bins) == (3, 80)


def test_dropping_keeps_the_rest_as_it_is() -> None:
    pcm = np.concatenate([tone(300, 1), noise(2, -30)])
    mel = LogMel(128)
    mel.process(pcm[: 2 * RATE])
    mel.drop(150)
    mel.process(pcm[2 * RATE :])
    whole = slow(pcm, 128)[:, 150:300]  # its floor is higher: the tone was louder
    np.testing.assert_allclose(np.maximum(mel.window(150), whole.min()), whole, atol=1e-4)
    assert mel.frames == 149
    for frames in (-1, 150):
        with pytest.raises(ValueError, match="drop"):
            mel.drop(frames)


def test_holds_30_s_and_says_when_it_is_full() -> None:
    mel = LogMel()
    mel.process(noise(30, -20))
    before = mel.window(FULL)
    np.testing.assert_allclose(before[:, :-1], slow(noise(30, -20))[:, :-1], atol=1e-4)
    with pytest.raises(ValueError, match="30 s"):
        mel.process(noise(0.001, -20))
    np.testing.assert_array_equal(mel.window(FULL), before)
    mel.drop(2500)
    mel.process(noise(25, -20))
    mel.window(FULL)


def test_reset_forgets() -> None:
    mel = LogMel()
    mel.process(noise(3, -10))
    mel.reset()
    mel.process(noise(0.5, -30, seed=1))
    np.testing.assert_array_equal(mel.window(100), fast(noise(0.5, -30, seed=1), frames=100))


def test_input_is_checked() -> None:
    for bins in (0, 79, 256):
        with pytest.raises(ValueError, match="80 or 128"):
            LogMel(bins)
    mel = LogMel()
    for bad in (np.zeros(160, np.float32), np.zeros((2, 80), np.int16), np.zeros(320, np.int16)[::2], None):
        with pytest.raises(TypeError):
            mel.process(bad)  # type: ignore[arg-type]
