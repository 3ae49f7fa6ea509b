"""A Piper voice by its files: what it refuses, how symbols become ids, how a voice is paced."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from models.espeak import Group
from models.tts_onnx.vits import VitsConfig, VitsVoice
from voicecore.errors import ConfigError, EngineError

TEXT = "Your invoice, number 42, is due on Friday, and I can put you through now."


@pytest.fixture(scope="module")
def voice(toy_vits):
    return VitsVoice(toy_vits / "toy.onnx", "en-us")


def test_renders_with_a_start_for_each_group(voice, transcribe):
    groups = transcribe(TEXT)
    rendering = voice.render(groups, 1.0)
    assert len(rendering.starts) == len(groups)
    assert list(rendering.starts) == sorted(rendering.starts)
    assert 0 < rendering.starts[0] < rendering.starts[-1] < rendering.samples
    assert sum(map(len, rendering.sounds)) == rendering.samples


def test_starts_follow_the_durations(voice, transcribe):
    groups = transcribe(TEXT)
    ids, firsts = voice.symbols(groups)
    values = voice._network.encode(ids, (0.667, 1.0, 0.8))
    durations = values[voice._network._durations].reshape(-1)
    wanted = [int(durations[:first].sum()) * 256 for first in firsts]
    assert list(voice.render(groups, 1.0).starts) == wanted


def test_speed(voice, transcribe):
    slow, fast = (voice.render(transcribe(TEXT), speed).samples for speed in (0.7, 1.6))
    assert slow > 1.6 * fast


def test_symbols_as_the_voices_were_trained(voice):
    table = voice._config.symbols
    groups = [Group("tˈuː", 0, ","), Group("ç", 4), Group("𝄞", 5, ".")]
    ids, firsts = voice.symbols(groups)
    letters = ["^", "_"]
    for letter in ["t", "ˈ", "u", "ː", ",", " ", "c", "\u0327", " ", "."]:
        letters += [letter, "_"]
    assert ids.tolist() == [table[letter][0] for letter in [*letters, "$"]]
    assert firsts == [2, 14, 20]


def test_the_same_text_sounds_the_same(voice, transcribe):
    first, again = (np.concatenate(list(voice.render(transcribe(TEXT), 1.0).sounds)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def description(folder):
    return json.loads((folder / "toy.onnx.json").read_text())


def described(tmp_path, toy_vits, **changes):
    data = description(toy_vits) | changes
    file = tmp_path / "toy.onnx.json"
    file.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))
    return file


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"audio": None}, "model-broken"),
        ({"phoneme_id_map": {"a": [1]}}, "model-broken"),
        ({"phoneme_id_map": ["a"]}, "model-broken"),
        ({"phoneme_type": "pinyin"}, "model-unsupported"),
    ],
)
def test_a_description_that_is_none(tmp_path, toy_vits, changes, code):
    with pytest.raises(EngineError) as caught:
        VitsConfig.read(described(tmp_path, toy_vits, **changes))
    assert caught.value.code == code


def test_what_may_be_left_out_of_a_description(tmp_path, toy_vits):
    file = described(tmp_path, toy_vits, inference=None, num_speakers=None, speaker_id_map=None)
    config = VitsConfig.read(file)
    assert (config.noise, config.length, config.noise_w, config.speakers) == (0.667, 1.0, 0.8, 1)


def test_speakers(tmp_path, toy_vits):
    config = VitsConfig.read(described(tmp_path, toy_vits, num_speakers=3, speaker_id_map={"anna": 2}))
    assert [config.speaker(name) for name in ("anna", "1", "en-gb", "en")] == [2, 1, 0, 0]
    for name in ("bob", "3", "de", ""):
        with pytest.raises(ConfigError) as caught:
            config.speaker(name)
        assert caught.value.code == "unknown-voice"
        assert "anna" in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / "toy.onnx").write_bytes(b"no model"), "model-broken"),
        (lambda folder: (folder / "toy.onnx").unlink(), "model-missing"),
        (lambda folder: (folder / "toy.onnx.json").unlink(), "model-missing"),
        (lambda folder: (folder / "toy.onnx.json").write_text("{"), "model-broken"),
    ],
)
def test_files_that_are_missing_or_broken(tmp_path, toy_vits, spoil, code):
    for name in ("toy.onnx", "toy.onnx.json"):
        shutil.copy(toy_vits / name, tmp_path)
    spoil(tmp_path)
    with pytest.raises(EngineError) as caught:
        VitsVoice(tmp_path / "toy.onnx", "en")
    assert caught.value.code == code
