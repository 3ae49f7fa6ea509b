"""What a correction inside a row of characters replaces."""

import pytest

from voicecore.spoken.repair import Lengths, fits, repaired


@pytest.mark.parametrize(
    ("before", "after", "lengths", "whole", "row", "sure"),
    [
        ("45", "46", None, True, "46", True),
        ("412", "413", None, True, "413", True),
        ("1234", "35", None, True, "1235", False),
        ("1234", "35", (4, 4), True, "1235", True),
        ("1234", "5", None, True, "1235", False),
        ("123456", "78", (6, 6), True, "123478", True),
        ("41", "52", (4, 4), True, "52", False),
        ("412", "39876", (5, 5), True, "39876", True),
        ("smi", "smyth", None, False, "smyth", True),
        ("smy", "ith", None, False, "smith", False),
        ("smid", "ith", None, False, "smith", False),
    ],
)
def test_repairs(before: str, after: str, lengths: Lengths | None, whole: bool, row: str, sure: bool) -> None:
    assert repaired(before, after, lengths, whole) == (row, sure)


def test_any_row_fits_unknown_lengths() -> None:
    assert fits("", None)
    assert fits("12", (1, 2))
    assert not fits("123", (1, 2))
