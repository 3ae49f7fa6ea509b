"""No words in any order break a parser, and every span lies within what was said."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicecore.spoken import (
    Parsed,
    parse_amount,
    parse_date,
    parse_digits,
    parse_number,
    parse_spelled,
    parse_yes_no,
)

VOCABULARY = """
zero oh one two five twelve nineteen twenty forty-two hundred thousand million a an and the of in on to
for double triple sixes couple dozen point minus half euro euros dollars cents p grand third second
first 21st twenty-first may march monday friday next last this week weeks month day days year tomorrow
today ago from end beginning mid yes no not really right that's don't mind sorry wait actually rather
than instead i mean make it b bravo as like double u x ray dash apostrophe capital uh um hm $5 42 1,250
1.234,5 12/3 3.12.2026 2026-02-30 -5 99999999999999999999 ... - é ½ ² <unk>
"""
SAID = st.lists(st.sampled_from(VOCABULARY.split()), max_size=9).map(" ".join) | st.text(max_size=30)
TODAY = st.dates(date(1999, 1, 1), date(2090, 12, 31))


def bounded(parsed: Parsed[object] | None, said: str) -> bool:
    return parsed is None or 0 <= parsed.span[0] < parsed.span[1] <= len(said.split())


@pytest.mark.parametrize(
    "parse",
    [
        parse_amount,
        parse_digits,
        partial(parse_digits, lengths=(6, 6)),
        parse_number,
        parse_spelled,
        parse_yes_no,
    ],
)
@settings(max_examples=200)
@given(said=SAID)
def test_any_words(parse: Callable[[str], Parsed[object] | None], said: str) -> None:
    assert bounded(parse(said), said)


@settings(max_examples=300)
@given(said=SAID, today=TODAY)
def test_any_words_on_any_day(said: str, today: date) -> None:
    assert bounded(parse_date(said, today), said)


@given(said=SAID)
def test_digits_are_digits(said: str) -> None:
    parsed = parse_digits(said)
    assert parsed is None or (parsed.value.isascii() and parsed.value.isdigit())


@given(said=SAID)
def test_amounts_are_not_negative(said: str) -> None:
    parsed = parse_amount(said)
    assert parsed is None or parsed.value >= 0
