"""One figure of a benchmark: what was measured, of how many, against which goal."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat

Figure = dict[str, Any]
"""``name``, ``value`` (None: could not be measured), ``unit``, ``n`` (how many observations), ``goal`` (text
such as "<= 30", or None) and ``ok`` (None without a goal); perhaps ``p50`` and ``p99`` beside a value that is
the p95, and ``weights``: of which model, and whether they are synthetic."""


def figure(
    name: str, value: SupportsFloat | None, unit: str, n: int, goal: str | None = None, **facts: Any
) -> Figure:
    """``goal`` is like "<= 30". What is no finite number is None, and misses its goal."""
    number = None if value is None or not math.isfinite(float(value)) else round(float(value), 4)
    ok = None if goal is None else number is not None and _meets(number, goal)
    return {"name": name, "value": number, "goal": goal, "unit": unit, "n": n, "ok": ok} | facts


def _meets(value: float, goal: str) -> bool:
    sign, bound = goal.split()
    return value <= float(bound) if sign == "<=" else value >= float(bound)
