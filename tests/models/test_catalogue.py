"""The catalogue is complete and honest, and says what to do about a model that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from models.catalogue import RECEIPT, catalogue, find_model, is_installed, model_folder
from voicecore.errors import ConfigError, EngineError


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_every_entry_can_be_checked_and_attributed(model):
    assert model.licence in {"MIT", "BSD-2-Clause", "Apache-2.0"}
    assert model.description
    assert re.fullmatch(r"[\d.]+", model.version)
    assert len({member.name for member in model.members}) == len(model.members)
    for member in model.members:
        assert re.fullmatch(r"[0-9a-f]{64}", member.sha256)
        assert member.size > 0
        assert "/" not in member.name
    if model.conversion is None:
        assert all(member.keep for member in model.members)


def test_names_no_host():
    text = Path(find_model.__code__.co_filename).with_name("catalogue.toml").read_text(encoding="utf-8")
    assert "://" not in text


def test_an_unknown_model_lists_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        find_model("silero")
    assert caught.value.code == "unknown-model"
    assert "silero-vad, smart-turn-v3.2, minilm" in str(caught.value)


def test_a_missing_model_says_the_command(tmp_path):
    with pytest.raises(EngineError) as caught:
        model_folder("minilm", tmp_path)
    assert caught.value.code == "model-missing"
    assert "voicecore models pull minilm" in str(caught.value)


@pytest.fixture
def installed(tmp_path):
    """silero-vad as far as sizes and the receipt tell."""
    model = find_model("silero-vad")
    folder = tmp_path / model.name
    folder.mkdir()
    (folder / "silero_vad.onnx").write_bytes(b"12345")
    receipt = {"source": model.source, "files": {"silero_vad.onnx": {"sha256": "", "size": 5}}}
    (folder / RECEIPT).write_text(json.dumps(receipt), encoding="utf-8")
    assert is_installed(model, tmp_path)
    return folder


def test_a_truncated_file_counts_as_missing(installed):
    (installed / "silero_vad.onnx").write_bytes(b"1234")
    with pytest.raises(EngineError, match="model-missing"):
        model_folder("silero-vad", installed.parent)


@pytest.mark.parametrize("text", ["", "[]", "{}", "\x00"])
def test_a_broken_receipt_counts_as_missing(installed, text):
    (installed / RECEIPT).write_text(text, encoding="utf-8")
    assert not is_installed(find_model("silero-vad"), installed.parent)


def test_a_model_from_another_version_counts_as_missing(installed):
    receipt = json.loads((installed / RECEIPT).read_text(encoding="utf-8"))
    receipt["source"]["package"] = "silero-vad==6.0.0"
    (installed / RECEIPT).write_text(json.dumps(receipt), encoding="utf-8")
    assert not is_installed(find_model("silero-vad"), installed.parent)
