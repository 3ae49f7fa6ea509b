"""Synthetic weights for benchmarks: made once, anew when their recipe changes, and apart from real models."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx")

from benchmarks import weights
from models.catalogue import find_model, is_installed, is_synthetic

VOICE = "piper-en-us"


def test_made_once_and_anew_when_the_recipe_changes(tmp_path, monkeypatch):
    folder = weights.synthetic(VOICE, "toy", tmp_path)
    assert is_synthetic(VOICE, folder)
    made = (folder / VOICE / "voice.onnx").stat().st_mtime_ns
    assert weights.synthetic(VOICE, "toy", tmp_path) == folder
    assert (folder / VOICE / "voice.onnx").stat().st_mtime_ns == made
    monkeypatch.setattr(weights, "_recipe", lambda: "another")
    assert weights.synthetic(VOICE, "toy", tmp_path).name == f"{VOICE}-toy-another"
    assert not folder.exists()


def test_no_engine_takes_them_for_installed_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICECORE_DATA", str(tmp_path))
    folder = weights.synthetic(VOICE, "toy")
    assert tmp_path in folder.parents
    assert not is_installed(find_model(VOICE), tmp_path)
