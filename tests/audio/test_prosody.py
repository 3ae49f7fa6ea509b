"""The prosody of a stream against numpy, pitches it must find, and the same voice on both kinds of line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from voicecore.audio import PROSODY, Prosody, Resampler, alaw_decode, alaw_encode
from voicecore.types import Floats, Pcm

RATE, HOP = 8000, 160
LEVEL, PERIODICITY, PITCH, FLATNESS = range(20, 24)


def noise(seconds: float, dbfs: float, rate: int = RATE, seed: int = 0) -> Pcm:
    rms = 32768 * 10 ** (dbfs / 20)
    return np.rint(np.random.default_rng(seed).normal(size=int(rate * seconds)) * rms).astype(np.int16)


def voice(hz: float, seconds: float = 1.0, rate: int = RATE, peak: float = 8000) -> Pcm:
    """Harmonics up to 3.4 kHz that fall by 6 dB an octave."""
    t = np.arange(int(rate * seconds)) / rate
    total = sum(np.sin(2 * np.pi * hz * k * t + k) / k for k in range(1, int(3400 / hz) + 1))
    return np.rint(peak / 2 * total).astype(np.int16)


def track(pcm: Pcm) -> Floats:
    """Float32 [frames, 24]."""
    prosody = Prosody()
    return np.array([prosody.process(frame) for frame in pcm[: len(pcm) // HOP * HOP].reshape(-1, HOP)])


def slow(pcm: Pcm) -> Floats:
    """The twin: numpy's own transform, and every lag anew."""
    whole = np.concatenate([np.zeros(HOP, np.int16), pcm]).astype(np.float64)
    return np.array(
        [slow_frame(whole[at : at + 320]) for at in range(0, len(pcm) - HOP + 1, HOP)], np.float32
    )


def slow_frame(held: npt.NDArray[np.float64]) -> list[float]:
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(256) + 0.5) / 256)
    power = 2 / 256 * np.abs(np.fft.rfft(held[-256:] / 32768 * hann))[:128] ** 2 / (hann**2).sum()
    edges = 700 * np.expm1(np.linspace(np.log1p(1 / 7), np.log1p(38 / 7), 22))
    bins = np.arange(128) * 31.25
    bands = [np.interp(bins, edges[i : i + 3], [0, 1, 0]) @ power for i in range(20)]
    inside = power[4:122] + 1e-10 / 128
    flatness = np.exp(np.log(inside).mean()) / inside.mean()
    level = np.mean((held[-HOP:] / 32768) ** 2)
    decibels = 10 * np.log10(np.maximum([*bands, level], 1e-10))
    return [*decibels, *slow_pitch(held), flatness]


def slow_pitch(held: npt.NDArray[np.float64]) -> tuple[float, float]:
    x = np.fix(held - np.trunc(held.sum() / 320))
    x = np.floor(x / 2 ** max(int(np.ceil(np.log2((np.abs(x).max() + 1) / 3001))), 0))
    score = np.zeros(117)
    for lag in range(19, 116):
        a, b = x[120:], x[120 - lag : 320 - lag]
        score[lag] = a @ b / np.sqrt((a @ a) * (b @ b)) if a.any() and b.any() else 0
    inner = np.arange(20, 115)
    peaks = inner[(score[19:114] < score[20:115]) & (score[20:115] >= score[21:116]) & (score[20:115] > 0)]
    if not peaks.size:
        return 0.0, 0.0
    best = score[peaks].max()
    if best < 0.45:
        return best, 0.0
    lag = int(peaks[score[peaks] >= 0.85 * best][0])
    left, middle, right = score[lag - 1 : lag + 2]
    return best, float(np.log2(80 / (lag + (left - right) / (2 * (left - 2 * middle + right)))))


