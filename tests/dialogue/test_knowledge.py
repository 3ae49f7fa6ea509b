"""Knowledge files."""

from __future__ import annotations

import pytest

from voicecore.dialogue.knowledge import Passage, parse_knowledge
from voicecore.errors import ConfigError


def test_questions_in_a_row_share_an_answer() -> None:
    text = "# Hours\n\n## When?\n## What time?\nFrom nine\nto five.\n\n## On Sunday?\n\nNever.\n"
    assert parse_knowledge(text, "hours.md", "hours") == (
        Passage("hours", ("When?", "What time?"), "From nine to five."),
        Passage("hours", ("On Sunday?",), "Never."),
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("# Title\n", 1), ("hello\n## A?\nb\n", 1), ("## A?\n", 1), ("## A?\nb\n\n## C?\n## D?\n", 5)],
)
def test_a_broken_file_names_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_knowledge(text, "x.md", "x")
    assert (caught.value.code, caught.value.facts["file"], caught.value.facts["line"]) == (
        "bad-knowledge",
        "x.md",
        line,
    )
