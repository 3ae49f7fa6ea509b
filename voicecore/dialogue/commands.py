"""What a caller may say at any time, whatever was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Command = Literal["operator", "goodbye", "repeat", "back", "cancel", "help", "wait"]

PHRASES: Mapping[Command, tuple[str, ...]] = {
    "operator": (
        "operator",
        "talk to a person",
        "speak to a person",
        "speak to someone",
        "talk to someone",
        "a real person",
        "a human",
        "an agent",
        "customer service",
    ),
    "goodbye": ("goodbye", "bye", "bye bye", "hang up", "end the call"),
    "repeat": (
        "repeat that",
        "say that again",
        "say it again",
        "come again",
        "pardon",
        "what was that",
        "what did you say",
        "sorry what",
        "once more",
        "repeat",
        "again",
        "excuse me",
    ),
    "back": ("go back", "step back", "previous", "previous question", "back"),
    "cancel": (
        "cancel",
        "never mind",
        "forget it",
        "forget about it",
        "stop this",
        "leave it",
        "i changed my mind",
    ),
    "wait": (
        "hold on",
        "one moment",
        "just a moment",
        "one second",
        "just a second",
        "one minute",
        "just a minute",
        "wait a moment",
        "wait a minute",
        "wait a second",
        "wait",
        "hang on",
        "hang on a second",
        "bear with me",
        "give me a moment",
        "give me a second",
        "give me a minute",
        "let me look",
        "let me check",
        "let me see",
        "let me get it",
        "i'll get it",
        "i'll go and get it",
    ),
    "help": ("help", "help me", "what can i say", "what are my options", "i do not know", "i don't know"),
}
_PADDING = """please uh um er erm well okay ok so just now hey yes no oh could can would you i i'd i'll
like want to me let the my a an thanks thank actually sorry then that"""
_FILLERS = frozenset(_PADDING.split())


def spoken_commands(extra: Mapping[Command, Sequence[str]]) -> tuple[str, ...]:
    """The first way to say each command, and every one of ``extra``: what a recogniser should know."""
    own = [phrases[0] for phrases in PHRASES.values()]
    return tuple(dict.fromkeys([*own, *(text for texts in extra.values() for text in texts)]))


def find_command(words: Sequence[str], extra: Mapping[Command, Sequence[str]]) -> Command | None:
    """The command that ``words`` (lower case, no punctuation) amount to, polite padding aside."""
    bare = [word for word in words if word not in _FILLERS]
    for command, own in PHRASES.items():
        for phrase in (*own, *extra.get(command, ())):
            parts = phrase.split()
            if list(words) == parts or bare == (core := [w for w in parts if w not in _FILLERS]) != []:
                return command
            if len(core) > 1 and len(bare) <= len(core) + 2 and _contains(bare, core):
                return command
    return None


def _contains(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(list(words[at : at + len(part)]) == part for at in range(len(words) - len(part) + 1))
