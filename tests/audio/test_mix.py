"""Mixing and gain against numpy, in chunks, at the edges of the range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voicecore.audio import Gain, mix
from voicecore.types import Pcm

pcm = arrays(np.int16, st.integers(0, 700))
gains = st.floats(0, 8, width=32)


@given(pcm, st.integers(0, 2**32 - 1))
def test_mix_adds_and_saturates(a: Pcm, seed: int) -> None:
    b = np.random.default_rng(seed).integers(-32768, 32768, len(a)).astype(np.int16)
    wanted = np.clip(a.astype(int) + b, -32768, 32767)
    assert mix(a, b).tolist() == wanted.tolist()


def test_mix_of_a_long_recording_is_the_same() -> None:
    a, b = np.random.default_rng(1).integers(-32768, 32768, (2, 40_000)).astype(np.int16)
    parts = [mix(a[i : i + 999], b[i : i + 999]) for i in range(0, 40_000, 999)]
    assert np.concatenate(parts).tolist() == mix(a, b).tolist()


class SlowGain:
    """The twin: one gain per sample, worked out in double precision."""

    def __init__(self, gain: float) -> None:
        self.start = self.goal = gain
        self.at = self.length = 0

    def now(self, at: int) -> float:
        return self.start + (self.goal - self.start) * at / self.length if at < self.length else self.goal

    def to(self, gain: float, samples: int) -> None:
        self.start, self.goal, self.at, self.length = self.now(self.at), gain, 0, samples

    def process(self, x: Pcm) -> list[float]:
        scaled = [int(v) * self.now(self.at + 1 + i) for i, v in enumerate(x)]
        self.at += len(x)
        return [min(max(v, -32768.0), 32767.0) for v in scaled]


@given(gains, st.lists(st.tuples(gains, st.integers(0, 900), pcm), max_size=4))
def test_gain_does_what_the_slow_twin_does(start: float, script: list[tuple[float, int, Pcm]]) -> None:
    gain, twin = Gain(start), SlowGain(start)
    for goal, samples, x in script:
        gain.to(goal, samples)
        twin.to(goal, samples)
        np.testing.assert_allclose(gain.process(x), twin.process(x), atol=0.6)
        assert gain.now == pytest.approx(twin.now(twin.at), abs=1e-4)


@given(pcm, st.lists(st.integers(0, 700), max_size=5), st.integers(0, 900))
def test_chunks_give_exactly_what_the_whole_gives(x: Pcm, cuts: list[int], ramp: int) -> None:
    whole, parts = Gain(0.3), Gain(0.3)
    whole.to(1.7, ramp)
    parts.to(1.7, ramp)
    pieces = [parts.process(piece) for piece in np.split(x, sorted(cuts))]
    assert np.concatenate(pieces).tolist() == whole.process(x).tolist()


def test_a_long_chunk_is_the_same_too() -> None:
    x = np.random.default_rng(2).integers(-32768, 32768, 50_000).astype(np.int16)
    whole, parts = Gain(0.5), Gain(0.5)
    whole.to(0, 30_000)
    parts.to(0, 30_000)
    pieces = [parts.process(x[i : i + 320]) for i in range(0, 50_000, 320)]
    assert np.concatenate(pieces).tolist() == whole.process(x).tolist()


def test_a_ramp_moves_with_every_sample_and_rounds() -> None:
    gain = Gain(0)
    gain.to(1, 4)
    assert gain.process(np.full(6, 1001, np.int16)).tolist() == [250, 501, 751, 1001, 1001, 1001]


def test_unity_is_bit_exact_and_a_ramp_ends_where_it_should() -> None:
    x = np.arange(-400, 400, dtype=np.int16)
    gain = Gain()
    assert gain.process(x).tolist() == x.tolist()
    gain.to(0, 800)
    assert gain.process(x)[-1] == 0
    assert gain.now == 0


@pytest.mark.parametrize(("gain", "samples"), [(-0.1, 0), (8.1, 0), (float("nan"), 0), (1, -1), (1, 2**21)])
def test_gain_is_checked(gain: float, samples: int) -> None:
    with pytest.raises(ValueError, match=r"gain|ramp"):
        Gain().to(gain, samples)


def test_only_int16_vectors_of_one_length_pass() -> None:
    x = np.zeros(4, np.int16)
    with pytest.raises(ValueError, match="mix"):
        mix(x, x[:3])
    for bad in (x[::2], x.astype(np.float32), x.reshape(2, 2), b"abcd", None):
        with pytest.raises(TypeError):
            mix(x, bad)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            Gain().process(bad)  # type: ignore[arg-type]
