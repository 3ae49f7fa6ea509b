"""Fixed phrases: the same speech again, at once, from a folder that never grows beyond its bound."""

from __future__ import annotations

import os

import numpy as np
import pytest

from models.tts_onnx.phrases import CachedTts, PhraseStore
from voicecore.errors import EngineError
from voicecore.ports import Tts
from voicecore.types import SpeechChunk, WordMark

FIXED = "One moment, please."


class Speaker:
    """Two chunks for any text; counts them."""

    def __init__(self):
        self.made = 0

    def synthesize(self, text):
        for n in range(2):
            self.made += 1
            yield SpeechChunk(np.full(100, n + 1, np.int16), (WordMark((n, n + 1), 100 * n),))


@pytest.fixture
def store(tmp_path):
    return PhraseStore(tmp_path / "phrases")


def speak(tts, text=FIXED):
    chunks = list(tts.synthesize(text))
    marks = [mark for chunk in chunks for mark in chunk.marks]
    return np.concatenate([chunk.pcm for chunk in chunks]).tolist(), marks, len(chunks)


def test_the_second_time_nothing_is_synthesised(store):
    speaker = Speaker()
    tts = CachedTts(speaker, "voice", [FIXED], store)
    assert isinstance(tts, Tts)
    first, second = speak(tts), speak(tts)
    assert first[:2] == second[:2]
    assert (first[2], second[2]) == (2, 1)
    assert speaker.made == 2
    fresh = CachedTts(speaker, "voice", [FIXED], PhraseStore(store._folder))
    assert speak(fresh)[:2] == first[:2]
    assert speaker.made == 2


def test_only_fixed_phrases_reach_the_disk(store):
    tts = CachedTts(Speaker(), "voice", [FIXED], store)
    speak(tts, "Your balance is 5 euros, Ms. Smith.")
    assert list(store._folder.iterdir()) == []


def test_another_voice_is_another_phrase(store):
    speaker = Speaker()
    for identity in ("one", "other"):
        speak(CachedTts(speaker, identity, [FIXED], store))
    assert speaker.made == 4


def test_a_phrase_that_was_broken_off_is_not_kept(store):
    speech = CachedTts(Speaker(), "voice", [FIXED], store).synthesize(FIXED)
    next(speech)
    speech.close()
    assert list(store._folder.iterdir()) == []


def test_warms_what_is_absent(store):
    tts = CachedTts(Speaker(), "voice", [FIXED, "Hello."], store)
    speak(tts, "Hello.")
    assert tts.warm() == 1
    assert tts.warm() == 0


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"\x00" * 500])
def test_a_damaged_file_is_made_anew(store, damage):
    speaker = Speaker()
    tts = CachedTts(speaker, "voice", [FIXED], store)
    first = speak(tts)
    (file,) = store._folder.iterdir()
    file.write_bytes(damage)
    assert speak(tts)[:2] == first[:2]
    assert speaker.made == 4
    assert speak(tts)[2] == 1


def test_the_longest_unused_goes_first(tmp_path):
    store = PhraseStore(tmp_path, limit_mb=1)
    chunk = SpeechChunk(np.zeros(150_000, np.int16))
    for nth, key in enumerate("abc"):
        store.put(key, chunk)
        os.utime(store._file(key), (nth, nth))
    store.get("a")
    store.put("d", chunk)
    assert [store.get(key) is not None for key in "abcd"] == [True, False, True, True]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 1 << 20


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError) as caught:
        PhraseStore(tmp_path / "file" / "phrases")
    assert caught.value.code == "cache-unwritable"
