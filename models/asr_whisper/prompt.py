"""What the model is told to expect: the dialogue's words, as the text that seems to come before."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from voicecore.types import Expectation, SlotKind

FILLER = (
    "hello, thank you for calling. how can i help you today? i have a question about my account. "
    "of course, let me have a look at that for you. one moment please. alright, what would you like to do?"
)
"""Stands in front of the words to make every prompt as long as the others: only then can calls that wait for
different things be read in one batch."""
HINTS: dict[SlotKind, tuple[str, ...]] = {
    SlotKind.DIGITS: ("zero one two three four five six seven eight nine",),
    SlotKind.AMOUNT: ("twenty dollars and fifty cents",),
    SlotKind.DATE: ("the first of december", "next monday"),
    SlotKind.YESNO: ("yes", "no"),
    SlotKind.SPELLED: ("a b c d e",),
}


class Prompter:
    """Makes the prompt of an expectation: exactly ``length`` tokens, or none when nothing is expected."""

    def __init__(self, encode: Callable[[str], list[int]], language: str = "en", length: int = 32) -> None:
        """``encode`` makes tokens of text. Outside English there are no hints of ours, only the dialogue's
        own words, without filler and of any length up to ``length``. 0 turns prompts off.
        """
        self._encode = encode
        self._english = language == "en"
        self._length = length
        self._filler = encode(" " + FILLER) if self._english else []
        self.of = lru_cache(maxsize=256)(self._make)
        """The prompt of an expectation."""

    def after(self, text: str) -> tuple[int, ...]:
        """The prompt when ``text`` was said just before, in the same utterance."""
        return self._fill(self._encode(" " + text)[-self._length :]) if self._length else ()

    def _make(self, expectation: Expectation) -> tuple[int, ...]:
        if not self._length:
            return ()
        room, tokens = self._length, list[int]()
        for phrase in phrases_of(expectation, self._english):
            more = self._encode(f" {phrase},")
            if len(tokens) + len(more) > room:
                break
            tokens += more
        return self._fill(tokens) if tokens else ()

    def _fill(self, tokens: list[int]) -> tuple[int, ...]:
        missing = self._length - len(tokens)
        return (*self._filler[-missing:], *tokens) if missing and self._filler else tuple(tokens)


def phrases_of(expectation: Expectation, hints: bool = True) -> tuple[str, ...]:
    """What may be said, most telling first, each once: the dialogue's phrases, hints of ours, commands.

    Nothing at all where only commands are known: those are rare, and what is told is heard more often.
    """
    known = (*expectation.phrases, *(HINTS.get(expectation.kind, ()) if hints else ()))
    return tuple(dict.fromkeys((*known, *expectation.commands))) if known else ()
