"""The head on smart-turn's encoder: what it reads, and that it knows finished from cut-off speech early."""

from __future__ import annotations

import numpy as np
import pytest

from models.turn_blend import HEAD, STATES, TurnBlend
from models.turn_smart import SmartTurn
from voicecore.audio import resample, ulaw_decode, ulaw_encode
from voicecore.types import RATE

SILENCE = np.zeros(RATE // 10, np.int16)
PROMPTS = ("agent-pass", "agent-alreadyon", "agent-newlocation", "vm-enter-num-to-call", "conf-getpin")


@pytest.fixture(scope="module")
def model(model_data):
    return TurnBlend(model_data / "smart-turn-v3.2")


def test_the_head_fits_the_encoder() -> None:
    with np.load(HEAD) as head:
        assert head["weight"].shape == (STATES,)
        assert head["weight"].dtype == np.float32
        assert np.isfinite(head["weight"]).all()
        assert np.isfinite(head["bias"])


def test_it_reads_the_encoder_of_the_same_network(model, model_data) -> None:
    """The tap leaves the network as it is: its own output is smart-turn's."""
    pcm = np.random.default_rng(1).normal(0, 1000, RATE).astype(np.int16)
    assert model.state(pcm).shape == (STATES,)
    logit = float(model.state(pcm) @ np.load(HEAD)["weight"] + np.load(HEAD)["bias"])
    assert model.probability(pcm) == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
    assert 0 <= SmartTurn(model_data / "smart-turn-v3.2").probability(pcm) <= 1


@pytest.mark.apt
def test_finished_sentences_score_above_cut_ones_after_100_ms(model, prompt_8k) -> None:
    """A voice it was trained on; what it is worth on others is in benchmarks/endpoints."""
    whole, cut = [], []
    for name in PROMPTS:
        speech = resample(ulaw_decode(ulaw_encode(prompt_8k(name))), 8000, RATE)
        loud = np.flatnonzero(np.abs(speech) > 328)
        speech = speech[: loud[-1]]
        whole.append(model.probability(np.concatenate([speech, SILENCE])))
        cut.append(model.probability(np.concatenate([speech[: int(len(speech) * 0.6)], SILENCE])))
    assert np.mean(whole) > np.mean(cut) + 0.3
