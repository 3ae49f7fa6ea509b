"""Sounds of a throat that are no words, by source and filter: coughs, sniffs, breaths, hums, "um".

A source (noise, or pulses of the vocal folds) goes through resonators, the formants of a vocal tract
(Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67(3), 1980). Not a singer: rough
sounds with the right bands, envelopes and lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from benchmarks.sounds.wordings import Split
from voicecore.types import RATE, Floats

Doubles = npt.NDArray[np.float64]
Rng = np.random.Generator

SCHWA = ((600.0, 90.0), (1250.0, 110.0), (2500.0, 180.0))
NASAL = ((260.0, 60.0), (1050.0, 200.0), (2200.0, 300.0))
OPEN = ((750.0, 120.0), (1300.0, 140.0), (2600.0, 200.0))
"""Formants of an average adult as (Hz, bandwidth in Hz)."""
Formants = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Throat:
    """One person's vocal organs."""

    name: str
    pitch: float
    """Usual pitch, Hz."""
    tract: float
    """Formants against an average adult's: 0.9 large man .. 1.25 child."""

    @staticmethod
    def of(split: Split, rng: Rng) -> Throat:
        """Somebody of 24 people, of whom half belong to each split."""
        person = 2 * int(rng.integers(12)) + (split == "test")
        return Throat(f"throat-{person}", 85 * 1.045**person, 0.9 + 0.0135 * person)


def cough(throat: Throat, rng: Rng) -> Floats:
    """One to three explosive bursts, some with a voiced tail."""
    parts: list[Doubles] = []
    for _ in range(rng.integers(1, 4)):
        n = _samples(rng.uniform(0.09, 0.22))
        burst = _noise(n, rng) * _attack(n, 0.004, rng.uniform(0.03, 0.08))
        if rng.random() < 0.5:
            tail = _pulses(throat.pitch * rng.uniform(1.2, 1.9), 0.8, n, rng, jitter=0.08)
            burst += tail * _attack(n, 0.03, 0.06) * rng.uniform(0.5, 1.5)
        parts += [_tract(burst, OPEN, throat, rng) * rng.uniform(0.6, 1.0), _gap(rng, 0.05, 0.18)]
    return _join(parts)


def throat_clearing(throat: Throat, rng: Rng) -> Floats:
    """One or two creaky growls with breath in them."""
    parts: list[Doubles] = []
    for _ in range(rng.integers(1, 3)):
        n = _samples(rng.uniform(0.18, 0.45))
        creak = _pulses(throat.pitch * rng.uniform(0.4, 0.7), 0.85, n, rng, jitter=0.2)
        sound = creak + _noise(n, rng) * rng.uniform(0.1, 0.5)
        parts += [_tract(sound * _swell(n), SCHWA, throat, rng), _gap(rng, 0.04, 0.12)]
    return _join(parts)


def sniff(throat: Throat, rng: Rng) -> Floats:
    """Air drawn in through the nose, once or twice: treble that rises and breaks off."""
    parts: list[Doubles] = []
    for _ in range(rng.integers(1, 3)):
        n = _samples(rng.uniform(0.15, 0.4))
        rise = np.linspace(0, 1, n) ** rng.uniform(0.7, 2) * np.minimum(
            1, np.arange(n, 0, -1) / (0.02 * RATE)
        )
        air = _band(_noise(n, rng), rng.uniform(900, 1500), 3700)
        parts += [_resonate(air, ((rng.uniform(1800, 3000), 700.0),), throat) * rise, _gap(rng, 0.1, 0.25)]
    return _join(parts)


def lip_smack(throat: Throat, rng: Rng) -> Floats:
    """One to three clicks of lips or tongue."""
    parts: list[Doubles] = []
    for _ in range(rng.integers(1, 4)):
        n = _samples(rng.uniform(0.02, 0.05))
        click = _noise(n, rng) * _attack(n, 0.001, rng.uniform(0.003, 0.01))
        parts += [_resonate(click, ((rng.uniform(900, 2500), 250.0),), throat), _gap(rng, 0.03, 0.15)]
    return _join(parts)


def breath(throat: Throat, rng: Rng) -> Floats:
    """A breath in or out, near the microphone."""
    n = _samples(rng.uniform(0.3, 1.0))
    air = _band(_noise(n, rng), rng.uniform(250, 500), rng.uniform(1800, 3300))
    return _join([_tract(air, SCHWA, throat, rng) * _swell(n)])


