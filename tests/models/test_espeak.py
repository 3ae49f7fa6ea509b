"""The espeak-ng library: it knows its voices, always starts afresh, and fails in our own terms."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models import espeak
from models.espeak import LIBRARY, Style
from voicecore.errors import ConfigError, EngineError

TEXT = "Number forty, please."
STYLE = Style("gmw/en-US", 150, 50)
STYLES = [STYLE, Style("gmw/en+f2", 150, 50), Style("gmw/en-US+klatt4", 180, 40), Style("gmw/de", 150, 50)]


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("en-us", "gmw/en-US"),
        ("EN-US", "gmw/en-US"),
        ("en-gb", "gmw/en"),
        ("en", "gmw/en"),
        ("English (America)", "gmw/en-US"),
        ("gmw/en-US", "gmw/en-US"),
        ("fr", "roa/fr"),
        ("en-us+klatt4", "gmw/en-US+klatt4"),
        ("en-gb+f2", "gmw/en+f2"),
        ("en-gb+Mr serious", "gmw/en+Mr serious"),
    ],
)
def test_finds_voices_and_can_use_them(name, identifier):
    assert LIBRARY.find_voice(name) == identifier
    assert len(LIBRARY.speak(Style(identifier, 150, 50), TEXT).pcm) > espeak.RATE // 2


@pytest.mark.parametrize("name", ["", "xx", "en-xx", "+f2", "en-us+", "en-us+nobody", "en-us+../mb/mb-us1"])
def test_an_unknown_voice_is_named_and_the_known_are_listed(name):
    with pytest.raises(ConfigError) as caught:
        LIBRARY.find_voice(name)
    assert caught.value.code == "unknown-voice"
    assert repr(name) in str(caught.value)
    assert ("klatt4" if name.startswith("en-us+") else "en-gb") in str(caught.value)


def test_words_are_where_the_text_has_them():
    text = "Ünïcode café, 東京 and ⅓ done"
    words = LIBRARY.speak(STYLE, text).words
    offsets = {offset for offset, _ in words}
    assert {text.index(word) for word in ("Ünï", "café", "東京", "and", "⅓", "done")} <= offsets
    assert [sample for _, sample in words] == sorted(sample for _, sample in words)


@pytest.mark.parametrize("style", STYLES)
def test_what_was_said_before_leaves_no_trace(style):
    first = LIBRARY.speak(style, TEXT)
    for other in STYLES:
        LIBRARY.prepare()
        LIBRARY.speak(other, "Something else altogether")
    LIBRARY.prepare()
    again = LIBRARY.speak(style, TEXT)
    np.testing.assert_array_equal(first.pcm, again.pcm)
    assert first.words == again.words


def test_another_process_makes_the_same_sound():
    """Of a voice made of noise: the seed is not the time of day."""
    style = Style("gmw/en-US+whisper", 150, 50)
    script = (
        "import hashlib; from models.espeak import LIBRARY, Style;"
        f"print(hashlib.sha256(LIBRARY.speak({style!r}, {TEXT!r}).pcm).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert there.strip() == hashlib.sha256(LIBRARY.speak(style, TEXT).pcm.tobytes()).hexdigest()


class _Heap(ctypes.Structure):
    """glibc's ``struct mallinfo2``."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in "abcdefghij")
    _in_use = property(lambda self: self.h + self.e)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc 2.33")
def test_loading_anew_loses_no_memory():
    def in_use():
        gc.collect()
        return libc.mallinfo2()._in_use

    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = _Heap
    used = []
    for _ in range(2):
        for i in range(60):
            LIBRARY.prepare()
            LIBRARY.speak(STYLES[i % 3], TEXT)
        used.append(in_use())
    assert used[1] - used[0] < 60 * 500


def test_threads_take_turns():
    alone = [LIBRARY.speak(style, TEXT).pcm for style in STYLES]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda style: LIBRARY.speak(style, TEXT).pcm, STYLES * 5))
    for i, pcm in enumerate(together):
        np.testing.assert_array_equal(pcm, alone[i % len(STYLES)])


def test_a_fault_in_the_callback_ends_the_synthesis(monkeypatch):
    calls = []

    def fail(*_):
        calls.append(1)
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(espeak, "string_at", fail)
        with pytest.raises(EngineError) as caught:
            LIBRARY.speak(STYLE, TEXT * 10)
    assert caught.value.code == "tts-failed"
    assert isinstance(caught.value.__cause__, MemoryError)
    assert len(calls) == 1
    assert len(LIBRARY.speak(STYLE, TEXT).pcm)


@pytest.mark.parametrize("part", ["get_data_path", "get_library_path"])
def test_a_part_that_is_not_there(monkeypatch, tmp_path, part):
    LIBRARY.speak(STYLE, TEXT)
    with monkeypatch.context() as broken:
        broken.setattr(espeak.espeakng_loader, part, lambda: str(tmp_path / "gone"))
        with pytest.raises(EngineError) as caught:
            LIBRARY.find_voice("en-us")
        LIBRARY.prepare()
    assert caught.value.code == "tts-failed"
    assert "gone" in str(caught.value)
    assert len(LIBRARY.speak(STYLE, TEXT).pcm)


def test_a_voice_that_went_away():
    with pytest.raises(EngineError, match="tts-failed"):
        LIBRARY.speak(Style("gmw/nobody", 150, 50), TEXT)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Your invoice, number 42.", "jʊɹ|Your ˈɪnvɔɪs,|invoice, nˈʌmbɚ|number fˈɔːɹɾi|42. tˈuː.|2."),
        ("Is it? No! Yes; no: ok", "ɪz|Is ɪt?|it? nˈoʊ!|No! jˈɛs;|Yes; nˈoʊ:|no: ˌoʊkˈeɪ|ok"),
        ("of the [[n'O@TwInd]] café", "ʌvðə|of nˈɔːɹθwɪnd|n'O@TwInd]] kæfˈeɪ|café"),
        ("pay 1,234 now", "pˈeɪ|pay wˈʌn|1,234 θˈaʊzənd|,234 tˈuːhˈʌndɹɪd|234 θˈɜːɾi|34 fˈɔːɹ|34 nˈaʊ|now"),
        ("", ""),
        ("...", ""),
    ],
)
def test_transcribes_with_the_place_of_each_group(text, groups):
    got = LIBRARY.transcribe(LIBRARY.find_voice("en-us"), text)
    said = [f"{g.ipa}{g.terminator}|{(text[g.offset :].split() or [''])[0]}" for g in got]
    assert " ".join(said) == groups


def test_ties_what_is_one_sound():
    voice = LIBRARY.find_voice("en-us")
    assert [group.ipa for group in LIBRARY.transcribe(voice, "my change", "^")] == ["ma^ɪ", "t^ʃˈe^ɪnd^ʒ"]


def test_flags_of_other_languages_are_left_out():
    voice = LIBRARY.find_voice("de")
    groups = LIBRARY.transcribe(voice, "Das Meeting ist um drei.")
    assert len(groups) == 5
    assert not any("(" in group.ipa for group in groups)


def test_transcribing_leaves_speech_as_it_was():
    style = Style(LIBRARY.find_voice("en-us"), 150, 50)
    before = LIBRARY.speak(style, "Good morning.").pcm
    LIBRARY.transcribe(style.voice, "Something else.")
    np.testing.assert_array_equal(LIBRARY.speak(style, "Good morning.").pcm, before)
