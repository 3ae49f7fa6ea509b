"""Limits: a burst, then a pace, each key for itself, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicecore.control import limits
from voicecore.control.limits import Limit


def test_a_burst_then_a_pace() -> None:
    limit = Limit(per_s=0.5, burst=3)
    assert [limit.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    assert limit.take("b", 0.0) == 0.0
    assert limit.take("a", 1.0) == 1.0
    assert limit.take("a", 2.0) == 0.0
    limit.give_back("a", 2.0)
    assert limit.take("a", 2.0) == 0.0


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 5), st.floats(0.1, 5))
def test_never_more_than_burst_and_pace_allow(steps: list[float], burst: int, per_s: float) -> None:
    limit, now, taken = Limit(per_s, burst), 0.0, 0
    for step in steps:
        now += step
        wait = limit.take("a", now)
        taken += wait == 0.0
        assert wait >= 0
        assert taken <= burst + now * per_s + 1e-6


def test_many_keys_do_not_fill_the_memory() -> None:
    limit = Limit(1, 1)
    for number in range(limits._MOST + 10):
        limit.take(str(number), 0.0)
    assert len(limit._left) == limits._MOST
