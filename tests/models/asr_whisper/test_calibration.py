"""Confidences that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from models.asr_whisper.calibration import FILE, Calibration, fit, fit_transcripts, load, right_words
from voicecore.errors import EngineError
from voicecore.types import Transcript, Word


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


@pytest.mark.parametrize(
    ("heard", "said", "right"),
    [
        ("pay my bill", "pay my bill", [1, 1, 1]),
        ("play my bill please", "pay my bill", [0, 1, 1, 0]),
        ("", "pay my bill", []),
        ("thanks for watching", "", [0, 0, 0]),
    ],
)
def test_which_words_are_right(heard, said, right):
    assert right_words(heard.split(), said.split()) == list(map(bool, right))


def test_fits_transcripts():
    def transcript(*words, calibrated=False):
        return Transcript(words=tuple(Word(text, 0, 0, sure) for text, sure in words), calibrated=calibrated)

    heard = [transcript(("pay", 0.9), ("my", 0.8), ("bell", 0.4)), transcript(("yes", 0.95), ("so", 0.3))]
    fitted = fit_transcripts(zip(heard, ("pay my bill", "yes"), strict=True))
    assert fitted.words == 5
    assert fitted.of(0.95) > 0.6
    assert fitted.of(0.3) < 0.4
    with pytest.raises(ValueError, match="already"):
        fit_transcripts([(transcript(("yes", 0.9), calibrated=True), "yes")])


def test_lies_beside_the_weights(tmp_path):
    assert load(tmp_path) == Calibration()
    Calibration(0.5, -0.1, 99).save(tmp_path)
    assert load(tmp_path) == Calibration(0.5, -0.1, 99)
    (tmp_path / FILE).write_text('{"slop": 1}')
    with pytest.raises(EngineError) as failure:
        load(tmp_path)
    assert failure.value.code == "model-broken"
