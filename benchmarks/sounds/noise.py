"""What else is heard on a line: babble, street, hum, keyboard, a door; for training and for tests."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import signal

from benchmarks.prompts import trim
from benchmarks.sounds.line import SPEECH_DBFS, telephone, to_level
from benchmarks.sounds.recordings import human_turns
from benchmarks.sounds.voices import bend
from benchmarks.sounds.wordings import Split
from voicecore.types import RATE, Pcm

Doubles = npt.NDArray[np.float64]
Rng = np.random.Generator
TALKERS = 8
"""Voices in a babble."""


class NoiseKind(StrEnum):
    """Where noise comes from."""

    BABBLE = "babble"
    """Many people speaking at once, none of them understood."""
    STREET = "street"
    HUM = "hum"
    """Mains, and what it does to a cheap amplifier."""
    KEYBOARD = "keyboard"
    DOOR = "door"


def noise(kind: NoiseKind, seconds: float, split: Split, seed: int) -> Pcm:
    """``seconds`` of noise, int16 at 16 kHz, 300-3400 Hz, at a normal talker's level.

    The same arguments give the same samples; the splits share no random number and no voice. Raises
    ConfigError("no-recordings") for a babble without recordings.
    """
    rng = np.random.default_rng([seed, split == "test", list(NoiseKind).index(kind)])
    return to_level(telephone(_MAKERS[kind](int(seconds * RATE), split, rng).astype(np.float32)), SPEECH_DBFS)


def _babble(n: int, split: Split, rng: Rng) -> Doubles:
    turns = human_turns(split)
    sound = np.zeros(n)
    for _ in range(TALKERS):
        stream, pitch = np.zeros(0, np.int16), rng.uniform(0.8, 1.25)
        skip = int(rng.integers(2 * RATE))
        while len(stream) < n + skip:
            said = trim(turns[rng.integers(len(turns))].read(), RATE)
            stream = np.concatenate([stream, bend(said, pitch)])
        sound += to_level(stream[skip : skip + n]) * rng.uniform(0.4, 1.0)
    return sound


def _street(n: int, _: Split, rng: Rng) -> Doubles:
    """A rumble, and cars that come and go."""
    rumble = signal.lfilter([1.0], [1.0, -0.97], rng.standard_normal(n))
    at = np.arange(n) / RATE
    for _car in range(1 + int(n / RATE / 2)):
        middle, width = rng.uniform(-1, n / RATE + 1), rng.uniform(0.5, 2.0)
        centre = rng.uniform(500, 1500)
        band = signal.butter(1, (centre / 2, centre * 1.5), "bandpass", fs=RATE, output="sos")
        rumble += 12 * signal.sosfilt(band, rng.standard_normal(n)) * np.exp(-(((at - middle) / width) ** 2))
    return np.asarray(100 * rumble)


def _hum(n: int, _: Split, rng: Rng) -> Doubles:
    at, mains = np.arange(n) / RATE, (50.0, 60.0)[rng.integers(2)]
    harmonics = [
        rng.uniform(0.2, 1) / order * np.sin(2 * np.pi * mains * order * at) for order in range(1, 24)
    ]
    return np.asarray(1000 * (np.sum(harmonics, axis=0) + 0.02 * rng.standard_normal(n)))


def _keyboard(n: int, _: Split, rng: Rng) -> Doubles:
    """Keys going down and, more softly, up again."""
    sound = np.zeros(n + RATE)
    at = rng.uniform(0, 0.1)
    while at < n / RATE:
        for after, loud in ((0.0, 1.0), (rng.uniform(0.06, 0.12), rng.uniform(0.2, 0.5))):
            click = _knock(int(0.03 * RATE), rng.uniform(0.002, 0.006), (rng.uniform(900, 1800), 3600), rng)
            start = int((at + after) * RATE)
            sound[start : start + len(click)] += loud * click
        at += rng.uniform(0.08, 0.35)
    return sound[:n]


def _door(n: int, _: Split, rng: Rng) -> Doubles:
    """A thump with a rattle after it; silence to the end."""
    thump = _knock(min(n, RATE), rng.uniform(0.04, 0.12), (90, rng.uniform(500, 1200)), rng)
    sound = np.zeros(n + RATE)
    sound[: len(thump)] = thump
    for _rattle in range(rng.integers(0, 5)):
        start = int(rng.uniform(0.03, 0.3) * RATE)
        click = _knock(int(0.05 * RATE), 0.01, (800, 3000), rng)
        sound[start : start + len(click)] += rng.uniform(0.05, 0.3) * click
    return sound[:n]


def _knock(n: int, decay: float, band: tuple[float, float], rng: Rng) -> Doubles:
    """A burst of noise in a band, of peak 10,000, that dies away by 1/e every ``decay`` seconds."""
    sos = signal.butter(2, band, "bandpass", fs=RATE, output="sos")
    burst = signal.sosfilt(sos, rng.standard_normal(n)) * np.exp(-np.arange(n) / RATE / decay)
    return np.asarray(10_000 * burst / np.abs(burst).max())


_MAKERS: dict[NoiseKind, Callable[[int, Split, Rng], Doubles]] = {
    NoiseKind.BABBLE: _babble,
    NoiseKind.STREET: _street,
    NoiseKind.HUM: _hum,
    NoiseKind.KEYBOARD: _keyboard,
    NoiseKind.DOOR: _door,
}
