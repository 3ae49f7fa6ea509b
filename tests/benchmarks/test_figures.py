"""Figures: goals, and what could not be measured."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.figures import figure


@pytest.mark.parametrize(
    ("value", "goal", "ok"),
    [
        (1.0, "<= 1", True),
        (1.1, "<= 1", False),
        (1, ">= 1", True),
        (np.float64(0.9), ">= 1", False),
        (3, None, None),
    ],
)
def test_a_figure_against_its_goal(value, goal, ok):
    assert figure("any", value, "ms", 5, goal)["ok"] is ok


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), np.float64("nan")])
def test_what_is_no_number_is_none_and_misses_its_goal(value):
    made = figure("any", value, "ms", 0, "<= 1")
    assert (made["value"], made["ok"]) == (None, False)
    json.dumps(made, allow_nan=False)


def test_facts_are_kept():
    assert figure("any", 0.123456, "ms", 5, weights="none") == {
        "name": "any",
        "value": 0.1235,
        "unit": "ms",
        "n": 5,
        "goal": None,
        "ok": None,
        "weights": "none",
    }
