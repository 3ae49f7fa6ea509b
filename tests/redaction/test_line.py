"""Turns taken apart."""

from voicecore.redaction.entities import Hit
from voicecore.redaction.line import fluent, read
from voicecore.types import Word


def test_hyphenated_words_share_the_place_of_the_whole():
    line = read("It's Forty-Two, okay?")
    assert line.words == ("it's", "forty", "two", "okay")
    assert line.text[slice(*line.span(1, 3))] == "Forty-Two"


def test_times_follow_the_words():
    line = read("a b-c d", [Word("a", 0.0, 0.1), Word("b-c", 1.0, 1.5), Word("d", 2.0, 2.5)])
    assert line.time(1, 4) == (1.0, 2.5)
    assert read("a b").time(0, 2) == (0.0, 0.0)


def test_hits_are_placed_among_the_hesitations():
    hits = fluent(["uh", "a", "um", "b"], lambda words: [Hit("x", 1.0, 0, len(words), " ".join(words))])
    assert hits == [Hit("x", 1.0, 1, 4, "a b")]
