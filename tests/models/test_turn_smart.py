"""smart-turn: the features are the reference's, and finished speech scores above cut-off speech."""

from __future__ import annotations

import importlib.util
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.turn_smart import SAMPLES, SmartTurn, features
from voicecore.audio import resample
from voicecore.types import RATE

GOLDEN = Path(__file__).parent / "data" / "whisper_features.npz"
"""Every 8th band and 25th frame of pipecat 1.14.0's ``compute_whisper_log_mel_features`` for ``chirp``."""


def chirp(seconds: float):
    """A rising tone that comes and goes, over a hiss."""
    n = np.arange(int(seconds * RATE))
    t = n / RATE
    tone = 6000 * np.sin(2 * np.pi * (150 * t + 200 * t**2)) * np.sin(2 * np.pi * 3 * t) ** 2
    return (tone + n**2 * 7919 % 1009 - 504).astype(np.int16)


@pytest.mark.parametrize(("name", "seconds"), [("short", 1.37), ("full", 8.0), ("long", 9.5)])
def test_features_equal_the_reference(name, seconds):
    with np.load(GOLDEN) as golden:
        ours = features(chirp(seconds))
        assert ours.shape == (80, 800)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours[::8, ::25], golden[name], atol=1e-4)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The reference implementation, out of the wheel that the catalogue takes the model from."""
    wheel = os.environ.get("VOICECORE_PIPECAT_WHEEL")
    if wheel is None:
        pytest.skip("set VOICECORE_PIPECAT_WHEEL to a file got by: pip download --no-deps pipecat-ai==1.14.0")
    folder = tmp_path_factory.mktemp("pipecat")
    with zipfile.ZipFile(wheel) as archive:
        source = archive.extract("pipecat/audio/turn/smart_turn/_whisper_features.py", folder)
    spec = importlib.util.spec_from_file_location("whisper_features", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compute_whisper_log_mel_features


@pytest.mark.parametrize(
    "length", [0, 1, 159, 199, 200, 201, 2559, 16_000, 127_799, 127_801, 128_000, 150_000]
)
def test_features_equal_the_reference_at_any_length(reference, length):
    pcm = np.random.default_rng(length).normal(0, 2000, length).astype(np.int16)
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
        speech = resample(prompt_8k(name), 8000, RATE)
        whole.append(model.probability(np.concatenate([speech, silence])))
        cut.append(model.probability(np.concatenate([speech[: int(len(speech) * 0.6)], silence])))
    assert np.mean(whole) > np.mean(cut) + 0.2
