"""The speech benchmark on tiny voices: every figure is there, and says what its weights are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import engines_tts
from benchmarks.engines_tts import alternating, kokoro_figures, piper_figures, plots, spoken
from models.synthesize import kokoro, vits
from voicecore.types import SpeechChunk


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines_tts, "ROUNDS", 2)
        patch.setattr(engines_tts, "SLOW_ROUNDS", 1)
        folder = tmp_path_factory.mktemp("bench")
        vits.write("toy", folder / "voice.onnx")
        kokoro.write("toy", folder / "kokoro")
        return [*piper_figures(folder), *kokoro_figures(folder / "kokoro")]


def test_every_figure_says_that_its_weights_are_synthetic(figures):
    values = {figure["name"]: figure["value"] for figure in figures}
    assert {"tts_first_audio_over_whole", "piper_real_time_factor", "tts_cached_phrase_ms"} <= values.keys()
    assert all(value > 0 for value in values.values())
    assert all("synthetic" in figure["weights"] for figure in figures)


def test_plots_the_shares(figures):
    (plot,) = plots(figures)
    assert "tts_first_audio_over_whole" in plot.markup
    assert "synthetic" in plot.note


def test_first_chunk_and_length():
    class Speaker:
        def synthesize(self, text):
            for _ in range(2):
                yield SpeechChunk(np.zeros(8000, np.int16))

    timing = spoken(Speaker(), "any")
    assert timing.sound_ms == 1000
    assert 0 < timing.first_ms <= timing.all_ms


def test_takes_turns_and_forgets_the_first():
    calls = []
    ones, others = alternating(2, lambda: calls.append("a") or len(calls), lambda: calls.append("b"))
    assert calls == ["a", "b"] * 3
    assert ones == [3, 5]
    assert others == [None, None]
