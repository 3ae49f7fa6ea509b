"""People's names."""

import pytest

from voicecore.redaction.names import find_names


def found(said, asked=False, known=frozenset()):
    words = said.split()
    return [" ".join(words[h.start : h.end]) for h in find_names(words, asked, known)]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("my name is jane doe", "jane doe"),
        ("my last name is kowalski", "kowalski"),
        ("this is robert chen calling about my bill", "robert chen"),
        ("i spoke to jessica yesterday", "jessica"),
        ("ask for mister thompson", "mister thompson"),
        ("the name on the card is jonathan p walker", "jonathan p walker"),
        ("last name's nguyen n g u y e n", "nguyen n g u y e n"),
    ],
)
def test_names(said, name):
    assert found(said) == [name]


@pytest.mark.parametrize(
    "said",
    [
        "this is ridiculous",
        "i'm fine",
        "my name is on the contract",
        "you have the wrong name",
        "it's may",
        "will do",
    ],
)
def test_no_names(said):
    assert found(said) == []


def test_an_answer_may_be_any_name():
    assert found("um it's featherstonehaugh", asked=True) == ["featherstonehaugh"]
    assert found("s m i t h", asked=True) == ["s m i t h"]
    assert found("one moment please", asked=True) == []


def test_a_name_is_known_for_the_rest_of_the_call():
    assert found("so zainab", known=frozenset({"zainab"})) == ["zainab"]
