"""People's recorded prompts as caller turns with known pauses: natural ones, hesitations, digit strings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmarks.sounds import NoiseKind, Recording, Speaker, g711, human_turns, mix, noise, recordings
from voicecore.types import RATE, Pcm

STEP = RATE // 100
NOISE_S = 40
"""Of each kind; every turn has another part of it under it."""
BEFORE_S, TAIL_S = 1.0, 3.0
"""Silence before the first and after the last word."""
SHORTEST_PAUSE_S = 0.1
_QUIET_DB, _ABOVE_FLOOR_DB = 30.0, 10.0
_BURST = 3
"""Steps of 10 ms that a sound must last to count as speech."""
SHORTEST_S = 1.2
"""Speech of a turn worth measuring."""

PAUSE_MEDIAN_S, PAUSE_LOG_SD, PAUSE_BOUNDS_S = 0.45, 0.6, (0.2, 1.5)
"""Inserted pauses: log-normal, most of them medium (0.2-1 s) and some long (> 1 s), as Campione and Veronis
(2002, "A large-scale multilingual study of silent pause duration") found them in spontaneous speech. Median
and spread are our choice within their classes; brief pauses (< 0.2 s) are in the natural set."""

Kind = Literal["natural", "hesitation", "digits"]
KINDS: tuple[Kind, ...] = ("natural", "hesitation", "digits")
Span = tuple[float, float]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a caller as spoken, at 16 kHz; times in seconds from its first sample."""

    voice: str
    kind: Kind
    name: str
    pcm: Pcm
    holds: tuple[Span, ...]
    """Silences of 0.1 s and more inside the turn."""
    end: float
    """The last audible sample."""
    digits: tuple[float, ...] = ()
    """When each digit had been said, for ``digits``."""
    cut_at: float = 0.0
    """Where a pause was inserted, for ``hesitation``."""


def sentences(speaker: Speaker) -> list[Recording]:
    """What a person says that is at least one whole sentence."""
    return [turn for turn in human_turns(speaker.split) if turn.speaker == speaker]


def digits(speaker: Speaker) -> list[Recording]:
    """Recordings of the digits 0 to 9; [] where a person did not record them all."""
    wanted = {f"digits/{digit}" for digit in range(10)}
    found = [recording for recording in recordings(speaker) if recording.name in wanted]
    return found if len(found) == len(wanted) else []


