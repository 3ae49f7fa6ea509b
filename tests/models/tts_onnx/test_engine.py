"""Neural speech as the pipeline gets it: marks, level, style, cancellation, the lexicon, the cache."""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tts_onnx import engine
from models.tts_onnx.derived import Derived
from models.tts_onnx.engine import NeuralTts, Style, kokoro, piper
from models.tts_onnx.loudness import active_level
from models.tts_onnx.vits import PARTING
from models.tts_onnx.voice import Rendering
from voicecore.audio import resample
from voicecore.errors import ConfigError, EngineError
from voicecore.ports import Tts
from voicecore.types import RATE

TEXT = "Your invoice, number 42, is due on Friday. Shall I pay it now, or not?"
LEXICON = {"IBAN": '<phoneme alphabet="ipa" ph="ˈaɪbæn">eye ban</phoneme>', "Dr.": "doctor"}


@pytest.fixture(scope="module", params=["piper", "kokoro"])
def make(request, toy_vits, toy_kokoro):
    """Makes an engine with options, each only once."""
    folder = {"piper": toy_vits, "kokoro": toy_kokoro}[request.param]
    made = {}

    def make(**options):
        key = repr(sorted(options.items()))
        if key not in made:
            made[key] = getattr(engine, request.param)(folder, **options)
        return made[key]

    return make


@pytest.fixture(scope="module")
def tts(make):
    return make(lexicon=LEXICON)


def speak(tts, text=TEXT):
    chunks = list(tts.synthesize(text))
    pcm = np.concatenate([np.zeros(0, np.int16), *(chunk.pcm for chunk in chunks)])
    return pcm, [mark for chunk in chunks for mark in chunk.marks]


def words(text):
    return [word for word in re.split(r"[\s—–]+", text) if any(map(str.isalnum, word))]


TEXTS = [
    TEXT,
    "It's forty-two, $5 or £12.50; e.g. at 5 o'clock.",
    "Dr. Smith paid 1,234,567 on 12/05/2024 at 9 a.m. & 50% #12 A1B2C3 yes/no",
    "Ünïcode café — déjà vu, Zoë! 東京 \U0001f642 naïve",
    "Your IBAN, please: the IBAN of the IBAN.",
    "wait...what?! 'quoted' (paren) [[h@l'oU]] <break/> ... -- !",
    "yes—no 10–20 —",
    "a",
    " \n\t leading and\r\n\r\ntrailing \n",
    "᚛ ᚛ᚅᚅ",
]


@pytest.mark.parametrize("text", TEXTS)
def test_every_word_has_one_mark(tts, text):
    assert isinstance(tts, Tts)
    pcm, marks = speak(tts, text)
    assert [text[slice(*mark.chars)] for mark in marks] == words(text)
    samples = [mark.sample for mark in marks]
    assert samples == sorted(samples)
    assert 0 <= samples[0] <= samples[-1] < len(pcm)


@settings(max_examples=25)
@given(st.lists(st.sampled_from([*" ..,?-'[]", "Zoë", "IBAN", "42", "$5", "e.g.", "東", " a", "\x01"])))
def test_any_text_gets_its_marks(tts, pieces):
    text = "".join(pieces)
    written, marks = 0, []
    for chunk in tts.synthesize(text):
        assert all(written <= mark.sample < written + len(chunk.pcm) for mark in chunk.marks)
        written += len(chunk.pcm)
        marks += chunk.marks
    assert [text[slice(*mark.chars)] for mark in marks] == words(text)
    assert all(a.sample <= b.sample for a, b in itertools.pairwise(marks))


@pytest.mark.parametrize("text", ["", " ", "...", "?! —", "\x00\x01"])
def test_nothing_to_say(tts, text):
    assert list(tts.synthesize(text)) == []


def test_the_first_chunk_comes_before_the_rest_is_made(tts):
    speech = tts.synthesize(TEXT * 5)
    first = next(speech)
    assert len(first.pcm) < 1.5 * RATE
    speech.close()
    assert next(speech, None) is None
    whole, _ = speak(tts, TEXT * 5)
    np.testing.assert_array_equal(whole[: len(first.pcm)], first.pcm)


def test_level_on_an_8_khz_line(make):
    for style in ({}, {"rate": 120}, {"pitch": 80}):
        pcm, _ = speak(make(**style))
        line = resample(pcm.astype(np.float32) / 32_768, RATE, 8000)
        assert active_level(line, 8000) == pytest.approx(-20, abs=2.5)
        assert np.abs(line).max() < 1


def test_edges_are_clean(tts):
    pcm, _ = speak(tts)
    heard = np.flatnonzero(np.abs(pcm.astype(int)) > 60)
    assert heard[0] <= RATE * 10 // 1000
    assert RATE * 90 // 1000 <= len(pcm) - heard[-1] <= RATE * 130 // 1000


