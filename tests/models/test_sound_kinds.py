"""The model of short sounds: what it gives for any length, and what must not matter to it."""

from __future__ import annotations

import numpy as np
import pytest

from models.sound_kinds import KINDS, LEAD, LONGEST, WEIGHTS, SoundKinds, features
from voicecore.audio import PROSODY, Prosody
from voicecore.ports import SoundModel

HOP = 160


@pytest.fixture(scope="module")
def model():
    return SoundKinds()


def prosody(pcm):
    stream = Prosody()
    return np.array([stream.process(frame) for frame in pcm[: len(pcm) // HOP * HOP].reshape(-1, HOP)])


def burst(seconds, gain=1.0, seed=0):
    """60 ms of a quiet line, then noise that dies away, as a cough does."""
    rng = np.random.default_rng(seed)
    n = int(8000 * seconds)
    loud = rng.normal(size=n) * 6000 * np.exp(-np.arange(n) / 800)
    quiet = rng.normal(size=LEAD * HOP) * 20
    return np.rint(np.concatenate([quiet, loud]) * gain).astype(np.int16)


def test_is_a_sound_model(model):
    assert isinstance(model, SoundModel)


@pytest.mark.parametrize("frames", [3, 4, 9, 21, 22, 75, 200])
def test_gives_probabilities_for_any_length(model, frames):
    heard = prosody(burst(4))[:frames]
    kinds = model.classify(heard)
    assert kinds.shape == (len(KINDS),)
    assert kinds.dtype == np.float32
    assert (kinds >= 0).all()
    assert kinds.sum() == pytest.approx(1, abs=1e-5)


def test_silence_is_no_reason_to_fail(model):
    assert np.isfinite(model.classify(prosody(np.zeros(20 * HOP, np.int16)))).all()


def test_the_same_frames_give_the_same(model):
    heard = prosody(burst(0.4))
    before = heard.copy()
    first = model.classify(heard)
    model.classify(prosody(burst(1, seed=1)))
    np.testing.assert_array_equal(model.classify(heard), first)
    np.testing.assert_array_equal(heard, before)


def test_what_follows_the_longest_does_not_count(model):
    heard = prosody(burst(4))
    np.testing.assert_array_equal(model.classify(heard), model.classify(heard[:LONGEST]))


def test_loudness_does_not_matter(model):
    loud, quiet = prosody(burst(0.4)), prosody(burst(0.4, gain=0.25))
    np.testing.assert_allclose(model.classify(quiet), model.classify(loud), atol=0.05)


def test_pitch_height_does_not_matter():
    heard = prosody(burst(0.4))
    heard[5:12, 22] = np.linspace(0.2, 0.5, 7)
    higher = heard.copy()
    higher[5:12, 22] += 0.7
    np.testing.assert_allclose(features(higher), features(heard), atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_cough_is_noise(model, seed):
    assert KINDS[model.classify(prosody(burst(0.4, seed=seed))).argmax()] == "noise"


@pytest.mark.parametrize("shape", [(2, PROSODY), (0, PROSODY), (10, PROSODY - 1), (10,)])
def test_other_shapes_are_refused(model, shape):
    with pytest.raises(ValueError, match="frames are"):
        model.classify(np.zeros(shape, np.float32))


def test_the_weights_are_small():
    assert WEIGHTS.stat().st_size < 300_000
