"""Tells a caller whose reply is late that it is being worked on. Never part of the dialogue."""

from __future__ import annotations

from itertools import count

from voicecore.dialogue import Dialogue
from voicecore.pipeline.mouth import Mouth, Speech


class Filler:
    """The fillers of one call. When one is due is the floor's to decide.

    The next line is always synthesised already: what makes the reply late may be the speech engine.
    """

    def __init__(self, mouth: Mouth, dialogue: Dialogue) -> None:
        self._mouth = mouth
        self._dialogue = dialogue
        self._serial = count()
        self._used = [0, 0]
        self._nth = 1
        self._ready: Speech | None = None
        self._approval = False

    def approval(self, waits: bool) -> None:
        """Whether it is a person's decision that the caller waits for: then they are told so, first thing."""
        if waits != self._approval:
            self._approval = waits
            self.drop()
            self._nth = 1
            self._prepare()

    def begin(self) -> None:
        """A new wait begins: the caller has been told nothing yet."""
        if self._nth > 1 or self._ready is None:
            self.drop()
            self._nth = 1
            self._prepare()

    def say(self) -> None:
        """Say the next line, ahead of anything that makes no sound yet; the reply follows it."""
        if self._ready is None:
            self._prepare()
        speech, self._ready = self._ready, None
        assert speech is not None
        self._mouth.interject(speech)
        self._nth += 1
        self._prepare()

    def drop(self) -> None:
        """Cancel the line that is ready."""
        if self._ready is not None:
            self._mouth.drop(self._ready)
            self._ready = None

    def _prepare(self) -> None:
        longer = self._nth > 1
        text = self._dialogue.filler(self._nth, self._used[longer], self._approval)
        self._used[longer] += 1
        self._ready = self._mouth.prepare(f"f{next(self._serial)}", text, filler=True)
