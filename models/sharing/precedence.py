"""Decides how long a piece of work waits for more urgent work on its device. Pure: it is told the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class Need(IntEnum):
    """Who waits for a piece of work."""

    URGENT = 0
    """A caller, in silence: the reading of a turn's end, the first sentence, its first sound."""
    FLOWING = 1
    """A caller who still speaks or listens: partials, later sentences, later sound."""
    IDLE = 2
    """Nobody: summaries and the like."""


WAIT_S: Mapping[Need, float] = MappingProxyType({Need.URGENT: 0.0, Need.FLOWING: 0.03, Need.IDLE: 0.25})
"""How long at most one step waits while urgent work is under way elsewhere. So nothing starves: under
urgent work without end a step begins 30 ms later than it could, and speech still outruns its playout."""
STALE_S = 2.0
"""What was announced so long ago without a sign of life is not waited for: its engine died or hangs."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What one engine has announced."""

    urgent: int
    """Pieces of urgent work under way."""
    at: float
    """When that number last changed; seconds on a clock that all share."""


def wait_s(need: Need, waited: float, notices: Iterable[Notice], now: float) -> float:
    """For how much longer a step for ``need`` is to wait, having ``waited`` already; 0 to begin now."""
    left = WAIT_S[need] - waited
    if left <= 0:
        return 0.0
    alive = any(notice.urgent > 0 and now - notice.at < STALE_S for notice in notices)
    return left if alive else 0.0