def test_speaks_as_told(make):
    slow, usual, fast = (len(speak(make(rate=rate))[0]) for rate in (110, 165, 250))
    assert slow > 1.2 * usual > 1.3 * fast
    high = len(speak(make(pitch=99))[0])
    assert high == pytest.approx(usual, rel=0.15)


class Hum:
    """A voice that hums each group for 0.2 s, 440 Hz, then rests as long."""

    identity, rate, language, tie, parting = "hum", 24_000, "en-us", "", PARTING

    def render(self, groups, speed):
        length = int(0.4 * self.rate / speed)
        hum = np.sin(2 * np.pi * 440 * np.arange(length) / self.rate) * (np.arange(length) < length / 2)
        starts = [nth * length for nth in range(len(groups))]
        return Rendering(starts, length * len(groups), iter([hum.astype(np.float32)] * len(groups)))


@pytest.fixture
def hum(tmp_path):
    (tmp_path / "hum.onnx").write_bytes(b"hum")
    return lambda **style: NeuralTts(Hum(), Derived(tmp_path / "hum.onnx"), Style(**style))


@pytest.mark.parametrize("pitch", [0, 50, 99])
def test_pitch_changes_the_tone_and_not_the_pace(hum, pitch):
    pcm, marks = speak(hum(pitch=pitch), "one two six")
    power = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)), 8 * len(pcm)))
    hz = power.argmax() * RATE / (8 * len(pcm))
    assert hz == pytest.approx(440 * 2 ** ((pitch - 50) / 50 / 3), rel=0.01)
    assert [mark.sample / RATE for mark in marks] == pytest.approx([0, 0.4, 0.8], abs=0.01)


@pytest.mark.parametrize("rate", [110, 165, 330])
def test_marks_are_where_the_words_begin(hum, rate):
    pcm, marks = speak(hum(rate=rate), "one two, six seven. Ten five")
    assert len(marks) == 6
    for mark in marks[1:]:
        assert np.abs(pcm[mark.sample - 800 : mark.sample - 40]).max() < 60
        assert np.abs(pcm[mark.sample + 40 : mark.sample + 400]).max() > 3000


def test_the_level_is_what_was_asked_for(hum):
    for level in (-30, -20):
        pcm, _ = speak(hum(level_db=level), "0 1 2 3 4 5 6 7 8 9")
        assert active_level(pcm.astype(np.float32) / 32_768, RATE) == pytest.approx(level, abs=0.3)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"voice": "nobody"}, "unknown-voice"),
        ({"lexicon": {"a": "[[b"}}, "bad-lexicon"),
        ({"rate": 20}, "bad-style"),
        ({"pitch": 100}, "bad-style"),
        ({"device": "tpu"}, "bad-device"),
        ({"device": "cuda:x"}, "bad-device"),
    ],
)
def test_wrong_options(make, options, code):
    with pytest.raises(ConfigError) as caught:
        make(**options)
    assert caught.value.code == code


def test_respellings_change_sounds_and_not_words(make):
    pcm, marks = speak(make(lexicon={"kWh": "kilowatt hours"}), "It is 5 kWh today.")
    plain, told = speak(make(), "It is 5 kilowatt hours today.")
    np.testing.assert_array_equal(pcm, plain)
    assert [mark.chars for mark in marks] == [(0, 2), (3, 5), (6, 7), (8, 11), (12, 18)]
    assert [mark.sample for mark in marks] == [told[nth].sample for nth in (0, 1, 2, 3, 5)]


def test_a_sound_in_ipa_is_spoken(make):
    lexicon = {"IBAN": '<phoneme alphabet="ipa" ph="ˈaɪbæn"/>'}
    with_sound, _ = speak(make(lexicon=lexicon), "Your IBAN is here.")
    without, _ = speak(make(), "Your IBAN is here.")
    assert not np.array_equal(with_sound, without)


def test_several_threads_at_once(tts):
    alone, _ = speak(tts)
    with ThreadPoolExecutor(3) as pool:
        for pcm, _ in pool.map(speak, [tts] * 4):
            np.testing.assert_array_equal(pcm, alone)


def test_fixed_phrases_are_kept(make, toy_vits, toy_kokoro):
    tts = make(fixed=("One moment.",))
    first = speak(tts, "One moment.")
    assert len(list(tts.synthesize("One moment."))) == 1
    again = speak(make(fixed=("One moment.",)), "One moment.")
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]
    other = make(fixed=("One moment.",), rate=200)
    assert len(speak(other, "One moment.")[0]) < len(first[0])


def test_a_device_that_is_not_there(make):
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has CUDA")
    with pytest.raises(EngineError) as caught:
        make(device="cuda")
    assert caught.value.code == "device-missing"
    assert "onnxruntime-gpu" in str(caught.value)


def test_a_folder_without_a_model(tmp_path):
    for factory in (piper, kokoro):
        with pytest.raises(EngineError) as caught:
            factory(tmp_path)
        assert caught.value.code == "model-missing"


def test_styles_are_checked():
    assert Style() == Style(165, 50, -20)
    with pytest.raises(ConfigError):
        Style(level_db=0)
