"""The level meter against numpy, and its noise floor under speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.audio import LevelMeter
from voicecore.types import Floats, Pcm

FRAME = 320


def noise(seconds: float, dbfs: float, seed: int = 0) -> Pcm:
    rms = 32768 * 10 ** (dbfs / 20)
    return np.rint(np.random.default_rng(seed).normal(size=int(16000 * seconds)) * rms).astype(np.int16)


def slow(pcm: Pcm) -> Floats:
    """The twin: all frames at once, minima over explicit windows."""
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    power = (frames**2).mean(1)
    smoothed: list[float] = []
    rows, floor = [], 0.0
    for p in power:
        if p > 0:
            last = smoothed[-1] if smoothed else p
            keep = 0.85 / (1 + (last / (floor or p) - 1) ** 2)
            smoothed.append(keep * last + (1 - keep) * p)
            floor = min(smoothed[max((len(smoothed) - 1) // 10 - 8, 0) * 10 :])
        rows.append([max(10 * np.log10(max(q, 1e-9) / 2**30), -100.0) for q in (p, floor)])
    return np.array(rows, np.float32).reshape(-1, 2)


def speech_in_noise() -> Pcm:
    """Five seconds of noise at -60 dBFS, louder bursts in it as syllables are."""
    quiet, loud = noise(5, -60), noise(5, -20, 1).astype(float)
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * np.arange(len(loud)) / 16000), 0, 1)
    return (quiet + loud * syllables).astype(np.int16)


@pytest.mark.parametrize(
    "pcm",
    [
        speech_in_noise(),
        np.concatenate([noise(1, -50), np.zeros(8000, np.int16), noise(3, -40)]),
        np.zeros(3200, np.int16),
        np.full(3200, -32768, np.int16),
    ],
    ids=["speech", "gap", "nothing", "loudest"],
)
def test_reads_what_the_slow_twin_reads(pcm: Pcm) -> None:
    np.testing.assert_allclose(LevelMeter().process(pcm), slow(pcm), atol=1e-3)


@given(st.lists(st.integers(0, 1000), max_size=12))
def test_chunks_give_exactly_what_the_whole_gives(sizes: list[int]) -> None:
    pcm = np.resize(speech_in_noise(), sum(sizes))
    meter, whole = LevelMeter(), LevelMeter()
    got = np.concatenate([meter.process(piece) for piece in np.split(pcm, np.cumsum(sizes))])
    assert got.tobytes() == whole.process(pcm).tobytes()
    assert (meter.rms_dbfs, meter.floor_dbfs) == (whole.rms_dbfs, whole.floor_dbfs)


def test_a_full_scale_sine_reads_minus_three() -> None:
    sine = (32767 * np.sin(2 * np.pi * 1000 * np.arange(3200) / 16000)).astype(np.int16)
    assert LevelMeter().process(sine)[-1, 0] == pytest.approx(-3.01, abs=0.01)


def test_the_floor_stays_on_the_noise_while_somebody_speaks() -> None:
    floor = LevelMeter().process(speech_in_noise())[75:, 1]
    assert np.abs(floor + 60).max() < 2.5


def test_the_floor_of_steady_noise_is_its_level() -> None:
    assert LevelMeter().process(noise(5, -45))[-1, 1] == pytest.approx(-45, abs=0.5)


def test_the_floor_follows_louder_noise_within_two_seconds() -> None:
    floor = LevelMeter().process(np.concatenate([noise(2, -60), noise(2.2, -40)]))[:, 1]
    assert floor[-1] == pytest.approx(-40, abs=1)


def test_a_gap_in_the_stream_is_no_noise_floor() -> None:
    meter = LevelMeter()
    meter.process(np.concatenate([noise(1, -50), np.zeros(16000, np.int16)]))
    assert (meter.rms_dbfs, meter.floor_dbfs) == (-100, pytest.approx(-50, abs=1))


def test_reset_forgets() -> None:
    meter = LevelMeter()
    meter.process(noise(1, -30))
    meter.reset()
    assert (meter.rms_dbfs, meter.floor_dbfs) == (-100, -100)
    assert meter.process(noise(1, -60)).tobytes() == LevelMeter().process(noise(1, -60)).tobytes()


def test_input_is_checked() -> None:
    with pytest.raises(ValueError, match="frame"):
        LevelMeter(0)
    for bad in (
        np.zeros(4, np.float32),
        np.zeros((2, 2), np.int16),
        np.zeros(8, np.int16)[::2],
        b"0000",
        None,
    ):
        with pytest.raises(TypeError):
            LevelMeter().process(bad)  # type: ignore[arg-type]
