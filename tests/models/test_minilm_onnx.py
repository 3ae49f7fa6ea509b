"""The converter, on a small BERT of random weights: the graph is the reference, int8 stays close."""

from __future__ import annotations

import json
import re

import numpy as np
import onnxruntime as ort
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from models import minilm_onnx
from models.minilm_onnx import CALIBRATION, CHECKS, build_graph, convert, embed_reference, read_bert

HIDDEN, WIDE, HEADS, LAYERS, PLACES = 32, 128, 4, 2, 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model folder as the catalogue extracts it."""
    path = tmp_path_factory.mktemp("bert")
    words = sorted(set(re.findall(r"\w+|[^\w\s]", " ".join(CALIBRATION + CHECKS).lower())))
    vocabulary = {word: i for i, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    tokenizer.save(str(path / "tokenizer.json"))
    config = {"num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "layer_norm_eps": 1e-12}
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(random_weights(len(vocabulary)), path / "model.safetensors")
    return path


def random_weights(vocabulary: int):
    rng = np.random.default_rng(0)
    shapes = {
        f"embeddings.{part}_embeddings": (rows, HIDDEN)
        for part, rows in (("word", vocabulary), ("position", PLACES), ("token_type", 2))
    }
    dense = {
        "attention.self.query": (HIDDEN, HIDDEN),
        "attention.self.key": (HIDDEN, HIDDEN),
        "attention.self.value": (HIDDEN, HIDDEN),
        "attention.output.dense": (HIDDEN, HIDDEN),
        "intermediate.dense": (WIDE, HIDDEN),
        "output.dense": (HIDDEN, WIDE),
    }
    norms = ["embeddings.LayerNorm"]
    for i in range(LAYERS):
        shapes |= {f"encoder.layer.{i}.{part}": shape for part, shape in dense.items()}
        norms += [f"encoder.layer.{i}.{part}.LayerNorm" for part in ("attention.output", "output")]
    weights = {f"{name}.weight": rng.normal(0, 0.2, shape) for name, shape in shapes.items()}
    weights |= {
        f"{name}.bias": rng.normal(0, 0.1, shape[0]) for name, shape in shapes.items() if "layer" in name
    }
    weights |= {f"{name}.weight": rng.normal(1, 0.1, HIDDEN) for name in norms}
    weights |= {f"{name}.bias": rng.normal(0, 0.1, HIDDEN) for name in norms}
    weights = {f"bert.{name}": array.astype(np.float32) for name, array in weights.items()}
    return weights | {"bert.embeddings.position_ids": np.arange(PLACES)[None]}


def run(model: bytes, ids):
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"input_ids": ids})[0]


@pytest.mark.parametrize("tokens", [1, 2, 17, PLACES])
def test_the_float_graph_is_the_reference(folder, tokens):
    bert = read_bert(folder)
    ids = np.random.default_rng(tokens).integers(0, 40, tokens)
    wanted = embed_reference(bert, ids)
    assert np.linalg.norm(wanted) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(run(build_graph(bert, {}).SerializeToString(), ids), wanted, atol=1e-5)


def test_smoothing_moves_ranges_but_not_the_result(folder):
    bert = read_bert(folder)
    ids = np.arange(12)
    peaks: dict = {}
    wanted = embed_reference(bert, ids, peaks)
    assert set(peaks) == {
        f"encoder.layer.{i}.{part}"
        for i in range(LAYERS)
        for part in ("attention.self", "attention.output.dense", "intermediate.dense", "output.dense")
    }
    smooth = build_graph(bert, peaks).SerializeToString()
    assert smooth != build_graph(bert, {}).SerializeToString()
    np.testing.assert_allclose(run(smooth, ids), wanted, atol=1e-5)


def test_the_reference_attends_to_order_and_context(folder):
    """Guards the twin itself: position and attention must matter."""
    bert = read_bert(folder)
    forward, backward = embed_reference(bert, np.arange(9)), embed_reference(bert, np.arange(9)[::-1])
    assert forward @ backward < 0.999


def test_converts_to_int8(folder, tmp_path):
    cosine = convert(folder, tmp_path / "int8.onnx")
    assert 0.99 <= cosine < 1
    ids = np.arange(15)
    ours = run((tmp_path / "int8.onnx").read_bytes(), ids)
    assert ours @ embed_reference(read_bert(folder), ids) > 0.98


def test_refuses_what_quantisation_spoils(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(minilm_onnx, "MIN_COSINE", 1.1)
    with pytest.raises(ValueError, match="too far from float32"):
        convert(folder, tmp_path / "int8.onnx")
    assert not (tmp_path / "int8.onnx").exists()
