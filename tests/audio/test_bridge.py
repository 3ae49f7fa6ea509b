"""The bridge between a stream and rings, against a slow twin in numpy."""

from __future__ import annotations

import select
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.audio import RECORD_BYTES, FrameBridge, Ring, _bridge, read_frames
from voicecore.audio.records import pack_frame
from voicecore.types import TICK, MediaFrame

FADE = 80


class SlowPlayout:
    """The twin: what is heard of written, flushed and scaled speech, sample by sample."""

    def __init__(self) -> None:
        self.queue: list[int] = []
        self.flushed = self.played = self.ramp_left = 0
        self.sounding = False
        self.gain = self.goal = np.float32(1)
        self.step = np.float32(0)
        self.wanted = (1.0, 0)

    def look_at_gain(self) -> None:
        goal, ramp_ms = self.wanted
        if np.float32(goal) != self.goal:
            self.goal, self.ramp_left = np.float32(goal), 16 * ramp_ms
            self.step = np.float32((self.goal - self.gain) / np.float32(max(self.ramp_left, 1)))

    def scaled(self, sample: float) -> float:
        if self.ramp_left:
            self.ramp_left -= 1
            self.gain = self.gain + self.step
        if not self.ramp_left:
            self.gain = self.goal
        return float(np.clip(sample * self.gain, -32768, 32767))

    def tick(self) -> list[float]:
        out = []
        self.look_at_gain()
        if self.sounding:
            tail = self.queue[: min(self.flushed, FADE)]
            out = [self.scaled(x * (1 - (i + 1) / len(tail))) for i, x in enumerate(tail)]
        del self.queue[: self.flushed]
        fresh = self.queue[: TICK - len(out)]
        del self.queue[: len(fresh)]
        self.played += self.flushed + len(fresh)
        self.flushed = 0
        self.sounding = len(out) + len(fresh) == TICK
        padded = fresh + [0] * (TICK - len(out) - len(fresh))
        return out + [self.scaled(x) for x in padded]


script = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 900)),
        st.tuples(st.just("flush"), st.none()),
        st.tuples(st.just("tick"), st.none()),
        st.tuples(st.just("gain"), st.tuples(st.sampled_from([0.0, 0.25, 1.0, 2.0]), st.integers(0, 60))),
    ),
    max_size=40,
)


@given(script)
def test_plays_what_the_slow_twin_plays(steps: list[tuple[str, Any]]) -> None:
    noise = np.random.default_rng(7)
    twin = SlowPlayout()
    with Ring.create(1 << 17) as capture, Ring.create(1 << 17) as playout:
        bridge = FrameBridge(capture, playout)
        for verb, argument in steps:
            if verb == "write":
                speech = noise.integers(-32768, 32768, argument).astype(np.int16)
                playout.write(speech)
                twin.queue += speech.tolist()
            elif verb == "flush":
                playout.flush()
                twin.flushed = len(twin.queue)
            elif verb == "gain":
                playout.set_gain(*argument)
                twin.wanted = argument
            else:
                np.testing.assert_allclose(bridge.transmit(), twin.tick(), atol=1.51)
                assert playout.consumed == 2 * twin.played


def test_a_record_holds_both_directions_of_one_tick() -> None:
    caller, speech = np.arange(TICK, dtype=np.int16), np.arange(1000, 1000 + 500, dtype=np.int16)
    with Ring.create(1 << 16) as capture, Ring.create(1 << 16) as playout:
        bridge = FrameBridge(capture, playout)
        playout.write(speech)
        for k in range(2):
            before = time.monotonic_ns()
            bridge.transmit()
            bridge.receive(caller + k)
            assert select.select([capture], [], [], 0)[0]
            (tick,) = read_frames(capture)
            assert before <= tick.tick_ns <= time.monotonic_ns()
            assert tick.caller.tolist() == (caller + k).tolist()
            assert tick.agent[:180].tolist() == speech[320 * k : 320 * k + 180].tolist()
            assert tick.played == (320, 500)[k]
        assert not tick.agent[180:].any()
        assert not select.select([capture], [], [], 0)[0]