def loudness(pcm: Pcm) -> Doubles:
    """Level of each 10 ms in dB of full scale."""
    blocks = pcm[: len(pcm) // STEP * STEP].reshape(-1, STEP).astype(np.float64) / 32768
    return np.asarray(10 * np.log10(np.mean(blocks**2, axis=1) + 1e-10))


def speech_spans(pcm: Pcm) -> list[Span]:
    """Where a clean recording is audible, pauses of 0.1 s and more apart."""
    level = loudness(pcm)
    top, floor = np.percentile(level, 95), np.percentile(level, 3)
    loud = level > max(top - _QUIET_DB, min(floor + _ABOVE_FLOOR_DB, top - 20))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    bursts = [(a, b) for a, b in edges.reshape(-1, 2).tolist() if b - a >= _BURST]
    joined: list[list[int]] = []
    for a, b in bursts:
        if joined and (a - joined[-1][1]) / 100 < SHORTEST_PAUSE_S:
            joined[-1][1] = b
        else:
            joined.append([a, b])
    return [(a / 100, b / 100) for a, b in joined]


def room(pcm: Pcm, seconds: float, rng: np.random.Generator) -> Pcm:
    """Noise as loud as the recording's own background: what fills a pause must not tell that it was made."""
    level = loudness(pcm)
    floor = np.clip(np.percentile(level, 3), -75, -50)
    return rng.normal(0, 32768 * 10 ** (floor / 20), round(seconds * RATE)).astype(np.int16)


def pause_s(rng: np.random.Generator) -> float:
    """A hesitation's length."""
    while True:
        drawn = float(np.exp(rng.normal(np.log(PAUSE_MEDIAN_S), PAUSE_LOG_SD)))
        if PAUSE_BOUNDS_S[0] <= drawn <= PAUSE_BOUNDS_S[1]:
            return drawn


def _turn(recording: Recording, kind: Kind, parts: Sequence[Pcm], rng: np.random.Generator) -> Turn:
    """Trimmed speech with the pauses between it, between half a second before and ``TAIL_S`` after."""
    speech = np.concatenate(parts)
    spans = speech_spans(speech)
    before, first, last = BEFORE_S, round(spans[0][0] * RATE), round(spans[-1][1] * RATE)
    start = max(0, first - RATE // 20)
    stop = min(len(speech), last + RATE // 20)
    pcm = np.concatenate([room(speech, before, rng), speech[start:stop], room(speech, TAIL_S, rng)])
    shift = before - start / RATE
    moved = [(a + shift, b + shift) for a, b in spans]
    holds = tuple(_gaps(moved))
    hiss = rng.normal(0, 6, len(pcm)).astype(np.int16)  # a line is never digitally silent
    mixed = np.clip(pcm.astype(np.int32) + hiss, -32768, 32767).astype(np.int16)
    return Turn(recording.speaker.name, kind, recording.name, mixed, holds, moved[-1][1])


def natural(recording: Recording, rng: np.random.Generator, shortest_s: float = SHORTEST_S) -> Turn | None:
    """A recording as it is; None if it is too short or empty."""
    pcm = recording.read()
    return _turn(recording, "natural", [pcm], rng) if _length_s(speech_spans(pcm)) >= shortest_s else None


def _length_s(spans: Sequence[Span]) -> float:
    return spans[-1][1] - spans[0][0] if spans else 0.0


def hesitation(recording: Recording, rng: np.random.Generator, shortest_s: float = SHORTEST_S) -> Turn | None:
    """A recording with a pause put where it is quietest between 40 and 80 % of it (a word boundary).

    None if it is too short, or pauses there by itself.
    """
    pcm = recording.read()
    spans = speech_spans(pcm)
    if _length_s(spans) < shortest_s:
        return None
    level = np.convolve(loudness(pcm), np.ones(4) / 4, "same")
    wanted = spans[0][0] + _length_s(spans) * rng.uniform(0.4, 0.8)
    steps = np.arange(round((wanted - 0.15) * 100), round((wanted + 0.15) * 100))
    steps = steps[(steps > 0) & (steps < len(level))]
    at = int(steps[np.argmin(level[steps])]) * STEP
    if any(a - 0.05 <= at / RATE <= b + 0.05 for a, b in _gaps(spans)):
        return None
    fade = np.linspace(1, 0, STEP)
    head, tail = pcm[:at].astype(np.float64), pcm[at:].astype(np.float64)
    head[-STEP:] *= fade
    tail[:STEP] *= fade[::-1]
    gap = room(pcm, pause_s(rng), rng)
    turn = _turn(recording, "hesitation", [head.astype(np.int16), gap, tail.astype(np.int16)], rng)
    after_s = spans[-1][1] - at / RATE
    return replace(turn, cut_at=turn.end - after_s - len(gap) / RATE)


def _gaps(spans: Sequence[Span]) -> Iterator[Span]:
    return ((a[1], b[0]) for a, b in pairwise(spans))


def digit_string(spoken: Sequence[Recording], groups: Sequence[int], rng: np.random.Generator) -> Turn:
    """Digits in groups, a hesitation's pause between groups; ``spoken``: one person's digits."""
    parts: list[Pcm] = []
    said: list[float] = []
    for nth, group in enumerate(groups):
        for _ in range(group):
            pcm = spoken[int(rng.integers(len(spoken)))].read()
            spans = speech_spans(pcm)
            parts.append(pcm[round(spans[0][0] * RATE) : round(spans[-1][1] * RATE)])
            said.append(sum(map(len, parts)) / RATE)
            parts.append(room(pcm, float(rng.uniform(0.02, 0.07)), rng))
        if nth < len(groups) - 1:
            parts.append(room(pcm, pause_s(rng), rng))
    turn = _turn(spoken[0], "digits", parts, rng)
    return replace(turn, digits=tuple(at + turn.end - said[-1] for at in said))


def on_the_line(turn: Turn, snr_db: float | None, kind: NoiseKind, rng: np.random.Generator) -> Pcm:
    """What arrives of a turn through G.711, with noise under it unless ``snr_db`` is None."""
    pcm = turn.pcm
    if snr_db is not None:
        at = int(rng.integers(NOISE_S * RATE))
        pcm = mix(pcm, np.roll(_noise(kind), -at), snr_db)
    return g711(pcm)


@cache
def _noise(kind: NoiseKind) -> Pcm:
    return noise(kind, NOISE_S, "test", 1)
