"""espeak-ng as the agent's voice: a mark for every word as written, clean edges, one level, no surprises."""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.tts_espeak import PIECE, EspeakTts, active_level, audible, pieces, place
from voicecore.errors import ConfigError
from voicecore.types import RATE

VOICES = ["en-us", "en-gb", "en-us+klatt4", "en-gb+f2", "de", "fr"]
SENTENCE = "Your invoice, number 42, is due on Friday."
LEXICON = {"Northwind": "North wind", "Zoë": "[[z'oUi]]", "um": ""}


@pytest.fixture(scope="module")
def tts():
    return EspeakTts(lexicon=LEXICON)


def speak(tts, text):
    chunks = list(tts.synthesize(text))
    pcm = np.concatenate([np.zeros(0, np.int16), *(chunk.pcm for chunk in chunks)])
    return pcm, [mark for chunk in chunks for mark in chunk.marks]


def words(text):
    """Whatever stands between blanks or dashes and has a letter or digit in it."""
    return [word for word in re.split(r"[\s—–]+", text) if any(map(str.isalnum, word))]


TEXTS = [
    "It's forty-two, $5 or £12.50; e.g. at 5 o'clock.",
    "Dr. Smith paid 1,234,567 on 12/05/2024 at 9 a.m. & 50% #12 A1B2C3 yes/no",
    "Ünïcode café — déjà vu, Zoë! 東京 \U0001f642 naïve",
    "Northwind, NORTHWIND and Northwind's: um, Zoë?",
    "wait...what?! 'quoted' (paren) \"dq\" [[h@l'oU]] <break/> ... -- !",
    "yes—no 10–20 —",
    "a",
    " \n\t leading and\r\n\r\ntrailing \n",
    "x" * 400 + " end",
    "1" * 200 + " 2",
]


@pytest.mark.parametrize("text", TEXTS)
def test_every_word_has_one_mark(tts, text):
    pcm, marks = speak(tts, text)
    assert [text[slice(*mark.chars)] for mark in marks] == words(text)
    samples = [mark.sample for mark in marks]
    assert samples == sorted(samples)
    assert samples[0] >= 0
    assert samples[-1] < len(pcm)


@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(
            st.sampled_from([*" ..,?-'[]", "Zoë", "Northwind", "42", "$5", "e.g.", "é", "東", " a", "\x01"])
        ).map("".join),
    )
)
@example("\x00\ud800\x01")
@example("’’ ½")
@settings(max_examples=60, deadline=None)
def test_any_text_gets_its_marks(tts, text):
    written = 0
    marks = []
    for chunk in tts.synthesize(text):
        assert all(written <= mark.sample < written + len(chunk.pcm) for mark in chunk.marks)
        written += len(chunk.pcm)
        marks += chunk.marks
    assert [text[slice(*mark.chars)] for mark in marks] == words(text)
    assert all(a.sample <= b.sample for a, b in itertools.pairwise(marks))


