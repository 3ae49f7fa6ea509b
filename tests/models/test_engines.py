"""The table of engines: complete, lazy, and clear about what is missing."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from models import engines
from models.catalogue import find_model
from models.engines import ENGINES, Port, find_engine, load, models_needed
from models.synthesize.install import synthesize
from voicecore.config import EngineSettings
from voicecore.errors import ConfigError, EngineError

ROOT = Path(__file__).parents[2]


def test_every_port_has_engines_and_the_defaults_are_among_them():
    assert set(ENGINES) == set(get_args(Port)) == set(EngineSettings().choices)
    for port, choice in EngineSettings().choices.items():
        assert find_engine(port, choice.engine).module.startswith("models.")


def test_models_of_the_table_are_in_the_catalogue():
    for table in ENGINES.values():
        for engine in table.values():
            assert engine.model is None or find_model(engine.model)


@pytest.mark.parametrize(
    ("port", "name"), [(port, name) for port, table in ENGINES.items() for name in table if name != "llama"]
)
def test_what_an_engine_is_said_to_take_it_takes(port, name):
    entry = find_engine(port, name)
    factory = getattr(importlib.import_module(entry.module), entry.factory)
    assert set(entry.takes) <= set(inspect.signature(factory).parameters)


def test_an_unknown_engine_lists_the_known_ones(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load("asr", "kaldi", tmp_path)
    assert caught.value.code == "unknown-engine"
    assert "engines.asr: no engine 'kaldi'; known: pocketsphinx" in str(caught.value)


def test_a_missing_model_says_the_command(tmp_path):
    with pytest.raises(EngineError) as caught:
        load("turn", "smart-turn", tmp_path)
    assert caught.value.code == "model-missing"
    assert "voicecore models pull smart-turn-v3.2" in str(caught.value)


def test_a_missing_package_says_the_extra(tmp_path, monkeypatch):
    absent = replace(find_engine("tts", "espeak"), module="models.no_such_engine")
    monkeypatch.setattr(engines, "ENGINES", {"tts": {"espeak": absent}})
    with pytest.raises(EngineError) as caught:
        load("tts", "espeak", tmp_path)
    assert caught.value.code == "engine-missing"
    assert "pip install 'voicecore[engines]'" in str(caught.value)
    assert "no_such_engine" in str(caught.value)


def test_another_model_may_be_asked_for(tmp_path):
    synthesize("piper-de-de", tmp_path, shape="toy")
    assert list(load("tts", "piper", tmp_path, model="piper-de-de", voice="en").synthesize("hello"))
    for engine, model in (("piper", "nothing"), ("espeak", "piper-de-de")):
        with pytest.raises(ConfigError) as caught:
            load("tts", engine, tmp_path, model=model)
        assert caught.value.code == "unknown-model"


def test_models_needed_by_a_configuration():
    names = {port: choice.engine for port, choice in EngineSettings().choices.items()}
    assert models_needed(names) == ("silero-vad", "smart-turn-v3.2", "minilm")
    assert models_needed({"asr": "pocketsphinx"}) == ()


def test_the_table_loads_no_engine():
    """A serving process carries only what its configuration names, and never the converter."""
    heavy = ("onnx", "onnxruntime", "tokenizers", "pocketsphinx", "safetensors")
    program = f"import sys, models.engines; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_broken_model_file_is_named(tmp_path):
    from models.session import open_session

    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(EngineError, match=r"model-broken: .*broken\.onnx"):
        open_session(tmp_path / "broken.onnx")
    with pytest.raises(EngineError, match="model-missing"):
        open_session(tmp_path / "absent.onnx")
