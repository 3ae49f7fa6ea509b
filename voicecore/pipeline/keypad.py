"""Collects DTMF keys into an answer: until #, the expected length, or a pause."""

from __future__ import annotations

from voicecore.types import Expectation, SlotKind

INTER_DIGIT_S = 2.5
"""Pause that ends an answer of unknown length (ITU-T Q.24 leaves it to the service; IVRs use 2-4 s)."""


class Keypad:
    """The keys of one call. ``now`` is seconds on the audio clock."""

    def __init__(self) -> None:
        self._keys = ""
        self._last = 0.0
        self._full = False
        """Whether the latest answer was complete by its length."""

    def is_trailing(self, key: str, now: float) -> bool:
        """Whether ``key`` is the # that many press after an answer that was complete without it."""
        return key == "#" and self._full and not self._keys and now - self._last < INTER_DIGIT_S

    def press(self, key: str, expectation: Expectation, now: float) -> str | None:
        """Take one key (0-9*#A-D); the whole answer when this key completes it."""
        self._keys += key
        self._last = now
        self._full = key != "#" and len(self._keys) >= _longest(expectation)
        return self._take() if key == "#" or self._full else None

    def tick(self, now: float) -> str | None:
        """The answer, closed with #, when the caller has stopped keying."""
        if self._keys and now - self._last >= INTER_DIGIT_S:
            return self._take() + "#"
        return None

    def _take(self) -> str:
        keys, self._keys = self._keys, ""
        return keys


def _longest(expectation: Expectation) -> int:
    if expectation.kind is SlotKind.DIGITS and expectation.digits is not None:
        return expectation.digits[1]
    return 1 if expectation.kind in (SlotKind.YESNO, SlotKind.CHOICE, SlotKind.OPEN) else 32
