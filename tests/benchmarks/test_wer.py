"""Word error rate: reference texts, distances, totals."""

from __future__ import annotations

import pytest

from benchmarks.prompts import Prompt
from benchmarks.wer import plain_words, reference_texts, word_error_rate, word_errors


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("Press one.", "press one", 0),
        ("Press 12 or #.", "press one two or pound", 0),
        ("one two three", "one three", 1),
        ("one two three", "one two two three", 1),
        ("one two three", "one four three", 1),
        ("one two three", "", 3),
        ("that's it", "thats it", 1),
        ("", "something", 1),
    ],
)
def test_errors_by_edit_distance(reference, hypothesis, errors):
    assert word_errors(reference, hypothesis) == (errors, len(plain_words(reference)))


def test_reference_texts_hold_words_only():
    texts = reference_texts()
    assert len(texts) > 500
    assert texts["auth-thankyou"] == "Thank you."
    assert "beep" not in texts
    assert not any("[" in text or "<" in text for text in texts.values())


def test_the_rate_is_over_all_words_of_known_prompts():
    prompts = [Prompt("en", "auth-thankyou"), Prompt("en", "activated"), Prompt("en", "not-there")]
    heard = {"auth-thankyou": "thank you", "activated": "vacated", "not-there": "noise"}
    assert word_error_rate(lambda prompt: heard[prompt.name], prompts) == (1 / 3, 3)
