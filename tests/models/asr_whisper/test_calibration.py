"""Confidences that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from models.asr_whisper.calibration import FILE, Calibration, fit, load
from voicecore.errors import EngineError


def test_unfitted_leaves_probabilities_as_they_are():
    assert [Calibration().of(p) for p in (0.1, 0.5, 0.99)] == pytest.approx([0.1, 0.5, 0.99])
    assert 0 < Calibration().of(0.0) < Calibration().of(1.0) < 1


def test_a_model_too_sure_of_itself_is_brought_down():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, 20_000)
    right = rng.random(len(truth)) < truth
    said = 1 / (1 + ((1 - truth) / truth) ** 2.5)
    fitted = fit(list(said), list(right))
    assert fitted.slope == pytest.approx(1 / 2.5, abs=0.03)
    assert fitted.bias == pytest.approx(0, abs=0.05)
    assert fitted.words == 20_000
    assert fitted.of(float(said[0])) == pytest.approx(truth[0], abs=0.03)


def test_needs_both_kinds_of_words():
    for right in ([], [True, True], [False]):
        with pytest.raises(ValueError, match="right and words that are wrong"):
            fit([0.5] * len(right), right)


def test_lies_beside_the_weights(tmp_path):
    assert load(tmp_path) == Calibration()
    Calibration(0.5, -0.1, 99).save(tmp_path)
    assert load(tmp_path) == Calibration(0.5, -0.1, 99)
    (tmp_path / FILE).write_text('{"slop": 1}')
    with pytest.raises(EngineError) as failure:
        load(tmp_path)
    assert failure.value.code == "model-broken"
