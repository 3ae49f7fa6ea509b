"""The benchmark ``engines``: what it takes from the engines' own benchmarks, and in which order."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("ctranslate2")
pytest.importorskip("llama_cpp")

from benchmarks import engines


def figure(name: str, **more: str) -> dict:
    return {"name": name, "value": 1.0, "unit": "", "n": 1, "goal": None, "ok": None} | more


def test_promised_figures_come_first_and_all_say_their_weights(monkeypatch):
    parts = (
        SimpleNamespace(run=lambda: [figure("b"), figure("logmel_over_numpy")], plots=lambda f: ["one"]),
        SimpleNamespace(
            run=lambda: [figure("a"), figure("cancel_steps", weights="synthetic")], plots=lambda f: ["two"]
        ),
    )
    monkeypatch.setattr(engines, "PARTS", parts)
    found = engines.run()
    assert [f["name"] for f in found] == ["cancel_steps", "logmel_over_numpy", "b", "a"]
    assert [f["weights"] for f in found[:2]] == ["synthetic", engines.UNWEIGHED]
    assert engines.plots(found) == ["one", "two"]
