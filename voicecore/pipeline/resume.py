"""Goes on with what was cut off, when the interruption turns out not to have been one."""

from __future__ import annotations

import re

from voicecore.pipeline.mouth import Delivery, Mouth, Speech

_GROUP = re.compile(
    r"(?<=[.!?,;:])[\"')]*\s+|\s*[—–]\s*|\s+(?=(?:but|or|because|so|which|if|when|in|on|at|for|with|from|until)\s)",
    re.IGNORECASE,
)
"""What parts the word groups of a sentence: punctuation, or the word that begins the next group."""


def unheard(text: str, heard: str) -> str:
    """What to say again of ``text`` when ``heard``, its beginning, had been heard: its end, or "".

    Begins with the word group that was cut, so that it can be understood by itself; a group that had been
    heard to its end is not repeated.
    """
    rest = text[len(heard) :]
    reached = len(text) - len(rest.lstrip(" —–"))
    starts = [match.end() for match in _GROUP.finditer(text) if match.end() <= reached]
    return text[max(starts, default=0) :] if reached < len(text) else ""


class Resume:
    """Keeps what the latest stop cut off or left unsaid, until it is known whether that was right."""

    def __init__(self) -> None:
        self._cut: dict[str, Delivery] = {}

    @property
    def pending(self) -> bool:
        """Whether anything was cut off that may be resumed."""
        return bool(self._cut)

    def note(self, delivery: Delivery) -> None:
        """The playout of an utterance is over: keep it if it was not heard to its end."""
        if not delivery.complete and not delivery.filler:
            self._cut[delivery.id] = delivery

    def forget(self) -> None:
        """The interruption was one: what was cut off stays unsaid, unless the dialogue says it anew."""
        self._cut = {}

    def take(self, mouth: Mouth) -> list[Speech]:
        """Speech for all that was not heard, in order, being synthesised; each has the id that it had."""
        cut, self._cut = self._cut, {}
        return [mouth.prepare_again(d, len(d.text) - len(unheard(d.text, d.heard))) for d in cut.values()]
