"""Commands told from other words."""

from __future__ import annotations

import pytest

from voicecore.dialogue.commands import PHRASES, find_command, spoken_commands


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("operator", "operator"),
        ("could i please speak to a person", "operator"),
        ("i'd like to talk to someone", "operator"),
        ("bye bye", "goodbye"),
        ("thanks bye", "goodbye"),
        ("could you repeat that please", "repeat"),
        ("sorry what was that", "repeat"),
        ("can we go back", "back"),
        ("please go back", "back"),
        ("never mind", "cancel"),
        ("what can i say", "help"),
        ("hold on please", "wait"),
        ("just a moment", "wait"),
        ("wait a minute", "wait"),
        ("hold on it's four eight two seven", None),
        ("yes please", None),
        ("no", None),
        ("i want to go back to paying in the old way", None),
        ("four eight two", None),
        ("", None),
    ],
)
def test_commands_are_told_from_other_words(text: str, command: str | None) -> None:
    assert find_command(text.split(), {}) == command


def test_an_agent_may_know_more_commands() -> None:
    extra = {"operator": ("reception",)}
    assert find_command(["reception"], extra) == "operator"  # type: ignore[arg-type]
    assert "reception" in spoken_commands(extra)  # type: ignore[arg-type]


def test_every_command_understands_its_own_phrases() -> None:
    for command, phrases in PHRASES.items():
        for phrase in phrases:
            assert find_command(phrase.split(), {}) == command
