"""Postal addresses as people say them."""

import pytest

from voicecore.redaction.places import find_places
from voicecore.redaction.runs import find_runs


def found(said, asked=False):
    words = said.split()
    return [" ".join(words[h.start : h.end]) for h in find_places(words, find_runs(words), asked)]


@pytest.mark.parametrize(
    ("before", "address"),
    [
        ("ship it to", "forty two seventeen maple street"),
        ("it's", "one twenty three main street apartment four b"),
        ("at", "twelve elm road springfield illinois six two seven oh one"),
        ("i live on", "cherry tree lane number nine"),
        ("to", "p o box one two three four denver colorado"),
        ("it's", "six hundred and six grand avenue"),
    ],
)
def test_addresses(before, address):
    assert found(f"{before} {address}") == [address]


@pytest.mark.parametrize(
    "said",
    [
        "it's five minutes down the road",
        "three blocks from the street where i work",
        "my street is closed",
        "there are two ways",
        "one way ticket to denver",
    ],
)
def test_no_addresses(said):
    assert found(said) == []


def test_an_answer_needs_no_kind_of_street():
    assert found("fourteen broadview springfield", asked=True) == ["fourteen broadview springfield"]
    assert found("fourteen broadview springfield") == []
