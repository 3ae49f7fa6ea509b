"""Synthetic models lie where the real ones would, and never take their place unasked."""

from __future__ import annotations

import json
import time

import pytest

from models.catalogue import RECEIPT, catalogue, find_model, is_synthetic, model_folder, read_receipt
from models.shelf import verdict
from models.synthesize import install
from models.synthesize.install import synthesize
from voicecore.errors import ConfigError, EngineError

for package in ("ctranslate2", "gguf", "onnx", "tokenizers"):
    pytest.importorskip(package)


@pytest.mark.parametrize("model", [m for m in catalogue() if m.shape], ids=lambda m: m.name)
def test_a_toy_of_every_model_is_small_and_soon_there(model, tmp_path):
    begun = time.process_time()
    synthesize(model.name, tmp_path, shape="toy")
    assert time.process_time() - begun < 2
    folder = model_folder(model.name, tmp_path)
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 9e6
    assert is_synthetic(model.name, tmp_path)
    assert verdict(find_model(model.name), tmp_path) == "synthetic"
    if model.kind != "asr":  # the older of those have vocabulary.txt where CTranslate2 now writes .json
        names = {member.name for member in model.members if not member.name.startswith("voices/")}
        assert names <= set(read_receipt(folder)["files"])


def test_the_receipt_tells_how_it_was_made(tmp_path):
    synthesize("qwen3-8b", tmp_path, shape="toy", seed=3)
    made = read_receipt(tmp_path / "qwen3-8b")["source"]["synthetic"]
    assert made == {"shape": "gguf/toy", "seed": 3, "quantisation": "Q4_K_M"}


def test_the_vocabulary_of_a_file_is_named(tmp_path):
    synthesize("qwen3-8b", tmp_path, shape="toy")
    vocabulary = tmp_path / "qwen3-8b" / "model.gguf"
    synthesize("qwen3-32b", tmp_path, shape="toy", vocabulary=vocabulary)
    assert "model" in read_receipt(tmp_path / "qwen3-32b")["source"]["synthetic"]["vocabulary"]


def test_real_weights_are_not_replaced_unasked(tmp_path):
    synthesize("piper-en-us", tmp_path, shape="toy")
    synthesize("piper-en-us", tmp_path, shape="toy")
    receipt = tmp_path / "piper-en-us" / RECEIPT
    content = json.loads(receipt.read_text())
    receipt.write_text(json.dumps(content | {"source": find_model("piper-en-us").source}))
    with pytest.raises(EngineError, match="model-present"):
        synthesize("piper-en-us", tmp_path, shape="toy")
    synthesize("piper-en-us", tmp_path, shape="toy", replace=True)
    assert is_synthetic("piper-en-us", tmp_path)


def test_what_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="unknown-model"):
        synthesize("nothing", tmp_path)
    with pytest.raises(ConfigError, match="no-shape"):
        synthesize("minilm", tmp_path)
    with pytest.raises(ConfigError, match=r"unknown-shape.*medium"):
        synthesize("piper-en-us", tmp_path, shape="huge")
    assert not list(tmp_path.iterdir())


def test_a_missing_package_says_the_extra(tmp_path, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name="onnx")

    monkeypatch.setattr(install, "import_module", absent)
    with pytest.raises(EngineError, match=r"engine-missing.*onnx.*voicecore\[models\]"):
        synthesize("piper-en-us", tmp_path, shape="toy")
