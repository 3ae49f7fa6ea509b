"""The second opinion on sounds over the agent's speech: what it reads, and what it cannot be given."""

from __future__ import annotations

import numpy as np
import pytest

from models.sound_kinds import KINDS
from models.sound_words import HEAD, LEAD_MS, LOOKS_MS, STATES, SoundWords, heard
from voicecore.ports import SoundReader
from voicecore.types import RATE


@pytest.fixture(scope="module")
def model(model_data):
    return SoundWords(model_data / "smart-turn-v3.2")


def test_the_heads_fit_the_encoder() -> None:
    with np.load(HEAD) as head:
        assert head["weight"].shape == (len(LOOKS_MS), STATES, len(KINDS))
        assert head["bias"].shape == (len(LOOKS_MS), len(KINDS))
        assert np.isfinite(head["weight"]).all()
    assert HEAD.stat().st_size < 100_000


@pytest.mark.parametrize("look", range(len(LOOKS_MS)))
def test_gives_probabilities(model, look) -> None:
    assert isinstance(model, SoundReader)
    pcm = np.random.default_rng(1).normal(0, 1000, (LEAD_MS + LOOKS_MS[look]) * RATE // 1000)
    kinds = model.read(pcm.astype(np.int16), look)
    assert kinds.shape == (len(KINDS),)
    assert kinds.dtype == np.float32
    assert kinds.sum() == pytest.approx(1, abs=1e-5)


def test_noise_without_a_voice_is_noise(model) -> None:
    rng = np.random.default_rng(2)
    pcm = rng.normal(0, 20, (LEAD_MS + LOOKS_MS[0]) * RATE // 1000)
    start = LEAD_MS * RATE // 1000
    pcm[start : start + 2000] += rng.normal(0, 4000, 2000) * np.exp(-np.arange(2000) / 600)
    assert KINDS[model.read(pcm.astype(np.int16), 0).argmax()] == "noise"


def test_a_look_is_cut_around_the_onset() -> None:
    line = np.arange(2 * RATE).astype(np.int16)
    piece = heard(line, 1.0, 0)
    assert len(piece) == (LEAD_MS + LOOKS_MS[0]) * RATE // 1000
    assert piece[0] == line[(1000 - LEAD_MS) * RATE // 1000]