@pytest.mark.parametrize(
    "before", ["Stop.", "Ünïcödé çafé.", "Zoë Northwind.", "$1,000.", "東京.", "[[x]] \U0001f642."]
)
def test_a_mark_is_where_the_sound_begins(tts, before):
    pcm, marks = speak(tts, f"{before} Go.")
    assert len(marks) == len(words(before)) + 1
    at = marks[-1].sample
    assert np.abs(pcm[at - RATE // 20 : at]).max() < 400
    assert np.abs(pcm[at : at + RATE // 10]).max() > 4000


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize(("text", "within_db"), [(SENTENCE, 1.5), ("Yes.", 4), ("Four, five, six?", 4)])
def test_edges_and_level(voice, text, within_db):
    pcm, _ = speak(EspeakTts(voice), text)
    start, end = audible(pcm)
    assert start <= RATE // 100
    assert RATE * 80 // 1000 <= len(pcm) - end <= RATE * 120 // 1000
    assert 20 * np.log10(active_level(pcm.astype(np.float32), RATE)) == pytest.approx(-20, abs=within_db)
    assert np.abs(pcm.astype(int)).max() < 32_000


@pytest.mark.parametrize("text", ["", " ", "...", "?! —", "\x00\x01", "\U0001f642", "&"])
def test_nothing_to_say(tts, text):
    assert list(tts.synthesize(text)) == []


def test_speaks_as_told():
    slow, fast = (len(speak(EspeakTts(rate=rate), SENTENCE)[0]) for rate in (110, 220))
    assert slow > 1.5 * fast
    high, normal = (speak(EspeakTts(pitch=pitch), SENTENCE)[0] for pitch in (90, 50))
    assert _pitch(high) > 1.2 * _pitch(normal)


def _pitch(pcm):
    """Hz, by the strongest autocorrelation of the loudest 100 ms."""
    blocks = pcm[: len(pcm) // 1600 * 1600].reshape(-1, 1600).astype(float)
    block = blocks[(blocks**2).sum(1).argmax()]
    similar = np.correlate(block, block, "full")[1600 - 1 :]
    return RATE / (40 + similar[40:400].argmax())


@pytest.mark.parametrize(
    ("respelling", "sounds_like"),
    [("North wind", "North wind is here."), ("[[z'oUi]]", "Zoë is here."), ("", "is here.")],
)
def test_lexicon_changes_the_sound_and_not_the_words(respelling, sounds_like):
    pcm, marks = speak(EspeakTts(lexicon={"Northwynde": respelling}), "Northwynde is here.")
    np.testing.assert_array_equal(pcm, speak(EspeakTts(), sounds_like)[0])
    assert [mark.chars for mark in marks] == [(0, 10), (11, 13), (14, 19)]


RESPELLED = {
    "IBAN": "eye ban",
    "Dr.": "doctor",
    "kWh": "kilowatt hours",
    "New York": "Noo York",
    "as soon as possible": "asap",
    "e.g.": "for example",
}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Your IBAN is ready.", "Your |eye ban |is |ready."),
        ("Ask Dr. Smith about 120 kWh today.", "Ask |doctor |Smith |about |120 |kilowatt hours |today."),
        ("From New York, please call.", "From |Noo |York, |please |call."),
        ("Pay as soon as possible, please.", "Pay |asap, ||||please."),
        ("It is £12.50 for 5 kWh.", "It |is |£12.50 |for |5 |kilowatt hours."),
        ("Fruit, e.g. plums.", "Fruit, |for example |plums."),
    ],
)
def test_marks_lie_where_the_respelled_words_begin(written, spoken):
    """``|``: where a word as written begins in what is spoken."""
    pcm, marks = speak(EspeakTts(lexicon=RESPELLED), written)
    plain, told = speak(EspeakTts(), spoken.replace("|", ""))
    np.testing.assert_array_equal(pcm, plain)
    begins = [0, *np.cumsum([len(part) for part in spoken.split("|")[:-1]]).tolist()]
    by_letter = {mark.chars[0]: mark.sample for mark in told}
    assert [mark.sample for mark in marks] == [by_letter[at] for at in begins]


def test_text_gives_no_commands():
    """Neither phonemes nor the engine's embedded commands (control A) get through."""
    tts = EspeakTts()
    said, _ = speak(tts, "hello \x0190S\x01 there")
    np.testing.assert_array_equal(said, speak(tts, "hello  90S  there")[0])
    said, _ = speak(tts, "say [[h@]]")
    np.testing.assert_array_equal(said, speak(tts, "say ((h@))")[0])


def test_instances_do_not_hear_each_other():
    speakers = [EspeakTts(voice) for voice in VOICES]
    alone = [speak(speaker, SENTENCE)[0] for speaker in speakers]
    assert len({pcm.tobytes() for pcm in alone}) == len(VOICES)
    open_ones = [speaker.synthesize(SENTENCE) for speaker in speakers]
    firsts = [next(speech).pcm for speech in open_ones]
    for pcm, first, speech in zip(alone, firsts, open_ones, strict=True):
        np.testing.assert_array_equal(pcm, np.concatenate([first, *(chunk.pcm for chunk in speech)]))
    with ThreadPoolExecutor(3) as pool:
        for i, pcm in enumerate(pool.map(lambda tts: speak(tts, SENTENCE)[0], speakers * 3)):
            np.testing.assert_array_equal(pcm, alone[i % len(VOICES)])


def test_a_long_text_comes_in_pieces_and_may_be_left(tts):
    text = " ".join([SENTENCE] * 10)
    speech = tts.synthesize(text)
    first = next(speech)
    assert [text[slice(*mark.chars)] for mark in first.marks] == words(text[: first.marks[-1].chars[1]])
    assert len(first.pcm) < 15 * RATE
    speech.close()
    assert next(speech, None) is None
    pcm, marks = speak(tts, text)
    assert len(marks) == 80
    sentences = [mark.sample for mark in marks[::8]]
    gaps = np.diff([*sentences, len(pcm)])
    assert gaps[:-1].max() - gaps[:-1].min() < RATE // 10
    np.testing.assert_array_equal(pcm[: len(first.pcm)], first.pcm)


@pytest.mark.parametrize(
    ("options", "code"),
    [({"voice": "nobody"}, "unknown-voice"), ({"lexicon": {"a": "[[b"}}, "bad-lexicon")],
)
def test_wrong_options(options, code):
    with pytest.raises(ConfigError) as caught:
        EspeakTts(**options)
    assert caught.value.code == code


@given(st.lists(st.sampled_from(["word", " ", "a" * 100, ". ", ", ", "\n", "?", "x" * 300])).map("".join))
def test_pieces_part_the_text_between_words(text):
    spans = list(pieces(text))
    assert "".join(text[slice(*span)] for span in spans) == text
    assert all(end - start <= PIECE or len(text[start:end].split()) == 1 for start, end in spans)
    assert all(text[end - 1].isspace() for _, end in spans[:-1])


def test_pieces_end_with_sentences_then_clauses_then_words():
    sentence, clause, word = "a" * 60 + ". ", "b" * 50 + ", ", "c" * 40 + " "
    text = sentence + clause * 6 + word * 8
    parts = [text[slice(*span)] for span in pieces(text)]
    assert parts == [sentence, clause * 3, clause * 3, word * 3, word * 3, word * 2]


@pytest.mark.parametrize(
    ("events", "at"),
    [
        ([(0, 0), (4, 100), (8, 200)], [0, 100, 200]),
        ([(0, 0), (1, 50), (4, 100), (5, 150), (8, 200)], [0, 100, 200]),
        ([(0, 0), (8, 200)], [0, 200, 200]),
        ([(4, 120)], [0, 120, 300]),
        ([], [25, 125, 225]),
        ([(0, 0), (3, 90), (4, 100), (99, 7), (8, 200)], [0, 100, 200]),
        ([(8, 200), (0, 210), (4, 220)], [210, 220, 220]),
    ],
)
def test_words_without_an_event_begin_with_the_next(events, at):
    assert place([(0, 3), (4, 7), (8, 11)], events, (0, 11), 300).tolist() == at
