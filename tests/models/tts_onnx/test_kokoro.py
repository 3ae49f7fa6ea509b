"""Kokoro by its files: voices in both layouts, its notation, long numbers, what it refuses."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from models.espeak import Group
from models.tts_onnx.kokoro import MOST, KokoroVoice, phonemes
from voicecore.errors import ConfigError, EngineError

TEXT = "Your invoice, number 42, is due on Friday."


@pytest.fixture(scope="module")
def voice(toy_kokoro):
    return KokoroVoice(toy_kokoro, "af_heart")


def test_renders_with_a_start_for_each_group(voice, transcribe):
    groups = transcribe(TEXT, "^")
    rendering = voice.render(groups, 1.0)
    assert len(rendering.starts) == len(groups)
    assert list(rendering.starts) == sorted(set(rendering.starts))
    assert 0 < rendering.starts[0] < rendering.starts[-1] < rendering.samples
    assert all(start % 600 == 0 for start in rendering.starts)
    assert sum(map(len, rendering.sounds)) == rendering.samples


def test_the_same_text_sounds_the_same(voice, transcribe):
    first, again = (np.concatenate(list(voice.render(transcribe(TEXT, "^"), 1.0).sounds)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_speed(voice, transcribe):
    slow, fast = (voice.render(transcribe(TEXT, "^"), speed).samples for speed in (0.6, 1.8))
    assert slow > 1.5 * fast


def test_more_symbols_than_the_model_takes(voice):
    groups = [Group("fˈaɪvhˈʌndɹɪd", n) for n in range(100)]
    assert len(voice.symbols(groups)[0]) > 2 * MOST
    rendering = voice.render(groups, 1.0)
    assert len(rendering.starts) == 100
    assert list(rendering.starts) == sorted(rendering.starts)
    sounds = list(rendering.sounds)
    assert len(sounds) == 3
    assert sum(map(len, sounds)) == rendering.samples


@pytest.mark.parametrize(
    ("ipa", "language", "wanted"),
    [
        ("t^ʃˈe^ɪnd^ʒ", "en-us", "ʧˈAnʤ"),
        ("həlˈo^ʊ", "en-us", "həlˈO"),
        ("həlˈə^ʊ", "en-gb", "həlˈQ"),
        ("fˈɔː^ɹɾi", "en-us", "fˈɔɹTi"),
        ("nˈʌmbɚ", "en-us", "nˈʌmbəɹ"),
        ("wˈɜːd", "en-us", "wˈɜɹd"),
        ("wˈɜːd", "en-gb", "wˈɜːd"),
        ("ðˈe^ə", "en-gb", "ðˈɛː"),
        ("bˈʌʔn\u0329", "en-us", "bˈʌtn"),
        ("pˈiːpə^l", "en-us", "pˈipᵊl"),
        ("ma^ɪnt", "de", "mInt"),
        ("ˈaɪbæn", "en-us", "ˈIbæn"),
        ("kˈæts", "en-us", "kˈæts"),
        ("tʃˈeɪndʒ", "en-us", "ʧˈAnʤ"),
    ],
)
def test_its_own_notation(ipa, language, wanted):
    assert phonemes(ipa, language) == wanted


def test_letters_are_all_in_the_vocabulary(voice, transcribe):
    text = "The quick brown fox jumps over the lazy dog; she measured thirty-one pure joys, though! Button?"
    for group in transcribe(text, "^"):
        said = phonemes(group.ipa, "en-us")
        assert set(said) <= voice._vocabulary.keys(), said


@pytest.fixture
def folder(tmp_path, toy_kokoro):
    for name in ("model.onnx", "config.json"):
        shutil.copy(toy_kokoro / name, tmp_path)
    return tmp_path


def styles(value):
    return np.full((510, 1, 256), value, np.float32)


def archive(folder, **voices):
    with (folder / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **voices)


@pytest.mark.parametrize(
    ("asked", "found", "language"),
    [
        ("am_adam", "am_adam", "en-us"),
        ("en-us", "af_heart", "en-us"),
        ("en-gb", "bm_george", "en-gb"),
        ("en", "af_heart", "en-us"),
        ("en-au", "af_heart", "en-us"),
        ("fr", "ff_siwis", "fr-fr"),
    ],
)
def test_voices_in_one_file(folder, asked, found, language):
    names = ("af_sky", "af_heart", "am_adam", "bm_george", "ff_siwis", "jf_alpha")
    archive(folder, **{name: styles(nth) for nth, name in enumerate(names)})
    voice = KokoroVoice(folder, asked)
    assert voice.identity.endswith(f"/{found}")
    assert voice.language == language
    assert voice._styles[0, 0, 0] == names.index(found)


@pytest.mark.parametrize("name", ["jf_alpha", "bob", "de", "", "a"])
def test_voices_that_are_not_there(folder, name):
    archive(folder, af_heart=styles(0), jf_alpha=styles(0))
    with pytest.raises(ConfigError) as caught:
        KokoroVoice(folder, name)
    assert caught.value.code == "unknown-voice"
    assert "known: af_heart" in str(caught.value)


def test_the_style_goes_with_the_number_of_symbols(folder, transcribe):
    table = styles(0)
    table[len(KokoroVoice.symbols(_voice(folder, table), transcribe("Yes.", "^"))[0]) - 1] = 3
    short, long = (_voice(folder, table).render(transcribe(t, "^"), 1.0) for t in ("Yes.", "Yes, it is."))
    plain = [_voice(folder, styles(0)).render(transcribe(t, "^"), 1.0) for t in ("Yes.", "Yes, it is.")]
    assert not _same(short, plain[0])
    assert _same(long, plain[1])


def _voice(folder, table):
    archive(folder, af_heart=table)
    return KokoroVoice(folder, "af_heart")


def _same(one, other):
    pairs = zip(one.sounds, other.sounds, strict=True)
    return all(len(a) == len(b) and np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "model-missing"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"none"), "model-broken"),
        (lambda folder: (folder / "config.json").unlink(), "model-missing"),
        (lambda folder: (folder / "config.json").write_text(json.dumps({"vocab": 1})), "model-broken"),
        (lambda folder: (folder / "voices-v1.0.bin").unlink(), "model-missing"),
        (lambda folder: (folder / "voices-v1.0.bin").write_bytes(b"none"), "model-broken"),
        (lambda folder: archive(folder, af_heart=np.zeros(7, np.float32)), "model-broken"),
        (lambda folder: archive(folder, af_heart=np.zeros((0, 1, 256), np.float32)), "model-broken"),
    ],
)
def test_files_that_are_missing_or_broken(folder, spoil, code):
    archive(folder, af_heart=styles(0))
    spoil(folder)
    with pytest.raises(EngineError) as caught:
        KokoroVoice(folder, "af_heart")
    assert caught.value.code == code
