"""PocketSphinx on word graphs: what it hears, how sure it is, and how its decoders are kept."""

from __future__ import annotations

import gc
import logging

import numpy as np
import pytest

from models.asr_pocketsphinx import PocketsphinxAsr, voiced
from models.tts_espeak import EspeakTts
from voicecore.errors import EngineError
from voicecore.types import RATE, TICK, Expectation, SlotKind

COMMANDS = ("operator", "repeat that")
SIX = Expectation(SlotKind.DIGITS, digits=(6, 6), commands=COMMANDS)
YESNO = Expectation(SlotKind.YESNO, commands=COMMANDS)
ERRANDS = ("how much do i owe", "explain the charge", "set up a payment plan", "what are your opening hours")
OPEN = Expectation(SlotKind.OPEN, ERRANDS, COMMANDS)


@pytest.fixture(scope="module")
def asr():
    return PocketsphinxAsr()


@pytest.fixture(scope="module")
def voice():
    """Makes a caller say something after 0.4 s of near silence, and then listen."""
    tts = EspeakTts("en-us+klatt4", 150)
    pause = np.random.default_rng(1).normal(0, 20, RATE * 4 // 10).astype(np.int16)

    def say(text):
        return np.concatenate([pause, *(chunk.pcm for chunk in tts.synthesize(text)), pause])

    return say


def listen(asr, pcm, expectation, step=TICK):
    stream = asr.open(expectation)
    partials = [stream.accept(pcm[i : i + step]) for i in range(0, len(pcm), step)]
    return stream.finish(), [partial for partial in partials if partial is not None]


@pytest.mark.parametrize(
    ("expectation", "text"),
    [
        (SIX, "four one seven two nine five"),
        (SIX, "eight zero zero one three six"),
        (YESNO, "yes please"),
        (YESNO, "no that is wrong"),
        (YESNO, "repeat that"),
        *((OPEN, errand) for errand in ERRANDS),
        (Expectation(SlotKind.CHOICE, ("three payments", "four payments")), "three payments"),
        (Expectation(SlotKind.DATE), "the first of december"),
        (Expectation(SlotKind.AMOUNT), "fifty euros"),
    ],
)
def test_hears_what_it_expects(asr, voice, expectation, text):
    final, _ = listen(asr, voice(text), expectation)
    assert final.final
    assert final.text == text
    assert final.confidence > 0.5
    assert [word.text for word in final.words] == text.split()
    assert all(a.end <= b.start for a, b in zip(final.words, final.words[1:], strict=False))


@pytest.mark.parametrize("gain", [0.05, 1.3])
def test_the_callers_level_does_not_matter(asr, voice, gain):
    pcm = np.clip(voice("four one seven two nine five") * gain, -32768, 32767).astype(np.int16)
    assert listen(asr, pcm, SIX)[0].text == "four one seven two nine five"


def test_a_short_answer_before_a_long_silence(asr, voice):
    pcm = np.concatenate([voice("yes"), voice(" "), np.zeros(3 * RATE, np.int16)])
    assert listen(asr, pcm, YESNO)[0].text == "yes"


@pytest.mark.parametrize("expectation", [YESNO, Expectation()])
@pytest.mark.parametrize("samples", [0, 1, 100, TICK])
def test_next_to_no_sound(asr, expectation, samples):
    assert listen(asr, np.zeros(samples, np.int16), expectation, 1 + samples)[0].text == ""
    stream = asr.open(expectation)
    assert stream.accept(np.zeros(0, np.int16)) is None
    assert stream.finish().text == ""


def test_it_is_unsure_of_what_it_does_not_expect(asr, voice):
    good = [listen(asr, voice(errand), OPEN)[0].confidence for errand in ERRANDS]
    other = ("the train to london leaves at noon", "my brother has a green bicycle", "it is raining again")
    bad = [listen(asr, voice(text), OPEN)[0].confidence for text in other]
    assert min(good) > 0.6
    assert max(bad) < 0.3


def test_a_sentence_that_breaks_off_is_not_taken_for_a_whole_one(asr, voice):
    pcm = voice("set up a payment plan")
    broken, _ = listen(asr, pcm[: len(pcm) // 2], Expectation(SlotKind.CHOICE, ERRANDS))
    assert broken.text not in ERRANDS or broken.confidence <= 0.5


def test_partials_come_while_the_caller_speaks(asr, voice):
    pcm = voice("four one seven two nine five")
    stream = asr.open(SIX)
    early = [p for i in range(0, len(pcm) * 2 // 3, TICK) if (p := stream.accept(pcm[i : i + TICK]))]
    stream.finish()
    assert early[-1].text.startswith("four one seven")
    assert not early[-1].final


def test_dictation_when_nothing_is_expected(asr, voice):
    final, _ = listen(asr, voice("this is a test of the system"), Expectation(), RATE // 10)
    assert "test of the system" in final.text
    assert all(0 <= word.confidence <= 1 for word in final.words)


def test_decoders_are_bounded_and_used_again(voice):
    asr = PocketsphinxAsr(streams=1)
    stream = asr.open(YESNO)
    with pytest.raises(EngineError) as error:
        asr.open(SIX)
    assert error.value.code == "asr-busy"
    stream.accept(voice("yes"))
    stream.finish()
    assert listen(asr, voice("four one seven two nine five"), SIX)[0].text == "four one seven two nine five"


def test_a_stream_that_is_dropped_gives_its_decoder_back(voice):
    asr = PocketsphinxAsr(streams=1)
    stream = asr.open(YESNO)
    stream.accept(voice("four one seven two"))
    del stream
    gc.collect()
    assert listen(asr, voice("yes please"), YESNO)[0].text == "yes please"


def test_closing_frees_decoders_and_more_may_come(voice):
    asr = PocketsphinxAsr(streams=1)
    asr.open(YESNO).finish()
    asr.close()
    assert listen(asr, voice("yes please"), YESNO)[0].text == "yes please"


def test_more_grammars_than_are_kept(voice):
    asr = PocketsphinxAsr(streams=1)
    for n in range(20):
        asr.open(Expectation(SlotKind.DIGITS, digits=(1, n + 1))).finish()
    assert listen(asr, voice("yes please"), YESNO)[0].text == "yes please"


def test_a_word_without_pronunciation_is_left_out_and_logged(asr, voice, caplog):
    choice = Expectation(SlotKind.CHOICE, ("日本 tours", "bank transfer", "frobnicate the widget"))
    with caplog.at_level(logging.WARNING):
        final, _ = listen(asr, voice("bank transfer"), choice)
    assert final.text == "bank transfer"
    assert "日本" in caplog.text
    assert "frobnicate" not in caplog.text


def test_a_missing_model_says_how_to_get_it(tmp_path):
    with pytest.raises(EngineError, match="pip install") as error:
        PocketsphinxAsr(folder=tmp_path)
    assert error.value.code == "asr-missing-model"


def test_voiced_keeps_the_speech_and_a_little_around_it():
    rng = np.random.default_rng(0)
    quiet, loud = rng.normal(0, 10, RATE).astype(np.int16), rng.normal(0, 5000, RATE).astype(np.int16)
    kept = voiced(np.concatenate([quiet, loud, quiet]))
    assert RATE <= len(kept) <= RATE * 1.2
    assert len(voiced(np.zeros(100, np.int16))) == 100
    assert len(voiced(np.zeros(RATE, np.int16))) == RATE
