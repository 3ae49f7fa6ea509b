"""What two readings in a row agree on."""

from __future__ import annotations

from models.asr_whisper.agreement import LocalAgreement
from models.asr_whisper.reading import Reading, Spoken
from voicecore.types import Word


def reading(text, step=0.5, shift=0.0):
    """Words of half a second each; a word's token is its length."""
    spoken = [
        Spoken(Word(word, i * step + shift, (i + 1) * step + shift), (len(word),))
        for i, word in enumerate(text.split())
    ]
    return Reading(tuple(spoken), text)


def agreed(agreement):
    return " ".join(spoken.word.text for spoken in agreement.agreed)


def test_nothing_is_agreed_after_one_reading():
    agreement = LocalAgreement()
    agreement.add(reading("i want to pay"), 5)
    assert agreed(agreement) == ""
    assert agreement.prefix == ()


def test_what_two_begin_with_is_agreed():
    agreement = LocalAgreement()
    agreement.add(reading("i want to play"), 3)
    agreement.add(reading("i want to pay my bill"), 4)
    assert agreed(agreement) == "i want to"
    assert agreement.prefix == (1, 4)
    agreement.add(reading("i want to pay my bills"), 5)
    assert agreed(agreement) == "i want to pay my"


def test_a_word_at_the_edge_may_be_half_of_one():
    agreement = LocalAgreement(edge_s=0.3)
    agreement.add(reading("pay my bill"), 1.6)
    agreement.add(reading("pay my bill"), 1.7)
    assert agreed(agreement) == "pay my"
    agreement.add(reading("pay my bill"), 1.8)
    assert agreed(agreement) == "pay my bill"


def test_what_is_agreed_stays_so():
    agreement = LocalAgreement()
    for _ in range(2):
        agreement.add(reading("pay my bill"), 5)
    for _ in range(2):
        agreement.add(reading("play the banjo"), 6)
    assert agreed(agreement) == "pay my bill"
    agreement.add(reading("pay my bill now", shift=0.1), 7)
    assert agreed(agreement) == "pay my bill"
    assert agreement.agreed[0].word.start == 0.1


def test_words_that_left_the_window_are_forgotten():
    agreement = LocalAgreement()
    for _ in range(2):
        agreement.add(reading("one two three"), 5)
    assert [spoken.word.text for spoken in agreement.leave(1.0)] == ["one", "two"]
    assert agreed(agreement) == "three"
    assert agreement.agreed[0].word.start == 0
    agreement.add(reading("three four"), 2)
    agreement.add(reading("three four"), 3)
    assert agreed(agreement) == "three four"


def test_words_that_leave_are_known_though_nobody_agreed():
    agreement = LocalAgreement()
    agreement.add(reading("one two three"), 5)
    assert [spoken.word.text for spoken in agreement.leave(1.2)] == ["one", "two"]
    agreement.add(reading("three"), 5)
    assert agreed(agreement) == "three"


def test_no_cut_goes_through_a_word():
    agreement = LocalAgreement()
    agreement.add(reading("one two three"), 5)
    assert [agreement.not_within(at) for at in (0.0, 0.7, 1.0, 1.4, 2.0)] == [0.0, 0.5, 1.0, 1.0, 2.0]


def test_an_empty_reading_takes_nothing_back():
    agreement = LocalAgreement()
    for text in ("yes please", "yes please", "", "yes please do"):
        agreement.add(reading(text), 5)
    assert agreed(agreement) == "yes please"
