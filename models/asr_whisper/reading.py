"""What goes into the model and what comes out of it: a window of sound, and the words read in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicecore.types import Floats, Word

FRAMES_PER_S = 100
LONGEST = 30 * FRAMES_PER_S
"""Frames of the window that Whisper was trained on; none may be longer."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of an utterance to be read. Windows of the same ``key`` can be read together."""

    mel: Floats
    """[bins, frames], as ``audio.LogMel.window`` makes it."""
    sound: int
    """Frames of it that are sound; silence follows."""
    prompt: tuple[int, ...] = ()
    """Tokens of what may have been said before: style, and words to expect."""
    prefix: tuple[int, ...] = ()
    """Tokens that the reading begins with, because they are certain already."""
    tokens: int = 200
    """Most tokens that the reading may have, ``prefix`` included: there is no other way to stop it."""

    @property
    def key(self) -> tuple[int, int]:
        """Frames, and tokens before the start: the engine wants both equal within a batch."""
        return self.mel.shape[1], len(self.prompt)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word as it was read, with the tokens that it is made of."""

    word: Word
    """Times in seconds from the window's beginning; confidence not yet calibrated."""
    tokens: tuple[int, ...]

    def later(self, seconds: float) -> Spoken:
        """The same, so much later."""
        word = replace(self.word, start=self.word.start + seconds, end=self.word.end + seconds)
        return replace(self, word=word)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model read in a window."""

    spoken: tuple[Spoken, ...] = ()
    text: str = ""
    """As the model wrote it, with capitals and punctuation."""
    no_speech: float = 0.0
    """Probability that there is no speech in the window at all."""
    log_probability: float = 0.0
    """Mean over the tokens, natural logarithm."""

    @property
    def words(self) -> tuple[str, ...]:
        """Their plain text."""
        return tuple(spoken.word.text for spoken in self.spoken)
