"""How often something may happen, by key: token buckets. Time comes in as seconds."""

from __future__ import annotations

from collections import OrderedDict

_MOST = 10_000
"""Keys that are remembered; the one that was quiet longest is forgotten first."""


class Limit:
    """``burst`` at once, and ``per_s`` in the long run, for each key."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """How many a key had left, and when."""

    def take(self, key: str, now: float) -> float:
        """Use one up; 0.0, or how many seconds to wait (then none was used)."""
        left = self._now_left(key, now)
        if left < 1:
            return (1 - left) / self._per_s
        self._put(key, left - 1, now)
        return 0.0

    def give_back(self, key: str, now: float) -> None:
        """What was taken does not count."""
        self._put(key, min(self._burst, self._now_left(key, now) + 1), now)

    def _now_left(self, key: str, now: float) -> float:
        left, since = self._left.get(key, (self._burst, now))
        return min(self._burst, left + max(0.0, now - since) * self._per_s)

    def _put(self, key: str, left: float, now: float) -> None:
        self._left[key] = (left, now)
        self._left.move_to_end(key)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
