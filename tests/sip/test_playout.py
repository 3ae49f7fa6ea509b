"""The playout twin against the compiled bridge."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sip.playout import FADE, Playout
from voicecore.audio import FrameBridge, Ring
from voicecore.types import TICK

SCRIPT = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 1500)),
        st.tuples(st.just("flush"), st.none()),
        st.tuples(st.just("tick"), st.none()),
        st.tuples(st.just("streaming"), st.booleans()),
        st.tuples(st.just("gain"), st.tuples(st.sampled_from([0.0, 0.25, 1.0, 2.0]), st.integers(0, 60))),
    ),
    max_size=40,
)


@given(SCRIPT)
def test_plays_what_the_bridge_plays(script: list[tuple[str, Any]]) -> None:
    noise = np.random.default_rng(11)
    with Ring.create(1 << 14) as capture, Ring.create(1 << 14) as ring:
        bridge, twin = FrameBridge(capture, ring), Playout(capacity=1 << 13)
        for verb, argument in script:
            match verb:
                case "write":
                    speech = noise.integers(-32_768, 32_768, argument).astype(np.int16)
                    assert twin.write(speech) == ring.write(speech) // 2
                case "flush":
                    ring.flush()
                    twin.flush()
                case "gain":
                    ring.set_gain(*argument)
                    twin.gain(*argument)
                case "streaming":
                    ring.streaming = twin.streaming = argument
                case "tick":
                    np.testing.assert_array_equal(twin.tick(), bridge.transmit())
        assert (twin.written, twin.played) == (ring.written // 2, ring.consumed // 2)
        assert twin.underruns == ring.underruns


def test_a_flush_fades_out_within_five_milliseconds_and_goes_on_with_what_follows() -> None:
    playout = Playout(capacity=10 * TICK)
    playout.write(np.full(3 * TICK, 1000, np.int16))
    playout.tick()
    playout.flush()
    playout.write(np.full(TICK, 50, np.int16))
    heard = playout.tick()
    assert (np.diff(heard[:FADE]) < 0).all()
    assert (heard[FADE:] == 50).all()
    assert playout.played == 3 * TICK + TICK - FADE
