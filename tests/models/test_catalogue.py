"""The catalogue is complete and honest, and says what to do about a model that is not there."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from models.catalogue import (
    RECEIPT,
    Hub,
    Member,
    Model,
    Wheel,
    catalogue,
    choose_models,
    find_model,
    is_installed,
    is_synthetic,
    made_models,
    model_folder,
    model_sets,
)
from voicecore.errors import ConfigError, EngineError


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_every_entry_can_be_checked_and_attributed(model):
    assert model.licence in {"MIT", "BSD-2-Clause", "Apache-2.0", "CC0-1.0", "Public-Domain"}
    assert model.description
    assert model.kind in {"vad", "turn", "embedder", "asr", "llm", "tts"}
    assert len({member.name for member in model.members}) == len(model.members)
    known = [member.sha256 is not None for member in model.members]
    assert all(known) if model.hashes != "unpinned" else not all(known)
    for member in model.members:
        assert member.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", member.sha256)
        assert member.size is None or member.size > 0
        assert not Path(member.name).is_absolute()
        assert ".." not in member.name
    if model.conversion is None:
        assert all(member.keep for member in model.members)


@pytest.mark.parametrize(
    "model", [m for m in catalogue() if isinstance(m.origin, Wheel)], ids=lambda m: m.name
)
def test_what_comes_in_a_wheel_is_measured_to_the_byte(model):
    assert model.hashes == "measured"
    assert re.fullmatch(r"[\d.]+", model.origin.version)
    assert all(member.size for member in model.members)


@pytest.mark.parametrize("model", [m for m in catalogue() if m.shape], ids=lambda m: m.name)
def test_every_model_of_a_hub_has_a_synthetic_twin(model):
    assert isinstance(model.origin, Hub)
    family, shape = model.shape.split("/")
    assert shape in import_module(f"models.synthesize.{family}").SHAPES


def test_the_sets_serve_every_port_that_a_production_call_needs():
    sets = model_sets()
    assert set(sets) == {"embedded", "cpu", "gpu-16g", "gpu-80g"}
    for name in ("cpu", "gpu-16g", "gpu-80g"):
        assert {model.kind for model in sets[name]} == {"vad", "turn", "embedder", "asr", "llm", "tts"}
        assert all(model.hashes != "unpinned" for model in sets[name]), "a set must come without questions"
    assert sum(model.size for model in sets["gpu-16g"]) < 12e9


def test_a_set_is_chosen_by_its_name_and_overlaps_count_once():
    chosen = [model.name for model in choose_models(["cpu", "whisper-base", "minilm"])]
    assert chosen == [model.name for model in model_sets()["cpu"]]
    assert choose_models([]) == model_sets()["embedded"]


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


def test_synthetic_weights_stand_in_for_the_model_and_are_told_from_it(installed):
    receipt = json.loads((installed / RECEIPT).read_text(encoding="utf-8"))
    receipt["source"] = {"synthetic": {"shape": "toy"}}
    (installed / RECEIPT).write_text(json.dumps(receipt), encoding="utf-8")
    assert model_folder("silero-vad", installed.parent) == installed
    assert is_synthetic("silero-vad", installed.parent)
    assert not is_synthetic("minilm", installed.parent)
    (installed / "silero_vad.onnx").unlink()
    assert not is_installed(find_model("silero-vad"), installed.parent)


def test_a_model_that_was_made_here_is_found_though_the_catalogue_has_none(installed):
    receipt = json.loads((installed / RECEIPT).read_text(encoding="utf-8"))
    receipt["source"] = {"made": {"by": "quantize"}}
    (installed / RECEIPT).write_text(json.dumps(receipt), encoding="utf-8")
    own = installed.rename(installed.with_name("our-own"))
    assert model_folder("our-own", own.parent) == own
    assert made_models(own.parent) == ("our-own",)
    (own / "silero_vad.onnx").write_bytes(b"1234")
    with pytest.raises(ConfigError, match="unknown-model"):
        model_folder("our-own", own.parent)


def test_a_pin_fills_a_gap_and_never_contradicts():
    members = (Member("a", "a", "0" * 64), Member("b", "b"))
    model = Model("toy", Hub("some/repo", "main"), "MIT", "", members)
    assert [member.expected for member in model.pinned({"b": "1" * 64}).members] == ["0" * 64, "1" * 64]
    assert model.pinned({"a": "0" * 64}).source == model.source
    for pins in ({"a": "1" * 64}, {"c": "1" * 64}):
        with pytest.raises(ConfigError, match="pin-conflict"):
            model.pinned(pins)
