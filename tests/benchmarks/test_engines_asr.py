"""The figures of Whisper, with a toy in place of a model of real shape."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("ctranslate2")

from benchmarks import engines_asr
from models.synthesize import whisper
from voicecore.audio import LogMel
from voicecore.types import RATE


def test_every_figure_is_there_and_says_its_weights(monkeypatch, tmp_path):
    for name, value in {"ROUNDS": 2, "MEL_ROUNDS": 2, "CALLS": 2}.items():
        monkeypatch.setattr(engines_asr, name, value)
    whisper.write("toy", tmp_path)
    found = [*engines_asr.kernel_figures(), *engines_asr.model_figures(tmp_path)]
    figures = {figure["name"]: figure for figure in found}
    assert {
        "whisper_short_over_padded",
        "logmel_over_numpy",
        "whisper_batch2_over_1",
        "whisper_partial_ms",
    } <= set(figures)
    assert all(figure["value"] > 0 and figure["n"] > 0 for figure in figures.values())
    assert all("synthetic" in f["weights"] for name, f in figures.items() if name.startswith("whisper"))
    assert engines_asr.plots(list(figures.values()))


def test_both_ways_make_the_same_spectrogram():
    pcm = engines_asr.speech(1.0)
    mel = LogMel()
    mel.process(pcm)
    plain = engines_asr.numpy_log_mel(pcm, engines_asr.mel_filters())
    np.testing.assert_allclose(mel.window(100), plain[:, :100], atol=1e-4)
    assert len(pcm) == RATE