@pytest.mark.parametrize(
    "pcm",
    [
        voice(120),
        (voice(210) + noise(1, -40)).astype(np.int16),
        noise(1, -30),
        noise(1, -75),
        np.concatenate([voice(95, 0.3), np.zeros(HOP * 5, np.int16), noise(0.3, -20)]),
        np.zeros(HOP * 3, np.int16),
        np.full(HOP * 3, -32768, np.int16),
        np.resize(np.array([32767] * 40 + [-32768] * 40, np.int16), HOP * 5),
    ],
    ids=["voice", "noisy voice", "noise", "faint noise", "gap", "nothing", "constant", "loudest"],
)
def test_reads_what_the_slow_twin_reads(pcm: Pcm) -> None:
    np.testing.assert_allclose(track(pcm), slow(pcm), atol=0.02)


@pytest.mark.parametrize("hz", [75, 100, 123, 180, 260, 390])
def test_finds_the_pitch(hz: float) -> None:
    for row in track(voice(hz))[3:]:
        assert row[PERIODICITY] > 0.95
        assert 100 * 2 ** row[PITCH] == pytest.approx(hz, rel=0.01)


def test_noise_has_no_pitch_and_a_flat_spectrum() -> None:
    rows = track(noise(2, -30))
    assert (rows[:, PITCH] == 0).mean() > 0.95
    assert rows[2:, FLATNESS].min() > 0.3 > track(voice(150))[2:, FLATNESS].max()


def test_the_level_is_the_rms_of_the_last_20_ms() -> None:
    assert track(noise(1, -35))[:, LEVEL].mean() == pytest.approx(-35, abs=0.3)


def test_gain_moves_energies_and_level_alone() -> None:
    quiet, loud = track(voice(140, peak=2000))[3:], track(voice(140, peak=16000))[3:]
    gain = loud - quiet
    # Where the voice is, and not the rounding of its samples.
    np.testing.assert_allclose(gain[:, :21][quiet[:, :21] > -60], 20 * np.log10(8), atol=0.3)
    np.testing.assert_allclose(gain[:, PERIODICITY : PITCH + 1], 0, atol=0.01)


def test_narrow_and_wide_lines_give_nearly_the_same() -> None:
    wide = (voice(130, 1.0, 16000) + noise(1.0, -45, 16000)).astype(np.int16)
    eight = Resampler(16000, 8000).process(wide)
    up = Resampler(8000, 16000).process(alaw_decode(alaw_encode(eight)))
    apart = np.abs(track(Resampler(16000, 8000).process(up)) - track(eight))[5:48]
    assert np.median(apart[:, :17]) < 1.5  # below 2.7 kHz; two more filters cost something above
    assert apart[:, LEVEL].max() < 1.5  # the filters delay by 4 ms
    assert apart[:, PERIODICITY].max() < 0.05
    assert apart[:, PITCH].max() < 0.02


def test_the_past_alone_counts() -> None:
    pcm = np.concatenate([voice(160, 0.2), noise(0.2, -20)])
    np.testing.assert_array_equal(track(pcm)[:8], track(pcm[: 8 * HOP]))


def test_reset_forgets() -> None:
    prosody, frame = Prosody(), noise(0.02, -30)
    first = prosody.process(frame)
    prosody.process(voice(200, 0.02))
    prosody.reset()
    np.testing.assert_array_equal(prosody.process(frame), first)


def test_streams_do_not_hear_each_other() -> None:
    one, two = Prosody(), Prosody()
    rows = []
    for frame in voice(110, 0.2).reshape(-1, HOP):
        rows.append(one.process(frame))
        two.process(noise(0.02, -10))
    np.testing.assert_array_equal(np.array(rows), track(voice(110, 0.2)))


def test_input_is_checked() -> None:
    prosody = Prosody()
    assert prosody.process(np.zeros(HOP, np.int16)).shape == (PROSODY,)
    assert prosody.process(np.zeros(HOP, np.int16)).dtype == np.float32
    for size in (0, 159, 320):
        with pytest.raises(ValueError, match="160"):
            prosody.process(np.zeros(size, np.int16))
    for bad in (np.zeros(HOP, np.float32), np.zeros((2, 80), np.int16), np.zeros(320, np.int16)[::2], None):
        with pytest.raises(TypeError):
            prosody.process(bad)  # type: ignore[arg-type]
