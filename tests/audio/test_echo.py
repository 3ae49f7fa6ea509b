"""The echo correlator against a slow twin, and on echoes, rooms, strangers and double talk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicecore.audio import EchoCorrelator, Resampler, alaw_decode, alaw_encode
from voicecore.audio._echo import _design
from voicecore.types import Pcm

Reals = npt.NDArray[np.float64]
BLOCK, LAGS, DECAY = 80, 2001, float(np.float32(np.exp(-20 / 300)))


def voice(seed: int, seconds: float = 6) -> Reals:
    """Like speech to a correlator: pulses at a wandering pitch through three formants, in syllables."""
    random = np.random.default_rng(seed)
    n = int(16000 * seconds)
    knots = np.arange(int(seconds * 5) + 2)
    at = np.arange(n) / 3200
    pitch = np.interp(at, knots, random.uniform(90, 220, len(knots)))
    source = (np.diff(np.floor(np.cumsum(pitch) / 16000), prepend=0) > 0) + 0.05 * random.normal(size=n)
    formants = [np.interp(at, knots, random.uniform(low, high, len(knots))) for low, high in
                ((300, 800), (900, 2200), (2300, 3200))]  # fmt: skip
    syllables = np.clip(
        np.sin(np.pi * np.interp(at, knots, np.cumsum(random.uniform(0.5, 1.2, len(knots))))), 0, 1
    )
    out = np.zeros(n)
    for hz in formants:
        ring = np.exp(-np.arange(200) / 60)
        carrier = np.cumsum(2 * np.pi * hz / 16000)
        for part in (np.cos(carrier), np.sin(carrier)):
            out += part * np.convolve(source * part, ring)[:n]
    return out * syllables * 3000


def line(x: Reals) -> Pcm:
    """Through an A-law telephone line and back."""
    down, up = Resampler(16000, 8000), Resampler(8000, 16000)
    narrow = down.process(np.clip(x, -32768, 32767).astype(np.int16))
    return up.process(alaw_decode(alaw_encode(narrow)))


def echo(x: Reals, delay_ms: float, gain: float) -> Reals:
    return gain * np.concatenate([np.zeros(int(16 * delay_ms)), x])[: len(x)]


def track(caller: Pcm, sent: Pcm) -> npt.NDArray[np.float64]:
    """(correlation, delay) after each tick in which there was something to compare."""
    correlator = EchoCorrelator()
    n = len(sent) // 320
    rows = [correlator.process(c, s) for c, s in zip(np.split(caller, n), np.split(sent, n), strict=True)]
    return np.array([row for row in rows if row[0] > 0])


def slow_signal(pcm: Pcm) -> Reals:
    """4 kHz, pre-emphasised, in whole steps of 16, cut off at 5,000 of them."""
    padded = np.concatenate([np.zeros(36), pcm.astype(np.float64)])
    taps = _design().astype(np.float64)
    out = np.array([padded[i : i + 40] @ taps for i in range(0, len(pcm), 4)])
    return np.clip(np.floor(out / 2**18), -5000, 5000)


def slow(caller: Pcm, sent: Pcm) -> list[tuple[float, float]]:
    """The twin: numpy, double precision, one block after the other."""
    x, y = slow_signal(caller), np.concatenate([np.zeros(LAGS - 1), slow_signal(sent)])
    cross, energy, own, own2 = np.zeros(LAGS), np.zeros(LAGS), 0.0, 0.0
    quiet = BLOCK / (1 - DECAY)
    rows = []
    for at in range(0, len(x), BLOCK):
        block = x[at : at + BLOCK]
        windows = np.lib.stride_tricks.sliding_window_view(y[at : at + LAGS - 1 + BLOCK], BLOCK)[::-1]
        cross = DECAY * cross + windows @ block
        energy = DECAY * energy + (windows**2).sum(1)
        own, own2 = DECAY * own + block @ block, DECAY**2 * own2 + (block @ block) ** 2
        score = np.where(energy > quiet, cross**2 / np.maximum(energy, 1), 0)
        best = int(score.argmax())
        if score[best] > 0 and own > quiet:
            rows.append((min((score[best] / own * (1 - own2 / own**2)) ** 0.5, 1.0), best / 4))
        else:
            rows.append((0.0, 0.0))
    return rows


@pytest.mark.parametrize(
    ("caller", "sent"),
    [(echo(voice(1, 2), 111, 0.2), voice(1, 2)), (voice(2, 2), voice(1, 2)), (np.zeros(32000), voice(1, 2))],
    ids=["echo", "stranger", "silence"],
)
def test_finds_what_the_slow_twin_finds(caller: Reals, sent: Reals) -> None:
    correlator = EchoCorrelator()
    x, y = caller.astype(np.int16), sent.astype(np.int16)
    got = [correlator.process(x[i : i + 320], y[i : i + 320]) for i in range(0, len(x), 320)]
    wanted = slow(x, y)
    np.testing.assert_allclose([row[0] for row in got], [row[0] for row in wanted], atol=2e-4)
    agree = [a[1] == b[1] for a, b in zip(got, wanted, strict=True)]
    assert np.mean(agree) > 0.98


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2000), max_size=8))
def test_chunks_give_exactly_what_the_whole_gives(sizes: list[int]) -> None:
    sent = np.resize(voice(3, 1), sum(sizes)).astype(np.int16)
    caller = echo(sent.astype(np.float64), 30, 0.5).astype(np.int16)
    parts, whole = EchoCorrelator(), EchoCorrelator()
    for x, y in zip(np.split(caller, np.cumsum(sizes)), np.split(sent, np.cumsum(sizes)), strict=True):
        parts.process(x, y)
    assert whole.process(caller, sent) == (parts.correlation, parts.delay_ms)


@pytest.mark.parametrize("delay_ms", [0, 40, 163, 480])
@pytest.mark.parametrize("gain", [0.5, -0.1, 0.03])
def test_an_echo_over_a_telephone_line_is_found_with_its_delay(delay_ms: int, gain: float) -> None:
    sent = voice(4)
    found = track(line(echo(sent, delay_ms, gain)), sent.astype(np.int16))[20:]
    assert np.percentile(found[:, 0], 10) > 0.75
    assert np.median(found[:, 1]) == pytest.approx(delay_ms + 4, abs=1)


def test_an_echo_that_went_through_a_room_is_found() -> None:
    tail = np.random.default_rng(5).normal(size=400) * np.exp(-np.arange(400) / 80)
    sent = voice(6)
    room = np.convolve(echo(sent, 240, 0.15), tail / np.sqrt(tail @ tail))[: len(sent)]
    found = track(line(room), sent.astype(np.int16))[20:]
    assert np.median(found[:, 0]) > 0.45
    assert np.median(np.abs(found[:, 1] - 244)) < 6


def test_somebody_else_speaking_is_no_echo() -> None:
    sent = voice(7).astype(np.int16)
    found = track(line(voice(8)), sent)[20:]
    assert len(found) > 100
    assert np.percentile(found[:, 0], 95) < 0.4


def test_nothing_sent_or_nothing_heard_correlates_with_nothing() -> None:
    sent, nothing = voice(9, 1).astype(np.int16), np.zeros(16000, np.int16)
    for caller, ours in ((sent, nothing), (nothing, sent), (nothing, nothing)):
        assert EchoCorrelator().process(caller, ours) == (0, 0)


def test_the_loudest_signal_does_no_harm() -> None:
    square = np.where(np.arange(16000) // 4 % 2, 32767, -32768).astype(np.int16)
    correlation, _ = EchoCorrelator().process(square, square)
    assert 0.95 < correlation <= 1


def test_the_taps_leave_no_room_for_overflow() -> None:
    assert np.abs(_design().astype(int)).sum() * 32768 < 2**31


def test_reset_forgets() -> None:
    sent = voice(10, 1).astype(np.int16)
    correlator = EchoCorrelator()
    first = correlator.process(sent, sent)
    correlator.reset()
    assert (correlator.correlation, correlator.delay_ms) == (0, 0)
    assert correlator.process(sent, sent) == first


@pytest.mark.parametrize(("delay", "window"), [(10, 300), (3000, 300), (500, 10), (500, 20_000)])
def test_ranges_are_checked(delay: int, window: int) -> None:
    with pytest.raises(ValueError, match="max_delay_ms"):
        EchoCorrelator(delay, window)


def test_input_is_checked() -> None:
    x = np.zeros(320, np.int16)
    with pytest.raises(ValueError, match="320 samples"):
        EchoCorrelator().process(x, x[:300])
    for bad in (x.astype(np.float32), x.reshape(2, -1), x[::2], bytes(640), None):
        with pytest.raises(TypeError):
            EchoCorrelator().process(x, bad)  # type: ignore[arg-type]
