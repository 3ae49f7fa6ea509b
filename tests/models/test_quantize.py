"""Quantisation by the real llama.cpp, over a tiny synthetic model."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from models.catalogue import is_synthetic, model_folder, read_receipt
from models.quantize import quantize
from models.synthesize.marker import is_synthetic as is_marked
from voicecore.errors import ConfigError, EngineError

needs_llama = pytest.mark.skipif(find_spec("llama_cpp") is None, reason="needs llama-cpp-python")


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """A toy of 16 bits."""
    gguf = pytest.importorskip("models.synthesize.gguf")
    file = tmp_path_factory.mktemp("half") / "half.gguf"
    gguf.write("toy", file, quantisation="F16")
    return file


@needs_llama
def test_makes_it_smaller_and_keeps_the_mark(half, tmp_path):
    reader = pytest.importorskip("gguf").GGUFReader
    quantize(str(half), "ours", tmp_path, "Q4_K_M")
    folder = model_folder("ours", tmp_path)
    file = folder / "model.gguf"
    assert file.stat().st_size < half.stat().st_size / 2
    assert is_marked(file)
    assert not is_synthetic("ours", tmp_path), "the receipt says that it was made here"
    assert list(read_receipt(folder)["source"]["made"]["from"]) == ["half.gguf"]
    kinds = {tensor.name: tensor.tensor_type.name for tensor in reader(file).tensors}
    assert kinds["blk.0.attn_q.weight"] == "Q4_K"
    assert kinds["token_embd.weight"] == "Q6_K"


@needs_llama
def test_what_is_quantised_already_is_refused(half, tmp_path):
    quantize(str(half), "eight", tmp_path, "Q8_0")
    with pytest.raises(EngineError, match="model-conversion-failed"):
        quantize("eight", "four", tmp_path, "Q4_K_M")
    assert not (tmp_path / "four").exists()


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\3\4 something"])
def test_what_is_no_gguf_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ConfigError, match="not-a-gguf"):
        quantize(str(tmp_path / "file"), "ours", tmp_path / "data")


def test_refuses_names_types_and_models_at_the_door(tmp_path):
    with pytest.raises(ConfigError, match="bad-model-name"):
        quantize("qwen3-8b", "qwen3-8b", tmp_path)
    with pytest.raises(ConfigError, match=r"bad-quantisation.*Q4_K_M"):
        quantize("qwen3-8b", "ours", tmp_path, "Q3_X")
    with pytest.raises(EngineError, match="model-missing"):
        quantize("qwen3-8b", "ours", tmp_path)
    with pytest.raises(ConfigError, match="unknown-model"):
        quantize("nothing", "ours", tmp_path)
