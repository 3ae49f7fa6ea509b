"""Follows the voice on a line tick by tick: voiced or not, since when, how loud, silent for how long."""

from __future__ import annotations

import math

from voicecore.config import TurnSettings
from voicecore.types import TICK_MS

FORGET_RUN_MS = 200
"""Silence that separates one sound from the next."""
_OVER_NOISE_DB = 6.0
_LOUDEST_NOISE_DB = -35.0
"""A floor above this is speech without a pause, not noise; then the probability decides alone."""
_LOUD_OVER_NOISE_DB = 15.0
_LOUD_DB = -42.0
"""Louder than this, and so far above the noise, is a sound before the detector is sure that it is speech
(60-140 ms later); a line's echo of ourselves is below it."""
_TURN_WEIGHT = 0.3
"""How much the latest turn counts in the caller's usual level."""


class Voicing:
    """Hysteresis on the speech probability; the level tells the end of a word sooner than the detector.

    Times are seconds on the audio clock, after the tick.
    """

    def __init__(self, settings: TurnSettings) -> None:
        self.voiced = False
        self.onset = 0.0
        """When the latest sound began."""
        self.last_voiced = 0.0
        self.run_ms = 0
        """Voiced time of the latest sound; kept until it has been over for ``FORGET_RUN_MS``."""
        self.gap_ms = 0
        """Silence since."""
        self.speech = 0.0
        """Highest speech probability of the latest sound."""
        self.pause_ms = 0
        """Silence before the voice of now, or the latest, began or resumed."""
        self._settings = settings
        self._power = 0.0
        """Sum of the linear powers of the sound's voiced ticks."""
        self._usual_db = math.nan

    @property
    def over_usual_db(self) -> float:
        """Level of the latest sound over the caller's usual one; NaN while either is unknown."""
        return self.level_db - self._usual_db

    @property
    def level_db(self) -> float:
        """Mean level of the latest sound's voiced ticks, dBFS; NaN while there is none."""
        return 10 * math.log10(self._power * TICK_MS / self.run_ms) if self.run_ms else math.nan

    def step(
        self, speech: float, level_db: float, noise_db: float, now: float, *, quick: bool = False
    ) -> bool:
        """Advance by one tick; whether it is voiced. ``speech``: probability 0..1; levels in dBFS.

        ``quick``: the agent speaks, and any sound is enough (it only makes the agent duck).
        """
        s = self._settings
        if self.gap_ms > FORGET_RUN_MS:
            self.forget_sound()
        threshold = s.silence_probability if self.voiced or quick else s.speech_probability
        noise_db = min(noise_db, _LOUDEST_NOISE_DB)
        loud = quick and level_db > max(noise_db + _LOUD_OVER_NOISE_DB, _LOUD_DB)
        self.voiced = loud or (speech >= threshold and level_db > noise_db + _OVER_NOISE_DB)
        if self.voiced:
            if self.run_ms == 0:
                self.onset = now - TICK_MS / 1000
            self.run_ms += TICK_MS
            self.speech = max(self.speech, speech)
            self._power += 10.0 ** (level_db / 10)
            if self.gap_ms:
                self.pause_ms, self.gap_ms = self.gap_ms, 0
            self.last_voiced = now
        else:
            self.gap_ms += TICK_MS
        return self.voiced

    def forget_sound(self) -> None:
        """The next voiced tick begins a new sound."""
        self.run_ms, self._power, self.speech = 0, 0.0, 0.0

    def learn(self, level_db: float) -> None:
        """The caller spoke to us at this level: so loud they usually are. NaN teaches nothing."""
        if math.isnan(self._usual_db):
            self._usual_db = level_db
        elif not math.isnan(level_db):
            self._usual_db += _TURN_WEIGHT * (level_db - self._usual_db)
