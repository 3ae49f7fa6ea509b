from __future__ import annotations

import pytest

from models.llm_llama.sentences import Sentences, closed


def split(text, size=1):
    sentences = Sentences()
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    return [said for piece in pieces for said in sentences.feed(piece)] + sentences.flush()


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("We open at nine. We close at five.", ["We open at nine.", "We close at five."]),
        ("It is $3.50. Is that all right? Good!", ["It is $3.50.", "Is that all right?", "Good!"]),
        ("Dr. Smith, e.g. on Monday. Fine", ["Dr. Smith, e.g. on Monday.", "Fine."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("One\ntwo\n\nthree", ["One.", "two.", "three."]),
        ("Well...  yes", ["Well...", "yes."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("... !? \n", []),
        ("", []),
        ("Version 2.0 is out, and", ["Version 2.0 is out, and."]),
    ],
)
def test_sentences_come_whole_whatever_the_pieces(text, sentences, size):
    assert split(text, size) == sentences


def test_a_sentence_comes_as_soon_as_it_is_over():
    sentences = Sentences()
    assert sentences.feed("Shall I go on") == []
    assert sentences.feed("? ") == ["Shall I go on?"]
    assert sentences.feed("I can.") == []
    assert sentences.feed(" S") == ["I can."]


@pytest.mark.parametrize(("text", "ended"), [("yes", "yes."), ("and then,", "and then."), ("what?", "what?")])
def test_closed(text, ended):
    assert closed(text) == ended