def hesitation(throat: Throat, rng: Rng) -> Floats:
    """ "uh", "er" or "um": a flat vowel, often closed by the lips."""
    n = _samples(rng.uniform(0.2, 0.6))
    vowel = _voiced(throat, rng, n, rng.uniform(0.85, 1.02), SCHWA)
    if rng.random() < 0.5:
        return _join([vowel])
    return _join([vowel, _voiced(throat, rng, _samples(rng.uniform(0.12, 0.4)), 0.92, NASAL)])


def hum(throat: Throat, rng: Rng) -> Floats:
    """ "mm-hm", "uh-huh" or "mm": one hump or two with a puff of breath between, often rising."""
    formants = NASAL if rng.random() < 0.65 else SCHWA
    first = _voiced(throat, rng, _samples(rng.uniform(0.1, 0.22)), rng.uniform(0.85, 1.1), formants)
    if rng.random() < 0.25:
        return _join(
            [_voiced(throat, rng, _samples(rng.uniform(0.2, 0.45)), rng.uniform(0.75, 1.3), formants)]
        )
    puff = _tract(_noise(_samples(rng.uniform(0.03, 0.07)), rng) * 0.08, SCHWA, throat, rng)
    higher = Throat(throat.name, throat.pitch * rng.uniform(0.95, 1.35), throat.tract)
    second = _voiced(higher, rng, _samples(rng.uniform(0.14, 0.32)), rng.uniform(0.85, 1.35), formants)
    return _join([first, puff, second * rng.uniform(0.8, 1.5)])


TICS: dict[str, Callable[[Throat, Rng], Floats]] = {
    "cough": cough,
    "throat": throat_clearing,
    "sniff": sniff,
    "smack": lip_smack,
    "breath": breath,
    "um": hesitation,
}


def _samples(seconds: float) -> int:
    return int(seconds * RATE)


def _noise(n: int, rng: Rng) -> Doubles:
    return rng.standard_normal(n)


def _gap(rng: Rng, low: float, high: float) -> Doubles:
    return np.zeros(_samples(rng.uniform(low, high)))


def _join(parts: Sequence[Doubles]) -> Floats:
    """In int16 units; the level is the caller's business."""
    sound = np.concatenate(parts)
    return (sound / max(1e-9, float(np.abs(sound).max())) * 16_000).astype(np.float32)


def _attack(n: int, rise: float, decay: float) -> Doubles:
    """An envelope that rises in ``rise`` seconds and falls by 1/e every ``decay`` seconds."""
    at = np.arange(n) / RATE
    return np.minimum(1, at / rise) * np.exp(-np.maximum(0, at - rise) / decay)


def _swell(n: int) -> Doubles:
    return np.hanning(n) ** 0.5


def _pulses(pitch: float, glide: float, n: int, rng: Rng, jitter: float) -> Doubles:
    """Pulses of the vocal folds, whose pitch ends at ``glide`` times its beginning."""
    frequency = pitch * glide ** np.linspace(0, 1, n)
    step = _samples(0.01)
    frequency *= np.repeat(1 + jitter * rng.standard_normal(n // step + 1), step)[:n]
    phase = np.cumsum(np.maximum(frequency, 30) / RATE)
    beats = np.diff(np.floor(phase), prepend=0.0)
    return np.asarray(signal.lfilter([12.0], [1.0, -0.94], beats - beats.mean()))


def _voiced(throat: Throat, rng: Rng, n: int, glide: float, formants: Formants) -> Doubles:
    source = _pulses(throat.pitch * rng.uniform(0.9, 1.15), glide, n, rng, jitter=0.008) + 0.02 * _noise(
        n, rng
    )
    return _tract(source, formants, throat, rng) * np.hanning(n) ** 0.35


def _tract(source: Doubles, formants: Formants, throat: Throat, rng: Rng) -> Doubles:
    """``source`` through a vocal tract that differs a little every time."""
    moved = [(hz * rng.uniform(0.93, 1.07), width * rng.uniform(0.8, 1.4)) for hz, width in formants]
    return _resonate(source, moved, throat)


def _resonate(source: Doubles, formants: Formants, throat: Throat) -> Doubles:
    for hz, width in formants:
        radius = np.exp(-np.pi * width / RATE)
        poles = [1.0, -2 * radius * np.cos(2 * np.pi * min(hz * throat.tract, 7000) / RATE), radius**2]
        source = np.asarray(signal.lfilter([sum(poles)], poles, source))
    return source


def _band(source: Doubles, low: float, high: float) -> Doubles:
    return np.asarray(
        signal.sosfilt(signal.butter(2, (low, high), "bandpass", fs=RATE, output="sos"), source)
    )
