from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.llm_llama.schema import read_schema, whole_numbers, written
from voicecore.errors import ConfigError

BOOKING = {
    "type": "object",
    "title": "Booking",
    "properties": {
        "note": {"type": "string", "maxLength": 10},
        "day": {"enum": ["mon", "tue"]},
        "people": {"type": "integer", "minimum": 1, "maximum": 12},
        "times": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3},
        "sure": {"type": ["boolean", "null"]},
    },
    "required": ["day", "people"],
    "additionalProperties": False,
}


def regex(gbnf):
    """A GBNF expression without rules as a regular expression."""
    text = re.sub(r'"((?:\\.|[^"\\])*)"', lambda m: re.escape(m.group(1).replace('\\"', '"')), gbnf)
    return re.compile(text.replace(" ", ""))


@pytest.mark.parametrize(
    "value",
    [
        {"day": "mon", "people": 2},
        {"day": "tue", "people": 12, "note": "", "times": [1, 2.5], "sure": None},
    ],
)
def test_what_fits(value):
    assert list(read_schema(BOOKING).faults(value, "booking")) == []


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], "booking: not an object"),
        ({"day": "mon"}, "booking.people: missing"),
        ({"day": "sun", "people": 1}, 'booking.day: not one of "mon", "tue"'),
        ({"day": "mon", "people": 13}, "booking.people: not between 1 and 12"),
        ({"day": "mon", "people": True}, "booking.people: not a whole number"),
        ({"day": "mon", "people": 1, "note": "x" * 11}, "booking.note: not 0 to 10 characters long"),
        ({"day": "mon", "people": 1, "note": 5}, "booking.note: not a string"),
        ({"day": "mon", "people": 1, "times": []}, "booking.times: not a list of 1 to 3"),
        ({"day": "mon", "people": 1, "times": ["x"]}, "booking.times[0]: not a number"),
        ({"day": "mon", "people": 1, "sure": "yes"}, "booking.sure: fits none of its kinds"),
        ({"day": "mon", "people": 1, "price": 1}, "booking.price: unknown"),
    ],
)
def test_what_does_not_fit(value, fault):
    assert list(read_schema(BOOKING).faults(value, "booking")) == [fault]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({}, "schema"),
        ({"type": "string", "pattern": "x+"}, "schema"),
        ({"type": "strange"}, "schema"),
        ({"type": []}, "schema"),
        ({"enum": []}, "schema"),
        ({"type": "array"}, "schema"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "schema"),
        ({"type": "string", "maxLength": "many"}, "schema"),
        ({"type": "object", "properties": {"a": {"$ref": "#/x"}}}, r"schema\.a"),
        ({"type": "object", "required": ["a"]}, "schema"),
        ({"type": "object", "additionalProperties": True}, "schema"),
        ({"type": "object", "properties": 3}, "schema"),
    ],
)
def test_what_cannot_be_enforced_is_refused(schema, place):
    with pytest.raises(ConfigError, match=f"bad-schema: {place}"):
        read_schema(schema)


@given(st.integers(-1200, 1200), st.integers(0, 1200), st.data())
def test_whole_numbers_are_exactly_those_between_the_bounds(low, span, data):
    expression = regex(" | ".join(whole_numbers(low, low + span)))
    number = data.draw(st.integers(low - 50, low + span + 50))
    assert bool(expression.fullmatch(str(number))) == (low <= number <= low + span)


def test_open_bounds():
    expression = regex(" | ".join(whole_numbers(float("-inf"), 3.5)))
    for number, fits in [
        ("3", True),
        ("4", False),
        ("-999999999999999", True),
        ("-0", False),
        ("007", False),
    ]:
        assert bool(expression.fullmatch(number)) == fits


@pytest.mark.parametrize(
    "value",
    [
        {"day": "mon", "people": 12, "note": "é" * 10, "times": [-1.123456] * 3, "sure": False},
    ],
)
def test_nothing_is_longer_than_the_longest(value):
    assert len(written(value).encode()) <= read_schema(BOOKING).longest
