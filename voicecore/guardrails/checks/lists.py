"""Output: words that the agent never says, such as competitors' names and profanity."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from re import Pattern

from voicecore.guardrails.findings import Finding
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.schema import Guardrails
from voicecore.guardrails.turn import Opinions
from voicecore.guardrails.words import normal, phrase_pattern

PROFANITY = (
    *(
        "fuck",
        "fucking",
        "shit",
        "bullshit",
        "asshole",
        "bastard",
        "bitch",
        "cunt",
        "damn",
        "goddamn",
        "bloody",
    ),
    *("crap", "piss", "dick", "slut", "whore", "wanker", "bollocks", "arse"),
)
_patterns = lru_cache(64)(phrase_pattern)


def lists(sentence: str, grounds: Grounds, opinions: Opinions, rules: Guardrails) -> Iterator[Finding]:  # noqa: ARG001
    """A name or word of a list, as a whole word."""
    reaction = rules.answer("list")
    if reaction is None:
        return
    text = normal(sentence)
    named: tuple[tuple[str, Pattern[str] | None], ...] = (
        ("a competitor", _patterns(rules.competitors)),
        ("profanity", _patterns((*PROFANITY, *rules.profanity))),
    )
    for what, pattern in named:
        if pattern and pattern.search(text):
            yield Finding("lists", "list", 1.0, f"{what} is named", reaction.action, reaction.say)
