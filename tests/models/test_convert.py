"""Conversion of a Whisper: what it refuses, what it keeps; torch itself is played."""

from __future__ import annotations

import json

import pytest

from models.catalogue import model_folder, read_receipt
from models.convert import convert_whisper
from voicecore.errors import ConfigError, EngineError

CONVERTERS = """
from pathlib import Path
class TransformersConverter:
    def __init__(self, source, copy_files, load_as_float16):
        self.source, self.copied, self.half = Path(source), copy_files, load_as_float16
    def convert(self, output, quantization):
        Path(output).mkdir()
        (Path(output) / "model.bin").write_text(f"{quantization} {self.half}")
        for name in self.copied:
            (Path(output) / name).write_bytes((self.source / name).read_bytes())
"""


@pytest.fixture
def published(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "whisper"}')
    for name in ("tokenizer.json", "preprocessor_config.json", "model.safetensors"):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def torch(tmp_path, monkeypatch):
    """Packages of the right names; CTranslate2's converter of the same signature."""
    for name in ("torch", "transformers", "ctranslate2"):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "__init__.py").write_text("")
    (tmp_path / "packages" / "ctranslate2" / "converters.py").write_text(CONVERTERS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))


@pytest.mark.parametrize(
    ("quantisation", "wrote"),
    [("float16", "float16 True"), ("int8_float16", "int8_float16 True"), ("float32", "None False")],
)
def test_makes_a_model_of_ones_own(published, torch, tmp_path, quantisation, wrote):
    convert_whisper(published, "ours", tmp_path / "data", quantisation)
    folder = model_folder("ours", tmp_path / "data")
    assert (folder / "model.bin").read_text() == wrote
    assert (folder / "tokenizer.json").read_text() == "tokenizer.json"
    made = read_receipt(folder)["source"]["made"]
    assert list(made["from"]) == ["model.safetensors"]
    assert made["quantisation"] == quantisation
    assert [file.name for file in (tmp_path / "data").iterdir() if file.name[0] != "."] == ["ours"]


def test_without_torch_it_says_what_to_install(published, tmp_path):
    pytest.importorskip("ctranslate2")
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(EngineError) as caught:
            convert_whisper(published, "ours", tmp_path / "data")
        assert caught.value.code == "engine-missing"
        assert "torch" in str(caught.value)
        assert "voicecore[convert]" in str(caught.value)
    else:
        pytest.skip("torch is here")


def test_a_conversion_that_fails_leaves_no_model(published, torch, tmp_path):
    (tmp_path / "packages" / "torch" / "__init__.py").write_text("raise MemoryError('not enough')")
    with pytest.raises(EngineError, match=r"model-conversion-failed.*not enough"):
        convert_whisper(published, "ours", tmp_path / "data")
    assert not (tmp_path / "data" / "ours").exists()


@pytest.mark.parametrize("absent", ["config.json", "tokenizer.json", "model.safetensors"])
def test_refuses_a_folder_that_is_incomplete(published, tmp_path, absent):
    (published / absent).unlink()
    with pytest.raises(ConfigError, match="not-a-whisper"):
        convert_whisper(published, "ours", tmp_path / "data")


@pytest.mark.parametrize("config", ["", "[]", "{}", json.dumps({"model_type": "llama"})])
def test_refuses_another_model(published, tmp_path, config):
    (published / "config.json").write_text(config)
    with pytest.raises(ConfigError, match="not-a-whisper"):
        convert_whisper(published, "ours", tmp_path / "data")


def test_refuses_names_and_quantisations_at_the_door(published, tmp_path):
    with pytest.raises(ConfigError, match="bad-model-name"):
        convert_whisper(published, "whisper-base", tmp_path / "data")
    with pytest.raises(ConfigError, match=r"bad-quantisation.*int8_float16"):
        convert_whisper(published, "ours", tmp_path / "data", "int4")
    assert not (tmp_path / "data").exists()
