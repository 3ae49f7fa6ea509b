"""Two audio clocks of one call: what the appliance timed, told on the caller's clock.

Both count samples, but began at different moments, and the appliance's stands still when it loses
audio. Every event of the feed is a pair of readings: ``t`` on the appliance's clock, ``at`` on the
caller's, a few milliseconds later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

_NEARBY_S = 1.0

Event = Mapping[str, Any]


def traces_here(events: Sequence[Event]) -> tuple[dict[str, Any], ...]:
    """The turns' traces (``TurnTrace`` as dicts) with their times on the caller's clock.

    Each is moved as a whole, by how far apart the clocks were when it began.
    """
    traces = []
    for event in events:
        if event["type"] == "turn":
            times = event["trace"]["times"]
            apart = offset_at(min(times.values(), default=event["t"]), events)
            traces.append({**event["trace"], "times": {name: at + apart for name, at in times.items()}})
    return tuple(traces)


def offset_at(t: float, events: Sequence[Event]) -> float:
    """Seconds to add to a reading ``t`` of the appliance's clock; 0 when no event tells."""
    if not events:
        return 0.0
    nearest = min(abs(event["t"] - t) for event in events)
    near = [event for event in events if abs(event["t"] - t) <= max(nearest, _NEARBY_S)]
    return float(median(event["at"] - event["t"] for event in near))


def slip_ms(events: Sequence[Event]) -> float:
    """How far the appliance's clock fell behind between its first and its last event: audio that it lost."""
    if not events:
        return 0.0
    first, last = events[0], events[-1]
    return float((last["at"] - last["t"]) - (first["at"] - first["t"])) * 1000
