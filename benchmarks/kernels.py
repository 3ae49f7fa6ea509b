"""Each audio kernel against its slow twin in numpy or soxr, a 20 ms frame at a time, all in one run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat, starmap
from timeit import Timer
from typing import Any

import numpy as np
import soxr

from benchmarks.report import Plot
from voicecore.audio import (
    EchoCorrelator,
    FrameBridge,
    Framer,
    Gain,
    LevelMeter,
    Resampler,
    Ring,
    alaw_decode,
    alaw_encode,
    mix,
    ulaw_decode,
    ulaw_encode,
)
from voicecore.console import charts
from voicecore.types import RATE, TICK, Pcm

Figure = dict[str, Any]
Work = Callable[[], Any]
ROUNDS = 200
LOOPS = 40
LAGS, SLOW_BLOCK = 2001, 80
"""Of the echo correlator: 500 ms and 20 ms at 4 kHz."""
LINES = ((8_000, 16_000), (16_000, 8_000))


@dataclass(frozen=True, slots=True)
class Pair:
    """A kernel and what it replaces; both do one 20 ms frame per call and give the same shape."""

    name: str
    kernel: Work
    twin: Work
    goal: float
    """How many times as fast as its twin the kernel must be."""


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """How many times as fast as its twin each kernel is."""
    ratios = [(f["name"].removesuffix("_ratio"), {"x": f["value"]}) for f in figures if f["unit"] == "x"]
    markup = charts.bars(ratios, {"x": "kernel"}, "times as fast", {"its twin": 1.0})
    return [Plot("Kernels against their twins in numpy and soxr", markup)]


def run() -> list[Figure]:
    """All figures; a ratio is the twin's best time over the kernel's, taken in turns."""
    figures = [_figure("ring_write_read_us", ring_us(), "<= 1", "us", ROUNDS * LOOPS)]
    figures += bridge_figures()
    for pair in pairs():
        kernel, twin = race(pair.kernel, pair.twin)
        goal = "<= 100" if pair.name == "echo" else None
        figures.append(_figure(f"{pair.name}_us", kernel, goal, "us", ROUNDS * LOOPS))
        figures.append(_figure(f"{pair.name}_ratio", twin / kernel, f">= {pair.goal:g}", "x", ROUNDS * LOOPS))
    for source, target in LINES:
        name = f"resample_{source // 1000}_{target // 1000}"
        figures.append(_figure(f"{name}_delay_ms", Resampler(source, target).delay_ms, "<= 2.5", "ms", 1))
        figures.append(_figure(f"{name}_stop_band_db", stop_band_db(source, target), ">= 60", "dB", 20))
    return figures


def _figure(name: str, value: float, goal: str | None, unit: str, n: int) -> Figure:
    ok = None
    if goal is not None:
        sign, bound = goal.split()
        ok = value <= float(bound) if sign == "<=" else value >= float(bound)
    return {"name": name, "value": round(float(value), 4), "goal": goal, "unit": unit, "n": n, "ok": ok}


def race(*works: Work) -> list[float]:
    """Best microseconds per call of each, measured turn by turn so that a busy moment hits all of them."""
    timers = [Timer(work) for work in works]
    laps = [[timer.timeit(LOOPS) for timer in timers] for _ in range(ROUNDS)]
    return [min(column) / LOOPS * 1e6 for column in zip(*laps, strict=True)]


def ring_us() -> float:
    """Microseconds to write a 20 ms frame and read it again."""
    frame, heard = speech(16_000), np.empty(TICK, np.int16)
    with Ring.create(1 << 14) as ring:
        write, read = ring.write, ring.read_into

        def carry() -> None:
            write(frame)
            read(heard)

        return race(carry)[0]


def bridge_figures() -> list[Figure]:
    """Microseconds per tick each way, as the media clock does them.

    Receiving includes the system call that wakes the reader, but nobody sleeps on it here: waking another
    process is the kernel's own cost on top.
    """
    with Ring.create(1 << 16) as capture, Ring.create(1 << 16) as playout:
        bridge = FrameBridge(capture, playout)
        tune = np.resize(speech(16_000), LOOPS * TICK)
        heard = np.empty(capture.capacity, np.uint8)

        def best(work: Iterable[object]) -> float:
            """The loop runs in C, so that what is timed is the call."""
            laps = []
            for _ in range(ROUNDS * 10):
                playout.write(tune)
                capture.clear()
                capture.read_into(heard)
                laps.append(Timer(lambda: deque(islice(work, LOOPS), maxlen=0)).timeit(1))
            return min(laps) / LOOPS * 1e6

        n = ROUNDS * 10 * LOOPS
        requested = best(starmap(bridge.transmit, repeat(())))
        received = best(map(bridge.receive, repeat(speech(RATE))))
        return [
            _figure("bridge_requested_us", requested, "<= 0.5", "us", n),
            _figure("bridge_received_us", received, "<= 0.5", "us", n),
            _figure("bridge_wake_up_us", race(capture.signal)[0], None, "us", ROUNDS * LOOPS),
        ]


def speech(rate: int, seed: int = 0) -> Pcm:
    """A 20 ms frame of loud noise."""
    return (np.random.default_rng(seed).normal(size=rate // 50) * 6000).astype(np.int16)


def pairs() -> list[Pair]:
    """Every kernel that has a twin."""
    return [*g711_pairs(), *resampler_pairs(), *sum_pairs(), *feature_pairs()]


def g711_pairs() -> list[Pair]:
    """Against a look-up by numpy indexing, at 8 kHz."""
    frame = speech(8_000)
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16)
    every_code = np.arange(256, dtype=np.uint8)
    out = []
    bits = frame.view(np.uint16)
    for law, encode, decode in (("ulaw", ulaw_encode, ulaw_decode), ("alaw", alaw_encode, alaw_decode)):
        codes, table = np.frombuffer(encode(samples), np.uint8), decode(every_code)
        octets = np.frombuffer(encode(frame), np.uint8)
        out.append(Pair(f"g711_{law}_encode", partial(encode, frame), partial(codes.__getitem__, bits), 3))
        out.append(Pair(f"g711_{law}_decode", partial(decode, octets), partial(table.__getitem__, octets), 3))
    return out


def resampler_pairs() -> list[Pair]:
    """Against soxr's quickest stream (QQ), a frame after the other."""
    out = []
    for dtype in (np.int16, np.float32):
        for source, target in LINES:
            frame: Any = speech(source).astype(dtype)
            ours = Resampler(source, target, dtype)
            theirs = soxr.ResampleStream(source, target, 1, dtype=np.dtype(dtype).name, quality="QQ")
            theirs.resample_chunk(frame)
            name = f"resample_{source // 1000}_{target // 1000}_{np.dtype(dtype).name}"
            out.append(Pair(name, partial(ours.process, frame), partial(theirs.resample_chunk, frame), 1))
    return out


