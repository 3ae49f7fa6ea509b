"""Runs of digits in the ways people say them."""

import pytest

from voicecore.redaction.runs import find_runs


@pytest.mark.parametrize(
    ("said", "chars"),
    [
        ("four one double one oh", ["41110"]),
        ("forty two seventeen", ["4217"]),
        ("one hundred twenty three", ["123"]),
        ("triple seven", ["777"]),
        ("555 0199", ["5550199"]),
        ("four one uh one and then two dash three", ["41123"]),
        ("b as in boy seven seven", ["B77"]),
        ("alpha tango one three", ["AT13"]),
        ("my four five and his six seven", ["45", "67"]),
        ("six won too ate nine", ["61289"]),
        ("three hive fore sicks", ["3546"]),
        ("double hero seven", ["007"]),
        ("one two three glub four five six seven", ["1234567"]),
        ("from nineteen ninety four to twenty twenty three", ["1994", "2023"]),
        ("eleven fifteen a m and nine fifty p m", ["1115", "950"]),
        ("the old one", []),
        ("oh well", []),
        ("i like it", []),
        ("november rain", []),
    ],
)
def test_runs(said, chars):
    assert [run.chars for run in find_runs(said.split())] == chars


def test_what_a_correction_separates():
    (run,) = find_runs(
        ["four", "five", "six", "seven", "no", "that's", "wrong", "five", "six", "seven", "eight"]
    )
    assert run.parts == ("4567", "5678")


def test_tens_and_units_have_two_readings():
    (run,) = find_runs(["eighty", "four"])
    assert (run.parts, run.apart) == (("84",), ("804",))


def test_amounts_and_counts_are_told():
    assert find_runs(["forty", "two", "dollars"])[0].measured
    assert find_runs(["two", "thousand", "five"])[0].scaled


def test_nothing_is_found_over_the_words_of_a_cue():
    assert [r.chars for r in find_runs(["s", "s", "n", "one", "two"], barred={0, 1, 2})] == ["12"]
