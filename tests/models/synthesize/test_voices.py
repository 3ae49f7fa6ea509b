"""Synthetic Piper and Kokoro: onnxruntime takes them, times add up, and they are as loud as speech."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from models.session import open_session
from models.synthesize import kokoro, vits
from models.synthesize.graph import Graph
from models.synthesize.marker import NOTICE, is_synthetic

SCALES = np.array([0.667, 1, 0.8], np.float32)


@pytest.fixture(scope="module")
def piper(tmp_path_factory):
    file = tmp_path_factory.mktemp("piper") / "voice.onnx"
    vits.write("toy", file)
    return file


@pytest.fixture(scope="module")
def kokoro_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kokoro")
    kokoro.write("toy", folder)
    return folder


def speak(session, ids, scales=SCALES):
    lengths = np.array([ids.shape[1]] * len(ids))
    return session.run(None, {"input": ids, "input_lengths": lengths, "scales": scales})


class TestPiper:
    @pytest.mark.parametrize("phonemes", [1, 2, 4, 5, 6, 80])
    def test_durations_give_the_length(self, piper, phonemes):
        session = open_session(piper, taps=["/Ceil_output_0"])
        ids = np.random.default_rng(0).integers(0, 150, (1, phonemes))
        sound, frames = speak(session, ids)
        assert sound.shape == (1, 1, 1, int(frames.sum()) * 256)
        assert np.isfinite(sound).all()
        assert (frames >= 1).all()
        assert (frames == np.round(frames)).all()

    def test_paced_and_loud_like_speech(self, piper):
        sound, *_ = speak(open_session(piper), np.random.default_rng(0).integers(0, 150, (1, 300)))
        assert 2.5 < sound.size / 256 / 300 < 5
        assert 0.02 < sound.std() < 0.5
        assert np.abs(sound).max() < 1

    def test_length_and_noise_are_scaled(self, piper):
        session, ids = open_session(piper), np.random.default_rng(0).integers(0, 150, (1, 100))
        still = np.array([0, 1, 0], np.float32)
        one, two = speak(session, ids, still)[0], speak(session, ids, still)[0]
        assert np.array_equal(one, two)
        slow = speak(session, ids, np.array([0, 2, 0], np.float32))[0]
        assert 1.5 < slow.size / one.size < 2

    def test_named_as_pipers_exports(self, piper):
        graph = onnx.load(piper).graph
        assert [value.name for value in graph.input] == ["input", "input_lengths", "scales"]
        assert [value.name for value in graph.output] == ["output"]
        assert sum(node.op_type == "Ceil" for node in graph.node) == 1
        (cut,) = (node for node in graph.node if node.name == "/dec/conv_pre/Conv")
        assert [a.ints for a in cut.attribute if a.name == "kernel_shape"] == [[7]]
        voice = json.loads(piper.with_name("voice.onnx.json").read_text())
        ids = voice["phoneme_id_map"]
        assert (ids["_"], ids["^"], ids["$"], ids["ə"], ids["ˈ"]) == ([0], [1], [2], [59], [120])
        assert len(ids) == 154

    def test_medium_is_as_large_as_the_published(self, tmp_path):
        vits.write("medium", tmp_path / "voice.onnx")
        assert (tmp_path / "voice.onnx").stat().st_size == pytest.approx(63_531_379, rel=0.02)


class TestKokoro:
    def run(self, folder, phonemes, speed=1.0):
        session = open_session(folder / "model.onnx")
        styles = np.fromfile(folder / "voices" / "af_heart.bin", "<f4").reshape(510, 1, 256)
        ids = np.random.default_rng(0).integers(1, 178, (1, phonemes))
        feeds = {"input_ids": ids, "style": styles[phonemes], "speed": np.array([speed], np.float32)}
        return session.run(["waveform", "duration"], feeds)

    @pytest.mark.parametrize("phonemes", [3, 7, 60])
    def test_durations_give_the_length(self, kokoro_folder, phonemes):
        sound, frames = self.run(kokoro_folder, phonemes)
        assert frames.shape == (phonemes,)
        assert sound.shape == (1, int(frames.sum()) * 600)
        assert np.isfinite(sound).all()
        assert 0.005 < sound.std() < 0.5

    def test_faster_is_shorter(self, kokoro_folder):
        assert self.run(kokoro_folder, 60, 2.0)[0].size < 0.8 * self.run(kokoro_folder, 60)[0].size

    def test_the_vocabulary_is_the_published(self, kokoro_folder):
        tokens = json.loads((kokoro_folder / "tokenizer.json").read_text())["model"]["vocab"]
        known = {"$": 0, " ": 16, "a": 43, "z": 68, "ɑ": 69, "ə": 83, "ˈ": 156, "ː": 158, "ᵻ": 177}
        assert {symbol: tokens[symbol] for symbol in known} == known
        assert len(set(tokens.values())) == len(tokens) == 115
        assert json.loads((kokoro_folder / "config.json").read_text())["vocab"].items() <= tokens.items()


@pytest.mark.parametrize("kind", ["piper", "kokoro_folder"])
def test_they_say_what_they_are(kind, request):
    path = request.getfixturevalue(kind)
    assert is_synthetic(path)
    file = path if path.is_file() else path / "model.onnx"
    metadata = ort.InferenceSession(file).get_modelmeta().custom_metadata_map
    assert metadata["synthetic"].startswith(NOTICE)


def test_the_same_seed_makes_the_same_voice(piper, kokoro_folder, tmp_path):
    vits.write("toy", tmp_path / "voice.onnx")
    assert (tmp_path / "voice.onnx").read_bytes() == piper.read_bytes()
    kokoro.write("toy", tmp_path / "k", seed=1)
    assert (tmp_path / "k" / "model.onnx").read_bytes() != (kokoro_folder / "model.onnx").read_bytes()


def test_equal_constants_are_kept_once_and_unequal_types_are_not():
    g = Graph(0)
    assert g.constant([1, 2]) == g.constant((1, 2))
    assert len({g.constant(1), g.constant(1.0), g.constant([1]), g.constant(True)}) == 4
