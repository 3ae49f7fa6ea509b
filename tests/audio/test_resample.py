"""The resampler against a slow numpy twin, in chunks, and by what it lets through."""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.audio import Resampler, resample
from voicecore.audio._resample import design

RATES = [
    (8000, 16000), (16000, 8000), (8000, 24000), (24000, 8000), (8000, 48000), (48000, 8000),
    (16000, 24000), (24000, 16000), (16000, 48000), (48000, 16000), (22050, 16000), (16000, 16000),
]  # fmt: skip
DTYPES = [np.int16, np.float32]
Samples = npt.NDArray[np.float64]


def noise(n: int, dtype: type) -> npt.NDArray[np.generic]:
    pcm = np.random.default_rng(n).integers(-32768, 32768, n)
    return (pcm if dtype is np.int16 else pcm / 32768).astype(dtype)


def slow(x: Samples, source: int, target: int) -> Samples:
    """The twin: each output by its definition, sum over k of h[phase + k L] x[newest - k]."""
    up, down = target // gcd(source, target), source // gcd(source, target)
    taps = design(up, down)
    out = []
    for at in range(0, len(x) * up, down):
        phase = taps[at % up :: up]
        window = x[: at // up + 1][::-1][: len(phase)]
        out.append(window @ phase[: len(window)] / phase.sum())
    return np.array(out)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("source", "target"), RATES)
def test_gives_what_the_slow_twin_gives(source: int, target: int, dtype: type) -> None:
    x = noise(1000, dtype)
    got = Resampler(source, target, dtype).process(x)
    wanted = slow(x.astype(np.float64), source, target)
    assert got.dtype == dtype
    if dtype is np.int16:
        np.testing.assert_allclose(got, np.clip(wanted, -32768, 32767), atol=20)  # 14-bit taps
    else:
        np.testing.assert_allclose(got, wanted, atol=2e-6)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_quiet_samples_are_rounded_to_the_nearest(source: int, target: int) -> None:
    x = noise(1000, np.int16) // 200
    wanted = slow(x.astype(np.float64), source, target)
    np.testing.assert_allclose(Resampler(source, target).process(x), wanted, atol=0.65)


@given(
    rates=st.sampled_from(RATES),
    dtype=st.sampled_from(DTYPES),
    sizes=st.lists(st.one_of(st.integers(0, 40), st.integers(0, 6000)), max_size=12),
)
def test_chunks_give_exactly_what_the_whole_gives(
    rates: tuple[int, int], dtype: type, sizes: list[int]
) -> None:
    source, target = rates
    x = noise(sum(sizes), dtype)
    whole, stream = Resampler(source, target, dtype), Resampler(source, target, dtype)
    parts = [stream.process(piece) for piece in np.split(x, np.cumsum(sizes))]
    one = whole.process(x)
    assert len(one) == -(-len(x) * target // source)
    assert np.concatenate(parts).tobytes() == one.tobytes()
    assert stream.flush().tobytes() == whole.flush().tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_chunks_are_the_same_too(dtype: type) -> None:
    x = noise(50_000, dtype)
    whole = Resampler(16000, 8000, dtype).process(x)
    stream = Resampler(16000, 8000, dtype)
    assert (
        np.concatenate([stream.process(x[i : i + 320]) for i in range(0, 50_000, 320)]).tobytes()
        == whole.tobytes()
    )


def spectrum(hz: int, source: int, target: int, dtype: type) -> Samples:
    """Amplitude per Hz of what a tone of ``hz`` at half scale becomes, relative to the tone; settled."""
    tone = 0.5 * np.sin(2 * np.pi * hz * np.arange(2 * source) / source)
    x = np.rint(tone * 32768).astype(np.int16) if dtype is np.int16 else tone.astype(np.float32)
    y = Resampler(source, target, dtype).process(x)[target:].astype(np.float64)
    return np.abs(np.fft.rfft(y)) / (len(y) / 2 * (0.5 * (32768 if dtype is np.int16 else 1)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("source", "target"), [pair for pair in RATES if pair[0] != pair[1]])
def test_stop_band_is_60_db_down_and_pass_band_flat(source: int, target: int, dtype: type) -> None:
    low = min(source, target)
    for hz in (100, int(0.2 * low), int(0.43 * low)):
        answer = spectrum(hz, source, target, dtype)
        assert abs(20 * np.log10(answer[hz])) < 0.01
        answer[hz] = 0
        assert 20 * np.log10(answer.max()) < -60
    if target < source:
        for hz in np.linspace(0.571 * low, source / 2 - 100, 5).astype(int):
            assert 20 * np.log10(spectrum(hz, source, target, dtype).max()) < -60


@pytest.mark.parametrize(("source", "target"), RATES)
def test_delay_is_what_it_says_and_short(source: int, target: int) -> None:
    stream = Resampler(source, target, np.float32)
    click = np.zeros(source // 10, np.float32)
    click[100] = 1
    energy = stream.process(click).astype(np.float64) ** 2
    arrived = (energy * np.arange(len(energy))).sum() / energy.sum() / target
    assert 1000 * arrived - 100_000 / source == pytest.approx(stream.delay_ms, abs=0.05)
    assert stream.delay_ms <= 2.5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_whole_recording_stays_in_time(source: int, target: int, dtype: type) -> None:
    def tone(rate: int) -> Samples:
        t = np.arange(int(0.5 * rate)) / rate
        return (
            np.sin(2 * np.pi * 440 * t) * np.sin(2 * np.pi * t) ** 2 * (16000 if dtype is np.int16 else 0.5)
        )

    got = resample(tone(source).astype(dtype), source, target)
    wanted = tone(target)
    assert abs(len(got) - len(wanted)) <= 1
    error = got[: len(wanted)] - wanted[: len(got)]
    assert np.abs(error).max() < 0.03 * wanted.max()


def test_loud_input_saturates_and_never_wraps() -> None:
    square = np.where(np.arange(800) // 20 % 2, 32767, -32768).astype(np.int16)
    up = resample(square, 8000, 16000)
    assert ((up[::2] > 0) == (square > 0)).all()
    assert (up.max(), up.min()) == (32767, -32768)


def test_reset_forgets() -> None:
    stream = Resampler(8000, 16000)
    fresh = stream.process(noise(33, np.int16))
    stream.process(noise(7, np.int16))
    stream.reset()
    assert stream.process(noise(33, np.int16)).tolist() == fresh.tolist()


@pytest.mark.parametrize(("source", "target"), [(0, 8000), (8000, -1), (44100, 47999)])
def test_rates_are_checked(source: int, target: int) -> None:
    with pytest.raises(ValueError, match="cannot resample"):
        Resampler(source, target)


def test_dtypes_are_checked() -> None:
    with pytest.raises(ValueError, match="dtype"):
        Resampler(8000, 16000, np.float64)
    for bad in (
        np.zeros(4, np.float32),
        np.zeros((2, 2), np.int16),
        np.zeros(8, np.int16)[::2],
        b"0000",
        None,
    ):
        with pytest.raises(TypeError):
            Resampler(8000, 16000).process(bad)  # type: ignore[arg-type]
