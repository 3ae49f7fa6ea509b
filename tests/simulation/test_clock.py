"""The appliance's times on the caller's clock."""

from __future__ import annotations

import pytest

from voicecore.simulation.clock import offset_at, slip_ms, traces_here


def event(t: float, at: float, kind: str = "floor", **more) -> dict:
    return {"type": kind, "t": t, "at": at, **more}


EVENTS = [
    event(1.0, 1.52),
    event(2.0, 2.51),
    event(8.0, 8.53),
    event(12.0, 16.5),
    event(12.4, 16.91),
    event(
        13.0,
        17.52,
        "turn",
        trace={"index": 1, "times": {"speech_start": 1.8, "speech_end": 2.2, "played": 2.9}},
    ),
    event(13.0, 17.52, "turn", trace={"index": 2, "times": {"speech_start": 12.1, "played": 12.9}}),
]


def test_each_trace_is_moved_by_how_far_apart_the_clocks_were_then() -> None:
    first, second = traces_here(EVENTS)
    assert first["times"]["speech_start"] == pytest.approx(1.8 + 0.515, abs=0.01)
    assert first["times"]["played"] - first["times"]["speech_end"] == pytest.approx(0.7)
    assert second["times"]["speech_start"] == pytest.approx(12.1 + 4.51, abs=0.02)


def test_far_from_any_event_the_nearest_counts() -> None:
    assert offset_at(5.2, EVENTS) == pytest.approx(0.53)
    assert offset_at(5.0, []) == 0


def test_lost_audio_is_a_slip() -> None:
    assert slip_ms(EVENTS) == pytest.approx(4000)
    assert slip_ms(EVENTS[:3]) == pytest.approx(10)
    assert slip_ms([]) == 0
