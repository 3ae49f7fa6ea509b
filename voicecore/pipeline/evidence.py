"""What speaks for and against the end of a turn, or an interruption, at one tick."""

from __future__ import annotations

import math

from voicecore.pipeline.ears import Sound
from voicecore.pipeline.mouth import Mouth
from voicecore.pipeline.sounds import Sounds
from voicecore.pipeline.speculation import Speculation, weighty
from voicecore.turns import Features
from voicecore.types import Transcript


class Evidence:
    """The words of the turn so far, and the floor's features made of all that is known."""

    def __init__(self, early: Speculation, sounds: Sounds, mouth: Mouth) -> None:
        self.settled = ""
        """The words that later partials won't change."""
        self._early = early
        self._sounds = sounds
        self._mouth = mouth
        self._words = ""

    def begin_turn(self) -> None:
        """Nothing of it has been read."""
        self._words = self.settled = ""

    def take(self, partial: Transcript) -> None:
        """So much of it has been read."""
        self._words = weighty(partial)
        self.settled = " ".join(word.text for word in partial.words[: partial.stable])

    def listening(self, sound: Sound) -> Features:
        """The features of a tick in which we do not speak."""
        return self._features(sound, None, "", 0.0, math.inf)

    def speaking(self, sound: Sound, into_ms: float, left_ms: float) -> Features:
        """The features of a tick ``into_ms`` our speech, of which ``left_ms`` are to come."""
        return self._features(sound, self._sounds.kinds(), self._words, into_ms, left_ms)

    def _features(
        self, sound: Sound, kinds: tuple[float, ...] | None, words: str, into_ms: float, left_ms: float
    ) -> Features:
        early = self._early
        return Features(
            speech=sound.speech,
            level_db=sound.level_db,
            noise_db=sound.noise_db,
            echo=sound.echo,
            turn_probability=early.turn_probability,
            ending=early.ending,
            slot=early.slot,
            read=early.read,
            kinds=kinds,
            words=words,
            agent_remaining_ms=left_ms,
            agent_into_ms=into_ms,
            on_its_way=self._mouth.busy,
        )
