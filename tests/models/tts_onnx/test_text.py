"""Texts in parts: nothing lost, parted where a reader would breathe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts_onnx.kokoro import PARTING as BY_CLAUSE
from models.tts_onnx.text import parts, words
from models.tts_onnx.vits import PARTING as BY_SENTENCE


def parted(text, parting):
    return [text[slice(*span)] for span in parts(text, parting)]


@pytest.mark.parametrize("parting", [BY_CLAUSE, BY_SENTENCE])
@given(st.lists(st.sampled_from(["word", " ", "a" * 100, ". ", ", ", " — ", "\n", "? ", "x" * 400, "Dr. "])))
def test_parts_make_up_the_text(parting, pieces):
    text = "".join(pieces)
    got = parted(text, parting)
    assert "".join(got) == text
    assert all(got)
    assert all(len(part) <= parting.most or len(part.split()) == 1 for part in got)
    assert all(part[-1].isspace() for part in got[:-1])


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One. ", "Two! ", "Three? ", "Four"]),
        ("Dr. Smith and J. Doe, e.g. today. Yes.", ["Dr. Smith and J. Doe, e.g. today. ", "Yes."]),
        ("It is $1,234.50 (net). “Good.” Bye.", ["It is $1,234.50 (net). ", "“Good.” ", "Bye."]),
        ("Wait... what?", ["Wait... ", "what?"]),
        ("", []),
        ("  ", ["  "]),
    ],
)
def test_a_sentence_at_a_time(text, sentences):
    assert parted(text, BY_SENTENCE) == sentences


def test_clauses_grow():
    clauses = [
        "Thank you, Anna, ",
        "I have found it, ",
        "and it is due on Friday, at noon. ",
        "Shall I pay it now, or would you rather wait?",
    ]
    assert parted("".join(clauses), BY_CLAUSE) == clauses


def test_words_have_letters_or_digits():
    text = "Yes—no, $5 … & “quoted” -- 東京 é!"
    assert [text[slice(*span)] for span in words(text)] == ["Yes", "no,", "$5", "“quoted”", "東京", "é!"]