def test_records_are_as_the_decoder_reads_them() -> None:
    assert RECORD_BYTES == _bridge.RECORD_BYTES
    one = MediaFrame(np.arange(320, dtype=np.int16), -np.arange(320, dtype=np.int16), 2**40, 2**62)
    with Ring.create(1 << 14) as ring:
        assert ring.put(pack_frame(one))
        ring.write(b"the next record is not complete")
        (back,) = read_frames(ring)
    assert (back.played, back.tick_ns) == (one.played, one.tick_ns)
    assert (back.caller == one.caller).all()
    assert (back.agent == one.agent).all()


@pytest.mark.parametrize(("samples", "heard"), [(100, 100), (640, 320), (0, 0)])
def test_odd_frames_are_padded_with_silence(samples: int, heard: int) -> None:
    with Ring.create(1 << 14) as capture, Ring.create(1 << 14) as playout:
        FrameBridge(capture, playout).receive(np.ones(samples, np.int16))
        (tick,) = read_frames(capture)
    assert tick.caller.sum() == heard == tick.caller[:heard].sum()


def test_a_tick_in_which_nothing_was_asked_for_has_a_silent_agent() -> None:
    with Ring.create(1 << 14) as capture, Ring.create(1 << 14) as playout:
        bridge = FrameBridge(capture, playout)
        playout.write(np.ones(TICK, np.int16))
        bridge.transmit()
        for _ in range(2):
            bridge.receive(np.zeros(TICK, np.int16))
        assert [int(tick.agent.sum()) for tick in read_frames(capture)] == [320, 0]


def test_a_full_capture_ring_counts_overruns_and_keeps_the_oldest() -> None:
    with Ring.create(2 * RECORD_BYTES) as capture, Ring.create(64) as playout:
        bridge = FrameBridge(capture, playout)
        room = capture.capacity // RECORD_BYTES
        for k in range(room + 3):
            bridge.receive(np.full(TICK, k, np.int16))
        assert capture.overruns == 3
        assert [int(tick.caller[0]) for tick in read_frames(capture)] == list(range(room))


def test_missing_speech_is_an_underrun_while_streaming() -> None:
    with Ring.create(1 << 14) as capture, Ring.create(1 << 14) as playout:
        bridge = FrameBridge(capture, playout)
        bridge.transmit()
        playout.streaming = True
        playout.write(np.ones(TICK + 10, np.int16))
        for _ in range(3):
            bridge.transmit()
        assert playout.underruns == 2


def test_closed_rings_mean_silence() -> None:
    capture, playout = Ring.create(1 << 14), Ring.create(1 << 14)
    bridge = FrameBridge(capture, playout)
    playout.write(np.ones(TICK, np.int16))
    capture.close()
    playout.close()
    bridge.receive(np.ones(TICK, np.int16))
    assert not bridge.transmit().any()


def test_intervals_are_counted_in_milliseconds() -> None:
    with Ring.create(1 << 14) as capture, Ring.create(1 << 14) as playout:
        bridge = FrameBridge(capture, playout)
        for _ in range(5):
            bridge.transmit()
        until = time.monotonic() + 0.011
        while time.monotonic() < until:
            pass
        bridge.transmit()
        histogram = bridge.interval_histogram()
        assert (histogram.dtype, histogram.shape, histogram.sum()) == (np.int64, (256,), 5)
        assert histogram[11:].sum() >= 1
        assert bridge.longest_interval_ms >= 11


def test_only_rings_are_joined() -> None:
    with Ring.create(64) as ring, pytest.raises((TypeError, AttributeError, ValueError)):
        FrameBridge(ring, object())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "thing", [None, 3, np.zeros(320), np.zeros((2, 160), np.int16), np.zeros(640, np.int16)[::2]]
)
def test_only_vectors_of_samples_are_received(thing: object) -> None:
    with Ring.create(1 << 14) as capture, Ring.create(1 << 14) as playout, pytest.raises(TypeError):
        FrameBridge(capture, playout).receive(thing)  # type: ignore[arg-type]
