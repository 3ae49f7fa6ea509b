"""Keeps one key press from counting twice: sent by two methods, or still being sent after a re-INVITE."""

from __future__ import annotations

DIGITS = "0123456789*#ABCD"
TWIN_S = 1.0


class DtmfFilter:
    """Pairs digits across RFC 4733 and INFO: each may cancel one of the other, sent within a second."""

    def __init__(self) -> None:
        self._unpaired: list[tuple[str, str, float]] = []
        self._last: tuple[str, str, int] | None = None

    def accept(self, digit: str, method: str, stamp: int, now: float) -> bool:
        """Whether this is a new key press.

        ``stamp`` identifies the press within its method (the RTP timestamp of its start); ``now`` in seconds.
        """
        if (digit, method, stamp) == self._last:
            return False
        self._last = (digit, method, stamp)
        self._unpaired = [seen for seen in self._unpaired if now - seen[2] < TWIN_S]
        for seen in self._unpaired:
            if seen[0] == digit and seen[1] != method:
                self._unpaired.remove(seen)
                return False
        self._unpaired.append((digit, method, now))
        return True
