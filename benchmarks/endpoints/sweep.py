"""The arithmetic of end-of-turn benchmarks: false cut-offs against latency, over a sweep of policies.

After eot-bench (LiveKit, 2026): every silence inside a turn is a *hold* span, the one after it the end. A
policy that fires before a hold span is over cuts the caller off; latency is how long it waits after ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

DELAYS_S = np.arange(0.10, 1.01, 0.02)
TIMEOUTS_S = np.arange(0.1, 3.01, 0.05)
THRESHOLDS = np.concatenate([[0.01, 0.02], np.arange(0.04, 0.97, 0.04), [0.97, 0.98, 0.99, 0.995]])


@dataclass(frozen=True, slots=True)
class Spans:
    """Scored silences of many turns."""

    hold_s: Doubles
    """How long the caller was heard to be silent before they went on; 0 where that went unnoticed."""
    hold_p: Doubles
    """The model's score of an end, 0..1."""
    late_s: Doubles
    """From a turn's true end to where the silence after it was counted from; negative: too early."""
    end_p: Doubles


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of a policy, measured."""

    cutoff: float
    """Share of hold spans in which it fired."""
    latency_s: float
    """Mean over true ends."""


def detector(spans: Spans, first_s: float) -> list[Point]:
    """All settings of threshold, action delay (from ``first_s``, when the score is there) and timeout.

    Fires after the delay where the score reaches the threshold, else after the timeout.
    """
    points = []
    for threshold in THRESHOLDS:
        held, ended = spans.hold_p >= threshold, spans.end_p >= threshold
        for delay in DELAYS_S[first_s <= DELAYS_S]:
            fast = np.mean(held & (spans.hold_s > delay))
            quick = np.mean(np.where(ended, np.maximum(spans.late_s + delay, 0), 0))
            for timeout in TIMEOUTS_S[delay < TIMEOUTS_S]:
                slow = np.mean(~held & (spans.hold_s > timeout))
                waited = np.mean(np.where(ended, 0, np.maximum(spans.late_s + timeout, 0)))
                points.append(Point(float(fast + slow), float(quick + waited)))
    return points


def timing(spans: Spans) -> list[Point]:
    """Voice activity alone: a fixed silence ends the turn."""
    return [fixed(spans, float(wait)) for wait in TIMEOUTS_S]


def fixed(spans: Spans, wait_s: float) -> Point:
    """One fixed silence."""
    latency = np.mean(np.maximum(spans.late_s + wait_s, 0))
    return Point(float(np.mean(spans.hold_s > wait_s)), float(latency))


def waits(spans: Spans, hold_wait_s: Doubles, end_wait_s: Doubles) -> Point:
    """A policy that says for each silence how long to wait."""
    latency = np.mean(np.maximum(spans.late_s + end_wait_s, 0))
    return Point(float(np.mean(spans.hold_s > hold_wait_s)), float(latency))


def frontier(points: Iterable[Point]) -> list[Point]:
    """The points that no other beats in both, by latency."""
    best: list[Point] = []
    for point in sorted(points, key=lambda p: (p.latency_s, p.cutoff)):
        if not best or point.cutoff < best[-1].cutoff:
            best.append(point)
    return best


def cutoff_at(points: Sequence[Point], budget_s: float) -> float:
    """The fewest false cut-offs at a mean latency within the budget; NaN where nothing is that fast."""
    return min((p.cutoff for p in points if p.latency_s <= budget_s), default=float("nan"))


def latency_at(points: Sequence[Point], cutoff: float) -> float:
    """The shortest mean latency in seconds with at most that share of false cut-offs; NaN if none."""
    return min((p.latency_s for p in points if p.cutoff <= cutoff), default=float("nan"))