def sum_pairs() -> list[Pair]:
    """Mixing, gain and framing."""
    a, b = speech(16_000), speech(16_000, 1)
    gain, factor = Gain(0.7), np.float32(0.7)
    framer, held = Framer(256), [np.zeros(0, np.int16)]

    def cut() -> Any:
        whole = np.concatenate([held[0], a])
        n = len(whole) // 256 * 256
        held[0] = whole[n:].copy()
        return whole[:n].reshape(-1, 256)

    return [
        Pair(
            "mix",
            lambda: mix(a, b),
            lambda: np.clip(a.astype(np.int32) + b, -32768, 32767).astype(np.int16),
            1,
        ),
        Pair(
            "gain",
            lambda: gain.process(a),
            lambda: np.clip(np.rint(a * factor), -32768, 32767).astype(np.int16),
            1,
        ),
        Pair("framer", lambda: framer.process(a), cut, 1),
    ]


def feature_pairs() -> list[Pair]:
    """Level with its noise floor, and echo correlation; the echo twin is spared the way down to 4 kHz."""
    a, b = speech(16_000), speech(16_000, 1)
    meter, powers = LevelMeter(), deque([1.0] * 80, maxlen=80)
    correlator = EchoCorrelator()
    random = np.random.default_rng(2)
    block = random.normal(size=SLOW_BLOCK).astype(np.float32)
    sent = random.normal(size=LAGS - 1 + SLOW_BLOCK).astype(np.float32)
    cross, energy = np.zeros(LAGS, np.float32), np.zeros(LAGS, np.float32)

    def level() -> Any:
        powers.append(float(np.square(a, dtype=np.float32).mean()))
        return 10 * np.log10(np.array([[powers[-1], min(powers)]], np.float32))

    def echo() -> tuple[float, float]:
        nonlocal cross, energy
        squares = np.concatenate([np.zeros(1, np.float32), np.cumsum(sent * sent)])
        cross = np.float32(0.9) * cross + np.correlate(sent, block, "valid")
        energy = np.float32(0.9) * energy + squares[SLOW_BLOCK:] - squares[:-SLOW_BLOCK]
        score = cross * cross / energy
        best = int(score.argmax())
        return float(score[best]), float(best)

    return [
        Pair("level", lambda: meter.process(a), level, 1),
        Pair("echo", lambda: correlator.process(a, b), echo, 1),
    ]


def stop_band_db(source: int, target: int) -> float:
    """By how much the loudest alias or image stays under its tone, over twenty tones; int16."""
    tones = np.linspace(100, 3_430, 20) if source < target else np.linspace(4_570, 7_900, 20)
    worst = 0.0
    for hz in tones.astype(int):
        tone = np.rint(16_384 * np.sin(2 * np.pi * hz * np.arange(2 * source) / source)).astype(np.int16)
        settled = Resampler(source, target).process(tone)[target:].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(settled)) / (len(settled) / 2) / 16_384
        if source < target:
            spectrum[hz] = 0
        worst = max(worst, float(spectrum.max()))
    return float(-20 * np.log10(worst))
