"""Works out what a correction inside a row of digits or letters replaces."""

from __future__ import annotations

Lengths = tuple[int, int]
"""Fewest and most characters that make sense."""


def fits(row: str, lengths: Lengths | None) -> bool:
    """Whether ``row`` has a length that makes sense; anything does when nothing is known."""
    return lengths is None or lengths[0] <= len(row) <= lengths[1]


def repaired(before: str, after: str, lengths: Lengths | None, whole: bool) -> tuple[str, bool]:
    """The row meant by "<before>, no, <after>", and whether that reading is the only likely one.

    A speaker starts again ("four five, no, four six"), goes back to a spot that was right ("one two
    three four, no, three five") or changes only the last part ("one two three, no, four"). Lengths
    decide where they can; ``whole`` says whether two rows of equal length are a fresh start
    (digits) or not by that alone (letters).
    """
    again = after.startswith(before[:1]) or (whole and len(after) >= len(before))
    back = before.rfind(after[0])
    retraced = before[:back] + after if back > 0 else before[:-1] + after
    tail = before[: max(0, len(before) - len(after))] + after if whole else before[:-1] + after
    readings = [after, retraced, tail] if again else [retraced if back > 0 else tail, tail, retraced, after]
    fitting = [r for r in dict.fromkeys(readings) if fits(r, lengths)]
    if not fitting:
        return readings[0], False
    return fitting[0], (again and fitting[0] == after) or (lengths is not None and len(fitting) == 1)
