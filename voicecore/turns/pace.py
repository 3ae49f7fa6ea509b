"""Learns in the call how long this caller pauses inside a turn."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voicecore.config import TurnSettings

_PRIOR_PAUSES = 4.0
"""How many pauses of this caller silence_to_wait as much as what is known of people in general."""
_SHORTEST_MS = 200
"""Shorter silences are consonants and brief pauses; no wait is that short for anyone likely to go on."""
_LONGEST_MS = 3000
"""A longer one is no pause: the caller was doing something else."""
_FADES = 0.95
"""Each pause makes the earlier ones count less: callers slow down and speed up."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long pauses inside a turn last: log-normal (Campione and Veronis 2002)."""

    median_ms: float
    spread: float
    """Standard deviation of the natural logarithm."""

    def outlast(self, silence_ms: float) -> float:
        """The chance 0..1 that such a pause is longer than ``silence_ms`` > 0."""
        return 0.5 * math.erfc(math.log(silence_ms / self.median_ms) / (self.spread * math.sqrt(2)))

    def longer(self, factor: float) -> Pauses:
        """The same with every pause ``factor`` times as long."""
        return Pauses(self.median_ms * factor, self.spread)


class Pace:
    """The pauses of one caller, people's in general until enough of their own were heard.

    The mean of the logarithm is a conjugate normal update with ``_PRIOR_PAUSES`` observations' weight on the
    settings' median; the spread stays, as a call has too few pauses to tell it.
    """

    def __init__(self, settings: TurnSettings) -> None:
        self._general = Pauses(settings.pause_median_ms, settings.pause_spread)
        self._weight = 0.0
        self._sum = 0.0
        """Of the logarithms of the pauses over the general median."""

    @property
    def pauses(self) -> Pauses:
        """What to expect of this caller now."""
        drift = self._sum / (self._weight + _PRIOR_PAUSES)
        return self._general.longer(math.exp(drift))

    def learn(self, pause_ms: float) -> None:
        """A pause after which the caller went on with the same turn, from last voiced to voiced again."""
        if not _SHORTEST_MS <= pause_ms <= _LONGEST_MS:
            return
        self._weight = self._weight * _FADES + 1.0
        self._sum = self._sum * _FADES + math.log(pause_ms / self._general.median_ms)
