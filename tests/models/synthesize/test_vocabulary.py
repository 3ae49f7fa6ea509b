"""Vocabularies: every merge makes a token, every byte has one, sizes are what is asked for."""

from __future__ import annotations

import pytest

from models.synthesize.vocabulary import byte_alphabet, read_vocabulary, syllables
from voicecore.errors import EngineError


def test_the_alphabet_is_gpt2s():
    alphabet = byte_alphabet()
    assert len(set(alphabet)) == 256
    assert alphabet[:3] == ("!", '"', "#")
    assert alphabet[-1] == "Ń"
    assert "Ġ" in alphabet
    assert "Ċ" in alphabet


@pytest.mark.parametrize("size", [256, 300, 2048, 50256, 151933])
def test_every_token_is_a_byte_or_a_merge_of_earlier_ones(size):
    vocabulary = syllables(size)
    assert len(vocabulary.tokens) == len(set(vocabulary.tokens)) == size
    known = set(byte_alphabet())
    for left, right in vocabulary.merges:
        assert left in known
        assert right in known
        known.add(left + right)
    assert known == set(vocabulary.tokens)


def test_fewer_than_the_bytes_cannot_be():
    with pytest.raises(ValueError, match="256"):
        syllables(255)


def test_cut_and_padded_to_a_models_size():
    vocabulary = syllables(300)
    assert vocabulary.sized(280, "x") == vocabulary.tokens[:280]
    assert vocabulary.sized(302, "x")[-2:] == ("<|x-0|>", "<|x-1|>")
    assert len(vocabulary.known_merges(280)) == 24


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model"])
def test_a_file_without_a_vocabulary(tmp_path, content):
    pytest.importorskip("gguf")
    (tmp_path / "v.gguf").write_bytes(content)
    with pytest.raises(EngineError, match="model-broken"):
        read_vocabulary(tmp_path / "v.gguf")


def test_read_back_from_a_model(tmp_path):
    gguf = pytest.importorskip("models.synthesize.gguf")
    gguf.write("toy", tmp_path / "toy.gguf", quantisation="Q8_0")
    read = read_vocabulary(tmp_path / "toy.gguf")
    assert read.tokens[:300] == syllables(300).tokens
    assert read.merges[:44] == syllables(300).merges
    assert read.pre == "qwen2"
    gguf.write("toy", tmp_path / "again.gguf", quantisation="Q8_0", vocabulary=read)
    assert read_vocabulary(tmp_path / "again.gguf").tokens == read.tokens
