"""Telephone sound and wide-band sound."""

from __future__ import annotations

import numpy as np
import pytest

from models.asr_whisper.band import above_telephone, band_limited
from voicecore.audio import LogMel, Resampler, resample, ulaw_decode, ulaw_encode
from voicecore.types import RATE


def log_mel(pcm, bins=80):
    mel = LogMel(bins)
    mel.process(pcm)
    return mel.window(500)


def speech(top_hz, seconds=2.0):
    """A buzz of 140 Hz up to ``top_hz``."""
    t = np.arange(int(RATE * seconds)) / RATE
    buzz = sum(np.sin(2 * np.pi * 140 * k * t + k) / k for k in range(1, int(top_hz / 140)))
    return np.rint(6000 * buzz * (1.2 + np.sin(2 * np.pi * 3 * t)) / 2.2).astype(np.int16)


@pytest.mark.parametrize("bins", [80, 128])
def test_the_edge_is_where_the_resamplers_filter_ends(bins):
    tone = np.rint(8000 * np.sin(2 * np.pi * 4570 * np.arange(RATE) / RATE)).astype(np.int16)
    assert 1 <= above_telephone(bins) - log_mel(tone, bins).max(axis=1).argmax() <= 4


@pytest.mark.parametrize("bins", [80, 128])
def test_a_telephone_line_has_nothing_above(bins):
    line = ulaw_decode(ulaw_encode(resample(speech(7000), RATE, 8000)))
    mel = log_mel(Resampler(8000, RATE).process(line), bins)
    images = mel[above_telephone(bins) :].copy()
    band_limited(mel, 200)
    assert images.max() > mel.min()
    assert (mel[above_telephone(bins) :] == mel.min()).all()
    assert mel.min() == pytest.approx(mel.max() - 2)


def test_a_wide_band_line_stays_as_it_is():
    mel = log_mel(speech(7000))
    np.testing.assert_array_equal(band_limited(mel.copy(), 200), mel)


def test_silence_stays_silence():
    mel = log_mel(np.zeros(RATE, np.int16))
    np.testing.assert_array_equal(band_limited(mel.copy(), 200), mel)
