"""Synthetic GGUF: tensors of the published types and sizes, noise of the right spread; llama.cpp takes it."""

from __future__ import annotations

import math
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from models.catalogue import catalogue
from models.synthesize.marker import NOTICE, is_synthetic

package = pytest.importorskip("gguf")
gguf = pytest.importorskip("models.synthesize.gguf")

PROGRAM = """
import sys, llama_cpp
model = llama_cpp.Llama(sys.argv[1], n_ctx=64, verbose=False, n_threads=1)
text = b"<|im_start|>user\\nI want to pay my bill<|im_end|>\\n"
tokens = model.tokenize(text, add_bos=False, special=True)
assert model.detokenize(tokens, special=True) == text, tokens
assert len(tokens) < len(text) / 2, tokens
model.eval(tokens)
assert model.n_tokens == len(tokens)
assert 0 <= model.sample(temp=0) < model.n_vocab()
"""


@pytest.fixture(scope="module", params=["Q4_K_M", "Q8_0", "F16"])
def file(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("gguf") / f"{request.param}.gguf"
    gguf.write("toy", file, quantisation=request.param)
    return file


def test_weights_are_noise_of_the_spread_of_trained_ones(file):
    for tensor in package.GGUFReader(file).tensors:
        weights = package.dequantize(tensor.data, tensor.tensor_type)
        assert np.isfinite(weights).all()
        if tensor.name.endswith("norm.weight"):
            assert (weights == 1).all()
        elif tensor.name.endswith(".bias"):
            assert not weights.any()
        else:
            assert weights.std() == pytest.approx(0.02, rel=0.05), tensor.name
            assert abs(weights.mean()) < 0.002, tensor.name


@pytest.mark.skipif(find_spec("llama_cpp") is None, reason="needs llama-cpp-python")
def test_llama_cpp_reads_and_continues(file):
    subprocess.run([sys.executable, "-c", PROGRAM, str(file)], check=True, timeout=60)


def test_it_says_what_it_is(file):
    assert is_synthetic(file)
    fields = package.GGUFReader(file).fields
    assert NOTICE in fields["voicecore.synthetic"].contents()
    assert "(synthetic)" in fields["general.name"].contents()


def test_the_same_seed_makes_the_same_file(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        gguf.write("toy", tmp_path / name, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


@pytest.mark.parametrize("model", [m for m in catalogue() if m.kind == "llm"], ids=lambda m: m.name)
def test_as_large_as_the_published_file(model):
    """The tensors, to the byte; what a real file has on top is its vocabulary and metadata, some 6 MB."""
    shape = gguf.SHAPES[model.shape.removeprefix("gguf/")]
    size = 0
    for name, dimensions in gguf._tensors(shape):
        elements, bytes_ = gguf.BLOCKS[gguf._type(shape, name, dimensions, model.quantisation)]
        size += math.prod(dimensions) // elements * bytes_
    assert 5.5e6 < model.size - size < 6.5e6


def test_the_vocabulary_of_another_model_is_cut_to_size_and_keeps_the_markers(tmp_path):
    large = gguf.syllables(5000)
    gguf.write("toy", tmp_path / "toy.gguf", vocabulary=large)
    fields = package.GGUFReader(tmp_path / "toy.gguf").fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert len(tokens) == 2048
    assert tokens[-3:] == list(gguf.SPECIALS)
    assert tokens[:2045] == list(large.tokens[:2045])
    made = {merge.replace(" ", "") for merge in fields["tokenizer.ggml.merges"].contents()}
    assert made <= set(tokens)
