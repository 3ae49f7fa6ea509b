"""The caller's own pauses, learned in the call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.config import TurnSettings
from voicecore.turns.pace import Pace, Pauses


def test_half_the_pauses_outlast_the_median() -> None:
    pauses = Pauses(450, 0.6)
    assert pauses.outlast(450) == pytest.approx(0.5)
    assert pauses.outlast(1207) == pytest.approx(0.05, abs=1e-3)
    assert pauses.outlast(100) > 0.99
    assert pauses.longer(2).outlast(900) == pytest.approx(0.5)


def test_a_caller_not_yet_known_is_like_people_in_general() -> None:
    settings = TurnSettings()
    assert Pace(settings).pauses == Pauses(settings.pause_median_ms, settings.pause_spread)


def test_a_slow_caller_is_given_more_time_pause_by_pause() -> None:
    pace = Pace(TurnSettings())
    medians = []
    for _ in range(12):
        medians.append(pace.pauses.median_ms)
        pace.learn(1100)
    assert medians == sorted(medians)
    assert medians[0] == TurnSettings().pause_median_ms
    assert medians[1] < 650, "one pause proves little"
    assert medians[-1] > 750


def test_a_caller_who_speeds_up_is_followed() -> None:
    pace = Pace(TurnSettings())
    for _ in range(30):
        pace.learn(1200)
    slow = pace.pauses.median_ms
    for _ in range(30):
        pace.learn(300)
    assert pace.pauses.median_ms < 0.5 * slow


@pytest.mark.parametrize("no_pause_ms", [0, 80, 10_000])
def test_what_is_no_pause_teaches_nothing(no_pause_ms: float) -> None:
    pace = Pace(TurnSettings())
    pace.learn(no_pause_ms)
    assert pace.pauses == Pace(TurnSettings()).pauses


@given(st.lists(st.floats(0, 1e5), max_size=60))
def test_the_median_stays_within_what_was_heard_and_the_prior(heard: list[float]) -> None:
    pace = Pace(TurnSettings())
    for pause_ms in heard:
        pace.learn(pause_ms)
    assert 200 <= pace.pauses.median_ms <= 3000
