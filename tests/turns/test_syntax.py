"""Whether a sentence can end with its last words."""

from __future__ import annotations

import pytest

from voicecore.turns.syntax import Ending, ending


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Ending.UNKNOWN),
        ("...", Ending.UNKNOWN),
        ("my number is", Ending.OPEN),
        ("i would like to", Ending.OPEN),
        ("pay my", Ending.OPEN),
        ("cancel it because of that", Ending.OPEN),
        ("Yes, and", Ending.OPEN),
        ("and then I", Ending.OPEN),
        ("i want", Ending.OPEN),
        ("is that", Ending.OPEN),
        ("my bill um", Ending.HESITATING),
        ("uh", Ending.HESITATING),
        ("no", Ending.MAY_GO_ON),
        ("well yes", Ending.MAY_GO_ON),
        ("i am", Ending.MAY_GO_ON),
        ("my account number", Ending.MAY_GO_ON),
        ("i want to log in", Ending.MAY_GO_ON),
        ("i want that", Ending.MAY_GO_ON),
        ("yes it is", Ending.CLOSED),
        ("that's all i need", Ending.CLOSED),
        ("pay my bill", Ending.CLOSED),
        ("no thank you", Ending.CLOSED),
        ("I’d like to pay my bill.", Ending.CLOSED),
    ],
)
def test_ending(text: str, expected: Ending) -> None:
    assert ending(text) is expected
