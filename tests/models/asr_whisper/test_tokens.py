"""Words out of tokens, in languages with and without spaces, and vocabularies that do not fit."""

from __future__ import annotations

from itertools import pairwise

import pytest

from models.asr_whisper.tokens import Tokens
from voicecore.errors import ConfigError, EngineError


@pytest.fixture(scope="module")
def tokens(scripted_whisper):
    return Tokens(scripted_whisper, "en", multilingual=True)


def words(tokens, text):
    return [piece.text for piece in tokens.words(tokens.encode(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" pay my bill", ["pay", "my", "bill"]),
        (" Hello, I'm Ann-Marie. Yes!", ["hello", "i'm", "ann-marie", "yes"]),
        (" It's $25.50 ... on 3/12?", ["it's", "$25.50", "on", "3/12"]),
        (" Zürich, garçon — naïve", ["zürich", "garçon", "naïve"]),
        ("pay", ["pay"]),
        (" ...", []),
        ("", []),
    ],
)
def test_plain_words(tokens, text, expected):
    assert words(tokens, text) == expected


def test_every_token_belongs_to_a_word_in_order(tokens):
    row = tokens.encode(" So, I would like to pay, please.")
    pieces = tokens.words(row)
    assert pieces[0].first == 0
    assert pieces[-1].end == len(row)
    assert all(a.end == b.first for a, b in pairwise(pieces))


def test_every_sign_is_a_word_without_spaces(scripted_whisper):
    tokens = Tokens(scripted_whisper, "ja", multilingual=True)
    assert words(tokens, "こんにちは。はい") == [*"こんにちはは", "い"]


def test_half_a_character_at_the_end_is_no_failure(tokens):
    row = tokens.encode(" Zürich ü")[:-1]
    assert words(tokens, " Zürich")[0] == "zürich"
    assert tokens.words(row)[0].text == "zürich"


def test_the_start_names_language_and_task(scripted_whisper, tokens):
    assert len(tokens.start) == 4
    french = Tokens(scripted_whisper, "fr", multilingual=True)
    assert french.start[1] != tokens.start[1]
    assert Tokens(scripted_whisper, "en", multilingual=False).start == (tokens.start[0], tokens.start[3])


def test_a_prompt_comes_before_the_start_and_a_prefix_after(tokens):
    assert tokens.prompt((), ()) == list(tokens.start)
    before, *rest = tokens.prompt((5, 6), (7,))
    assert rest == [5, 6, *tokens.start, 7]
    assert before not in {5, 6, 7, *tokens.start}


@pytest.mark.parametrize(("language", "multilingual"), [("tlh", True), ("fr", False)])
def test_an_unknown_language_is_refused(scripted_whisper, language, multilingual):
    with pytest.raises(ConfigError) as failure:
        Tokens(scripted_whisper, language, multilingual)
    assert failure.value.code == "unknown-language"


@pytest.mark.parametrize(("content", "code"), [(None, "model-missing"), ("{}", "model-broken")])
def test_a_vocabulary_that_is_none(tmp_path, content, code):
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(EngineError) as failure:
        Tokens(tmp_path, "en", multilingual=True)
    assert failure.value.code == code


def test_a_vocabulary_of_another_kind_of_model(tmp_path):
    from tokenizers import Tokenizer, models

    Tokenizer(models.BPE(vocab={"a": 0}, merges=[])).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(EngineError, match="endoftext"):
        Tokens(tmp_path, "en", multilingual=True)
