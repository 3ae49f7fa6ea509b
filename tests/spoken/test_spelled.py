"""Spelled names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.spoken import parse_spelled
from voicecore.spoken.spelled import NATO

BY_LETTER = {letter: word for word, letter in NATO.items()}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("s m i t h", "smith"),
        ("S. M. I. T. H.", "smith"),
        ("s-m-i-t-h", "smith"),
        ("sierra mike india tango hotel", "smith"),
        ("bravo", "b"),
        ("b as in bravo o b", "bob"),
        ("b for bravo a for alpha", "ba"),
        ("b like boy e like echo", "be"),
        ("m i double l e r", "miller"),
        ("double t as in tango", "tt"),
        ("triple s", "sss"),
        ("double u i n g", "wing"),
        ("double you e s t", "west"),
        ("x ray", "x"),
        ("ex ray a n", "xan"),
        ("bee oh bee", "bob"),
        ("jay oh en ee ess", "jones"),
        ("dee double ee", "dee"),
        ("smith s m i t h", "smith"),
        ("my name is jones j o n e s", "jones"),
        ("it's b o b", "bob"),
        ("o'brien o b r i e n", "o'brien"),
        ("uh b um o b", "bob"),
        ("o apostrophe n e i l", "o'neil"),
        ("s m i t h dash j o n e s", "smith-jones"),
        ("capital b o b", "bob"),
        ("b o and then b", "bob"),
        ("zed zee", "zz"),
        ("s m i no s m y t h", "smyth"),
        ("smythe s m y t h e", "smythe"),
    ],
)
def test_certain_names(said: str, name: str) -> None:
    parsed = parse_spelled(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (name, True)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("d as in bravo o b", "bob"),
        ("it is a j o n e s", "ajones"),
        ("s m y no i t h", "smith"),
        ("b o b no", "bob"),
        ("maybe b o b", "bob"),
    ],
)
def test_doubtful_names(said: str, name: str) -> None:
    parsed = parse_spelled(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (name, False)


@pytest.mark.parametrize("said", ["", "i am", "are you there", "i see a queue", "hello", "a", "forty two"])
def test_no_name(said: str) -> None:
    assert parse_spelled(said) is None


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=10))
def test_nato_comes_back(name: str) -> None:
    parsed = parse_spelled(" ".join(BY_LETTER[letter] for letter in name))
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (name, True)
