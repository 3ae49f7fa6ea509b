from __future__ import annotations

import pytest

pytest.importorskip("llama_cpp")

from benchmarks import engines_llm as bench
from models.llm_llama.worker import StepRecord
from models.synthesize import gguf


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A bench of a few steps, on a toy."""
    for name, value in {"CONTEXT": 200, "ROUNDS": 2, "COLD_ROUNDS": 1, "STEPS": 6, "HISTORY": 16}.items():
        monkeypatch.setattr(bench, name, value)
    gguf.write("toy", tmp_path / "toy.gguf", quantisation="F16")
    with bench.Bench(tmp_path / "toy.gguf", "toy", bench.PLACEMENT) as made:
        yield made


def values(figures):
    assert all(figure["weights"].startswith("synthetic weights, shape toy") for figure in figures)
    return {figure["name"]: figure["value"] for figure in figures}


def test_reading_ahead_leaves_the_last_words(toy):
    found = values(toy.first_token())
    assert found["ttft_cold_tokens"] > 150
    assert 0 < found["ttft_incremental_tokens"] < 50


def test_decoding_is_compared_with_llama_cpp(toy):
    assert all(value > 0 for value in values(toy.decoding()).values())


def test_a_cancelled_call_takes_part_in_one_more_step_at_most(toy):
    assert values(toy.cancelling())["cancel_steps"] <= 1


def test_overhead_is_a_share(toy):
    found = values(toy.scheduling())
    assert found.pop("scheduler_step_us") > 0
    assert all(0 < share < 1 for share in found.values())
    assert bench.overhead([StepRecord(8, 0, 0.9, 1.0)]) == pytest.approx(0.1)


def test_plots(toy):
    figures = [{"name": "decode_1_tok_s", "value": 20.0, "unit": "tok/s"}]
    assert "decode_1" in bench.plots(figures)[0].markup
