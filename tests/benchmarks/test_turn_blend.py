"""How the turn model's head is fitted, on toys; the committed head comes from the committed set."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.endpoints.turns import Turn
from benchmarks.training.turn_blend import Examples, area, at_speed, fit, stored
from models.turn_blend import HEAD


def toys(n: int = 600) -> Examples:
    """Ends lie higher on the first state; brief pauses look like ends."""
    rng = np.random.default_rng(1)
    states = rng.normal(3, 2, (n, 4)).astype(np.float32)
    length_s = np.where(np.arange(n) % 3 == 0, np.inf, np.where(np.arange(n) % 3 == 1, 0.5, 0.1))
    states[:, 0] += np.where(length_s == 0.5, 0, 5)
    return Examples(states, length_s, np.arange(n), np.ones(n))


def test_the_head_tells_ends_from_pauses_and_means_what_it_says() -> None:
    examples = toys()
    weight, bias, left_out = fit(examples)
    assert weight.dtype == np.float32
    logit = examples.states @ weight + bias
    long = ~examples.ends & (examples.length_s >= 0.2)
    assert area(left_out, examples) > 0.9
    probability = 1 / (1 + np.exp(-logit[examples.ends | long]))
    assert probability.mean() == pytest.approx(0.5, abs=0.05)


def test_the_committed_head_is_fitted_to_the_committed_set() -> None:
    weight, bias, left_out = fit(stored())
    with np.load(HEAD) as head:
        np.testing.assert_allclose(head["weight"], weight, atol=1e-3)
        assert float(head["bias"]) == pytest.approx(float(bias), abs=1e-2)
    assert area(left_out, stored()) > 0.8


def test_a_turn_at_another_speed_keeps_its_pauses_in_place() -> None:
    turn = Turn("v", "hesitation", "n", np.arange(16_000, dtype=np.int16), ((0.2, 0.4),), 0.8, (), 0.2)
    fast = at_speed(turn, 1.25)
    assert len(fast.pcm) == pytest.approx(16_000 / 1.25, abs=1)
    assert fast.holds == (pytest.approx((0.16, 0.32)),)
    assert fast.end == pytest.approx(0.64)
    assert fast.pcm[4000] == pytest.approx(5000, abs=1)
