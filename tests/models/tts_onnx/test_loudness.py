"""Loudness by the book: P.56 against its definition sample by sample, and a ceiling between samples too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts_onnx.loudness import CEILING, Limiter, active_level
from voicecore.audio import resample
from voicecore.types import RATE


def slow_level(sound, rate):
    """ITU-T P.56, method B, as it is written: one sample after the other."""
    keep = math.exp(-1 / (rate * 0.03))
    thresholds = [2.0**-j for j in range(16)]
    active, hangover = [0] * 16, [math.ceil(0.2 * rate) + 1] * 16
    power = p = q = 0.0
    for x in sound.tolist():
        power += x * x
        p = keep * p + (1 - keep) * abs(x)
        q = keep * q + (1 - keep) * p
        for j, threshold in enumerate(thresholds):
            hangover[j] = 0 if q >= threshold else hangover[j] + 1
            active[j] += hangover[j] <= round(0.2 * rate)
    before = None
    for j, threshold in enumerate(thresholds):
        if not active[j] or not power:
            continue
        level = 10 * math.log10(power / active[j])
        over = level - 20 * math.log10(threshold)
        if over >= 15.9:
            if before is None:
                return level
            return before[0] + (15.9 - before[1]) / (over - before[1]) * (level - before[0])
        before = level, over
    return -100.0


def bursts(seconds, on, level, rate=8000, seed=0):
    noise = np.random.default_rng(seed).standard_normal(int(seconds * rate))
    time = np.arange(len(noise)) / rate
    return (noise * (time % 1 < on) * level).astype(np.float32)


@pytest.mark.parametrize("on", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("level", [0.3, 0.02, 0.0005])
def test_is_what_the_recommendation_says(on, level):
    sound = bursts(1.7, on, level)
    assert active_level(sound, 8000) == pytest.approx(slow_level(sound, 8000), abs=1e-6)


def test_long_pauses_do_not_count():
    steady = active_level(bursts(8, 1, 0.1), 8000)
    assert steady == pytest.approx(-20, abs=0.1)
    broken = bursts(8, 1, 0.1)
    broken[16000:48000] = 0
    assert active_level(broken, 8000) == pytest.approx(-20, abs=0.6)
    assert 10 * np.log10((broken**2).mean()) < -22.5


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros(8000, np.float32)])
def test_silence_has_no_level(sound):
    assert active_level(sound, 8000) == -100


def limited(sound, sizes=()):
    limiter = Limiter()
    padded = np.concatenate([sound, np.zeros(Limiter.DELAY, np.float32)])
    parts = [limiter.process(part) for part in np.split(padded, np.cumsum(sizes))]
    return np.concatenate(parts)[Limiter.DELAY :]


def test_what_is_below_the_ceiling_is_left_alone():
    sound = bursts(0.5, 0.7, 0.1, RATE)
    np.testing.assert_array_equal(limited(sound), sound)


@pytest.mark.parametrize("seed", range(3))
def test_no_true_peak_above_the_ceiling(seed):
    loud = limited(bursts(0.5, 0.7, 0.8, RATE, seed))
    assert np.abs(loud).max() <= CEILING + 1e-6
    finer = np.abs(resample(loud, RATE, 8 * RATE))
    assert 20 * np.log10(finer.max()) < -0.3
    assert 20 * np.log10(np.abs(resample(loud, RATE, 8000)).max()) < 0


def test_peaks_between_samples_are_seen():
    """A tone at a quarter of the rate, whose samples lie 3 dB below its peaks."""
    tone = 1.2 * np.sin(np.pi / 2 * np.arange(4000) + np.pi / 4).astype(np.float32)
    assert np.abs(tone).max() < CEILING
    got = limited(tone)[1000:3000]
    assert np.abs(got).max() == pytest.approx(CEILING * np.sqrt(0.5), rel=0.02)


@given(st.lists(st.integers(0, 700), max_size=6))
def test_chunks_give_what_the_whole_gives(sizes):
    sound = bursts(0.2, 0.7, 0.8, RATE)
    np.testing.assert_allclose(limited(sound, sizes), limited(sound), atol=1e-6)
