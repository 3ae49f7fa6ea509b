"""Readings that must not be believed, and ones that look odd but must."""

from __future__ import annotations

import pytest

from models.asr_whisper.guards import Fault, Limits, compression, judge, loop_at, unlooped
from models.asr_whisper.reading import Reading, Spoken
from voicecore.types import Word

LIMITS = Limits()


def reading(text, no_speech=0.0, log_probability=-0.3):
    spoken = tuple(Spoken(Word(word, 0, 0), ()) for word in text.split())
    return Reading(spoken, text, no_speech, log_probability)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "no no no no",
        "zero zero zero zero one one one one",
        "seven seven seven seven seven seven seven seven",
        "my number is four one seven two nine five four one seven two nine five",
        "i said no no and again no",
    ],
)
def test_people_repeat_themselves(text):
    assert judge(reading(text), 4.0, LIMITS) is None


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("thank you " * 6, 0),
        ("and i would like to pay " + "my bill " * 5, 6),
        ("no " * 9, 0),
        ("so " + "i do not know " * 5, 1),
    ],
)
def test_loops(text, begins):
    words = text.split()
    assert judge(reading(text), 30.0, LIMITS) is Fault.LOOP
    assert loop_at(words, LIMITS) == begins == unlooped(words, LIMITS)


def test_no_loop_keeps_every_word():
    assert unlooped(["pay", "my", "bill"], LIMITS) == 3


def test_text_that_deflates_too_well_is_a_loop():
    text = "i would like to know how much i owe you for the last month please, " * 4
    assert compression(text) > LIMITS.compression
    assert compression("I'd like to speak to somebody about my last bill.") < 1.6
    assert judge(reading(text), 60.0, LIMITS) is Fault.LOOP
    assert compression("") == 0


@pytest.mark.parametrize(
    ("no_speech", "log_probability", "fault"),
    [(0.9, -1.5, Fault.SILENCE), (0.9, -0.5, None), (0.5, -1.5, None)],
)
def test_silence_takes_both_doubts(no_speech, log_probability, fault):
    assert judge(reading("thanks for watching", no_speech, log_probability), 2.0, LIMITS) is fault


def test_nobody_speaks_that_fast():
    text = "the quick brown fox jumps over the lazy dog again today"
    assert judge(reading(text), 1.0, LIMITS) is Fault.RUSH
    assert judge(reading(text), 3.0, LIMITS) is None
    assert judge(reading("yes of course please"), 0.2, LIMITS) is None


TOLD = (("visa",), ("bank", "transfer"), ("operator",))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("visa bank transfer", Fault.ECHO),
        ("hello visa bank transfer operator", Fault.ECHO),
        ("bank transfer", None),
        ("visa or bank transfer", None),
        ("operator", None),
        ("bank transfer visa", None),
    ],
)
def test_nobody_reads_out_what_the_model_was_told(text, fault):
    assert judge(reading(text), 3.0, LIMITS, TOLD) is fault
    assert judge(reading(text), 3.0, LIMITS) is None
