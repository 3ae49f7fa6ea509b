"""Who waits for whom, and for how long at most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.sharing.precedence import STALE_S, WAIT_S, Need, Notice, wait_s

NOW = 100.0
BUSY = Notice(1, NOW - 0.01)
DEAD = Notice(1, NOW - STALE_S)
DONE = Notice(0, NOW)
needs = st.sampled_from(Need)
notices = st.lists(st.builds(Notice, st.integers(0, 3), st.floats(0, NOW)), max_size=5)


@pytest.mark.parametrize(
    ("need", "waited", "others", "expected"),
    [
        (Need.URGENT, 0.0, [BUSY], 0.0),
        (Need.FLOWING, 0.0, [BUSY], WAIT_S[Need.FLOWING]),
        (Need.FLOWING, 0.01, [BUSY], WAIT_S[Need.FLOWING] - 0.01),
        (Need.FLOWING, WAIT_S[Need.FLOWING], [BUSY], 0.0),
        (Need.IDLE, WAIT_S[Need.FLOWING], [BUSY], WAIT_S[Need.IDLE] - WAIT_S[Need.FLOWING]),
        (Need.FLOWING, 0.0, [], 0.0),
        (Need.FLOWING, 0.0, [DONE, DEAD], 0.0),
        (Need.IDLE, 0.0, [DEAD, DONE, BUSY], WAIT_S[Need.IDLE]),
    ],
)
def test_the_table(need, waited, others, expected):
    assert wait_s(need, waited, others, NOW) == pytest.approx(expected)


@given(needs, notices)
def test_nobody_waits_longer_than_the_table_says(need, others):
    assert 0 <= wait_s(need, 0.0, others, NOW) <= WAIT_S[need]
    assert wait_s(need, WAIT_S[need], others, NOW) == 0


@given(notices)
def test_what_is_less_urgent_waits_at_least_as_long(others):
    waits = [wait_s(need, 0.0, others, NOW) for need in Need]
    assert waits == sorted(waits)
