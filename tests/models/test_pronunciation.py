"""Pronunciations: what the dictionary says, and guesses for what it lacks."""

from __future__ import annotations

import pytest

from models.pronunciation import Pronunciations, spell_out
from voicecore.errors import EngineError


@pytest.fixture
def sounds(tmp_path):
    file = tmp_path / "words.dict"
    file.write_text(
        "a AH\na(2) EY\na's EY Z\ninstallment IH N S T AO L M AH N T\nzero Z IH R OW\nzero(2) Z IY R OW\n"
        "favor F EY V ER\nab AE B"
    )
    return Pronunciations(file)


def test_all_readings(sounds):
    assert sounds.of("zero") == ("Z IH R OW", "Z IY R OW")
    assert sounds.of("a") == ("AH", "EY")


def test_the_first_and_the_last_line(sounds):
    assert sounds.of("a's") == ("EY Z",)
    assert sounds.of("ab") == ("AE B",)


@pytest.mark.parametrize("word", ["", "zer", "zeros", "zero(2", "été", "b"])
def test_unknown(sounds, word):
    assert sounds.of(word) == ()


def test_british_spelling_is_looked_up(sounds):
    assert sounds.guess("instalment") == "IH N S T AO L M AH N T"
    assert sounds.guess("favour") == "F EY V ER"


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("ship", "SH IH P"),
        ("made", "M EY D"),
        ("bell", "B EH L"),
        ("night", "N AY T"),
        ("city", "S IH T IY"),
        ("yell", "Y EH L"),
        ("northwind", "N AO R TH W IH N D"),
        ("été", "T"),
        ("日本", ""),
    ],
)
def test_by_the_rules_of_spelling(word, phones):
    assert spell_out(word) == phones


@pytest.mark.parametrize("text", [None, ""])
def test_no_dictionary_says_how_to_get_it(tmp_path, text):
    file = tmp_path / "words.dict"
    if text is not None:
        file.write_text(text)
    with pytest.raises(EngineError, match="pip install") as error:
        Pronunciations(file)
    assert error.value.code == "asr-missing-model"
    assert error.value.facts["file"] == str(file)
