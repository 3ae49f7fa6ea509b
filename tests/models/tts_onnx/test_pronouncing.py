"""What is said: the lexicon's letters and sounds, in their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts_onnx.pronouncing import Pronouncer
from voicecore.errors import ConfigError

IBAN = '<phoneme alphabet="ipa" ph="ˈaɪbæn">eye ban</phoneme>'
LEXICON = {"IBAN": IBAN, "Dr.": "doctor", "Northwind": "[[n'O@TwInd]]", "kWh": "kilowatt hours"}


@pytest.fixture(scope="module")
def pronouncer():
    return Pronouncer("en-us", LEXICON)


def said(pronouncer, text):
    return [
        (group.ipa + group.terminator, text[group.offset :].split()[0]) for group in pronouncer.groups(text)
    ]


def test_words_and_where_they_stand(pronouncer):
    assert said(pronouncer, "Yes, of the two: go.") == [
        ("jˈɛs,", "Yes,"),
        ("ʌvðə", "of"),
        ("tˈuː:", "two:"),
        ("ɡˈoʊ.", "go."),
    ]


def test_the_lexicon_changes_sounds_and_not_places(pronouncer):
    assert said(pronouncer, "Dr. Who, Northwind, 5 kWh.") == [
        ("dˈɑːktɚ", "Dr."),
        ("hˈuː,", "Who,"),
        ("nˈɔːɹθwɪnd,", "Northwind,"),
        ("fˈaɪv", "5"),
        ("kˈɪləwˌɑːt", "kWh."),
        ("ˈaʊɚz.", "kWh."),
    ]


@pytest.mark.parametrize("text", ["Your IBAN, please.", "IBAN", "the IBAN of the iban?"])
def test_a_sound_in_ipa_stands_for_the_word(pronouncer, text):
    groups = pronouncer.groups(text)
    at = [group.offset for group in groups if group.ipa == "ˈaɪbæn"]
    assert [text[offset : offset + 4].lower() for offset in at] == ["iban"] * text.lower().count("iban")
    assert not any("ˈaɪ bˈæn" in group.ipa for group in groups)


def test_terminators_survive_a_sound(pronouncer):
    assert [g.terminator for g in pronouncer.groups("Your IBAN, please.")] == ["", ",", "."]


def test_a_sound_in_the_middle_of_what_is_run_together():
    """ "of the" is one group: where "the" has a sound of its own, it comes after it."""
    pronouncer = Pronouncer("en-us", {"the": '<phoneme alphabet="ipa" ph="ðiː"/>'})
    assert [(g.ipa, g.offset) for g in pronouncer.groups("of the two")][1] == ("ðiː", 3)


@given(st.text(max_size=60))
def test_any_text(text):
    groups = Pronouncer("en-us", LEXICON).groups(text)
    assert all(0 <= group.offset <= len(text) for group in groups)
    assert all(group.ipa for group in groups)


def test_tied_sounds():
    assert [g.ipa for g in Pronouncer("en-us", {}, "^").groups("my change")] == ["ma^ɪ", "t^ʃˈe^ɪnd^ʒ"]


@pytest.mark.parametrize(
    ("voice", "lexicon", "code"),
    [("nobody", {}, "unknown-voice"), ("en-us", {"a": '<phoneme ph="x">a</phoneme>'}, "bad-lexicon")],
)
def test_wrong_options(voice, lexicon, code):
    with pytest.raises(ConfigError) as caught:
        Pronouncer(voice, lexicon)
    assert caught.value.code == code
