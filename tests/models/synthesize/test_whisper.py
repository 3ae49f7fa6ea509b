"""Synthetic Whisper: CTranslate2 takes it for a multilingual one, and its ids are the published."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.synthesize.marker import is_synthetic

ctranslate2 = pytest.importorskip("ctranslate2")
tokenizers = pytest.importorskip("tokenizers")
whisper = pytest.importorskip("models.synthesize.whisper")

END, START, ENGLISH, TRANSCRIBE, SILENT_TIMES, FIRST_TIME = 50257, 50258, 50259, 50359, 50363, 50364


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    whisper.write("toy", folder)
    return folder


def test_it_hears_and_writes(folder):
    model = ctranslate2.models.Whisper(str(folder), compute_type="int8", intra_threads=1)
    assert model.is_multilingual
    assert model.n_mels == 80
    mel = np.random.default_rng(0).standard_normal((2, 80, 500), np.float32)
    encoded = model.encode(ctranslate2.StorageView.from_array(mel))
    assert encoded.shape == [2, 250, 32]
    prompt = [START, ENGLISH, TRANSCRIBE, SILENT_TIMES]
    first, second = model.generate(encoded, [prompt] * 2, max_length=24, return_no_speech_prob=True)
    assert len(first.sequences_ids[0]) == 24 // 2, (
        "it never ends by itself: half of max_length is the prompt's"
    )
    assert all(token < START for token in (*first.sequences_ids[0], *second.sequences_ids[0]))
    assert 0 <= first.no_speech_prob <= 1
    ((language, chance), *_) = model.detect_language(encoded)[0]
    assert language.startswith("<|")
    assert 0 < chance < 1


def test_the_ids_are_the_published(folder):
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    names = ("endoftext", "startoftranscript", "en", "transcribe", "notimestamps", "0.00", "30.00")
    ids = (END, START, ENGLISH, TRANSCRIBE, SILENT_TIMES, FIRST_TIME, 51864)
    assert [tokenizer.token_to_id(f"<|{name}|>") for name in names] == list(ids)
    text = " I want to pay my bill, please: 42 €."
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert json.loads((folder / "vocabulary.json").read_text())[50256] == "", "a multilingual one has it"


@pytest.mark.parametrize(("shape", "size"), [("tiny", 51865), ("large-v3-turbo", 51866), ("large-v3", 51866)])
def test_vocabularies_have_the_published_size(shape, size):
    assert whisper.SHAPES[shape].vocabulary == size


def test_tiny_is_as_large_as_the_published_file(tmp_path):
    whisper.write("tiny", tmp_path, quantisation="float16")
    assert (tmp_path / "model.bin").stat().st_size == pytest.approx(75_538_270, rel=0.002)


def test_it_says_what_it_is_and_is_the_same_for_the_same_seed(folder, tmp_path):
    assert is_synthetic(folder)
    whisper.write("toy", tmp_path / "same")
    whisper.write("toy", tmp_path / "other", seed=1)
    first = (folder / "model.bin").read_bytes()
    assert (tmp_path / "same" / "model.bin").read_bytes() == first
    assert (tmp_path / "other" / "model.bin").read_bytes() != first


@pytest.mark.parametrize("quantisation", ["int8", "int8_float16", "float16", "float32"])
def test_every_quantisation_loads(tmp_path, quantisation):
    whisper.write("toy", tmp_path, quantisation=quantisation)
    ctranslate2.models.Whisper(str(tmp_path), compute_type="int8")
