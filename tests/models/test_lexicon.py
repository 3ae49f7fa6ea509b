"""The lexicon respells whole words and nothing else, and every letter said knows where it came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lexicon import Lexicon
from voicecore.errors import ConfigError

WORDS = {
    "Northwind": "North wind",
    "IBAN": "eye ban",
    "New York": "Noo York",
    "York": "Yorrick",
    "C++": "see plus plus",
    "Zoë": "[[z'oUi]]",
    "e.g.": "for example",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Your IBAN, please", "Your eye ban, please"),
        ("iban or Iban?", "eye ban or eye ban?"),
        ("ibanity caliban IBAN2 _IBAN", "ibanity caliban IBAN2 _IBAN"),
        ("Northwind's", "North wind's"),
        ("from York to New York", "from Yorrick to Noo York"),
        ("C++ and C", "see plus plus and C"),
        ("fruit, e.g. plums", "fruit, for example plums"),
        ("ZOË", "[[z'oUi]]"),
        ("", ""),
    ],
)
def test_respells_whole_words_in_any_case(text, said):
    assert Lexicon(WORDS).apply(text)[0] == said


def test_letters_said_know_where_they_came_from():
    said, origins = Lexicon(WORDS).apply("Hi, Zoë! IBAN?")
    assert said == "Hi, [[z'oUi]]! eye ban?"
    assert [origins[said.index(part)] for part in ("Hi", "[[", "z'o", "!", "eye", "ban", "?")] == [
        0,
        4,
        4,
        7,
        9,
        9,
        13,
    ]


def test_an_entry_of_several_words_is_said_word_by_word_if_it_can_be():
    said, origins = Lexicon(WORDS).apply("To New York")
    assert said == "To Noo York"
    assert [origins[said.index(part)] for part in ("Noo", "York")] == [3, 7]
    assert Lexicon({"as soon as possible": "asap"}).apply("as soon as possible")[1] == [0, 0, 0, 0]


def test_only_the_lexicon_writes_phonemes():
    assert Lexicon(WORDS).apply("Zoë [[h@]] [Zoë]")[0] == "[[z'oUi]] ((h@)) ([[z'oUi]])"


def test_an_empty_lexicon_changes_nothing():
    assert Lexicon({}).apply("as it is") == ("as it is", list(range(8)))


def test_a_word_may_be_left_unsaid():
    assert Lexicon({"um": ""}).apply("well um yes") == ("well  yes", [0, 1, 2, 3, 4, 7, 8, 9, 10])


@pytest.mark.parametrize("words", [{"": "x"}, {" ": "x"}, {"a": "[[b"}, {"a": "b]]"}, {"a": "[[b]] [["}])
def test_faults_are_named(words):
    with pytest.raises(ConfigError) as caught:
        Lexicon(words)
    assert caught.value.code == "bad-lexicon"
    assert repr(next(iter(words))) in str(caught.value)


@given(st.lists(st.sampled_from([*WORDS, "and", "ïban", " ", " ", ".", "-", "東京", "[["])).map("".join))
def test_origins_lead_back_to_the_text(text):
    said, origins = Lexicon(WORDS).apply(text)
    assert len(origins) == len(said)
    assert list(origins) == sorted(origins)
    assert all(0 <= origin < len(text) for origin in origins)
    kept = [i for i, origin in enumerate(origins) if said[i] == text[origin]]
    respelled = "".join(said[i] for i in range(len(said)) if i not in kept)
    assert "東京" not in respelled
    assert said.count("東京") == text.count("東京")


IBAN = '<phoneme alphabet="ipa" ph="ˈaɪbæn">eye ban</phoneme>'


@pytest.mark.parametrize(
    ("entry", "said", "sound"),
    [
        (IBAN, "eye ban", "ˈaɪbæn"),
        ("<phoneme ph='a&amp;b' alphabet='ipa'/>", "IBAN", "a&b"),
        ('<phoneme alphabet="ipa" ph="x"></phoneme>', "IBAN", "x"),
    ],
)
def test_ssml_gives_a_sound_and_what_others_say(entry, said, sound):
    lexicon = Lexicon({"IBAN": entry, "Dr.": "doctor"})
    assert lexicon.apply("Dr. IBAN!")[0] == f"doctor {said}!"
    assert list(lexicon.sounds("Dr. IBAN, iban")) == [((4, 8), sound), ((10, 14), sound)]


@pytest.mark.parametrize(
    "entry",
    [
        '<phoneme alphabet="x-sampa" ph="x">a</phoneme>',
        '<phoneme ph="x">a</phoneme>',
        '<phoneme alphabet="ipa">a</phoneme>',
        f"{IBAN} {IBAN}",
        f"the {IBAN}",
    ],
)
def test_ssml_that_no_engine_takes_is_refused(entry):
    with pytest.raises(ConfigError) as caught:
        Lexicon({"IBAN": entry})
    assert caught.value.code == "bad-lexicon"
