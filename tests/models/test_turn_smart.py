"""smart-turn: the features are the reference's, and finished speech scores above cut-off speech."""

from __future__ import annotations

import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.turn_smart import SAMPLES, SmartTurn, features
from voicecore.types import RATE

GOLDEN = Path(__file__).parent / "data" / "whisper_features.npz"
"""Every 8th band and 25th frame of pipecat 1.14.0's ``compute_whisper_log_mel_features`` for ``chirp``."""


def chirp(seconds: float):
    """A rising tone that comes and goes, over a hiss."""
    n = np.arange(int(seconds * RATE))
    t = n / RATE
    tone = 6000 * np.sin(2 * np.pi * (150 * t + 200 * t**2)) * np.sin(2 * np.pi * 3 * t) ** 2
    return (tone + n**2 * 7919 % 1009 - 504).astype(np.int16)
    tail = pcm[-SAMPLES:] / np.float32(32768)
    wanted = reference(np.pad(tail, (SAMPLES - len(tail), 0)))
    np.testing.assert_allclose(features(pcm), wanted, atol=1e-4)


def test_nothing_heard_has_features():
    assert np.isfinite(features(np.zeros(0, np.int16))).all()
    np.testing.assert_array_equal(features(np.zeros(0, np.int16)), features(np.zeros(5000, np.int16)))


@pytest.fixture(scope="module")
def model(model_data):
    return SmartTurn(model_data / "smart-turn-v3.2")


def test_only_the_last_eight_seconds_count(model):
    long = chirp(9.5)
    assert model.probability(long) == model.probability(long[-SAMPLES:])


@pytest.mark.apt
def test_finished_sentences_score_above_cut_ones(model, prompt_8k):
    """Human speech at telephone bandwidth; the model's accuracy is measured in benchmarks/perception.py."""
    silence = np.zeros(RATE // 5, np.int16)
    whole, cut = [], []
    for name in ("agent-pass", "agent-alreadyon", "agent-newlocation", "vm-intro", "vm-enter-num-to-call"):
        speech = np.repeat(prompt_8k(name), 2)
        whole.append(model.probability(np.concatenate([speech, silence])))
        cut.append(model.probability(np.concatenate([speech[: int(len(speech) * 0.6)], silence])))
    assert np.mean(whole) > np.mean(cut) + 0.2
