"""Small words that steer a conversation: "no, I meant", "the second one", "that's all"."""

from __future__ import annotations

from collections.abc import Sequence

from voicecore.dialogue.turn import Turn
from voicecore.spoken import Parsed, parse_yes_no

_NOTHING = """nothing|nothing else|no nothing|that's all|that is all|that's it|i'm fine|thank you|thanks
thank you very much|okay thank you|okay thanks"""
NOTHING = frozenset(_NOTHING.replace("\n", "|").split("|"))
"""Ways to say that nothing more is wanted."""
GREETING = frozenset(("hello", "hi", "hey", "good", "morning", "afternoon", "evening", "there"))
_CUES = frozenset(("no", "nope", "sorry", "wait", "actually", "oops", "correction"))
"""First words with which people take back something."""
_CHANGE = (
    ("i", "meant"),
    ("i", "mean"),
    ("make", "it"),
    ("make", "that"),
    ("instead",),
    ("change",),
    ("wrong",),
)
_FIRST = (("first",), ("one", "first"), ("former",))
_SECOND = (("second",), ("latter",), ("last",))


def has(words: Sequence[str], part: Sequence[str]) -> bool:
    """Whether ``part`` occurs in ``words``, in a row."""
    return any(list(words[at : at + len(part)]) == list(part) for at in range(len(words) - len(part) + 1))


def cued(words: Sequence[str]) -> bool:
    """Whether the caller takes something back."""
    return bool(words) and (words[0] in _CUES or any(has(words, cue) for cue in _CHANGE))


def which(words: Sequence[str]) -> int | None:
    """0 for "the first one", 1 for "the second", None for neither."""
    if any(has(words, phrase) for phrase in _FIRST):
        return 0
    return 1 if any(has(words, phrase) for phrase in _SECOND) else None


def yes_or_no(turn: Turn) -> Parsed[bool] | None:
    """The answer to a yes-or-no question. A no may be the recogniser's second choice, a yes may not."""
    said = parse_yes_no(turn.text)
    if said is None and not turn.sure:
        others = [parse_yes_no(text) for text in turn.transcript.alternatives]
        return next((other for other in others if other is not None and not other.value), None)
    return said


def says_no(turn: Turn) -> bool:
    """Whether the caller said no, surely or not."""
    said = parse_yes_no(turn.text)
    return said is not None and not said.value


def named_slots(turn: Turn, slots: Sequence[str]) -> list[str]:
    """Those of ``slots`` that the caller calls by their name."""
    known = turn.world.agent.slots
    return [slot for slot in slots if any(has(turn.words, name.split()) for name in known[slot].names)]
