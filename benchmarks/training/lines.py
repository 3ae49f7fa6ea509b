"""Puts a sound on a telephone line over the agent's speech, and hears it as the appliance does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.sounds import g711
from voicecore.pipeline.ears import Ears, Sound, hear
from voicecore.ports import Vad
from voicecore.types import RATE, TICK, TICK_MS, Floats, MediaFrame, Pcm

BEFORE_S = 1.0
"""The line before the sound: what the noise floor is learned from."""
AFTER_S = 0.7
DUCKED_AFTER_S = 0.1
"""From the sound's first sample to the ducked agent in its echo."""
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Line:
    """A caller's line, everything at ``RATE``; None where there is nothing of the kind."""

    sound: Pcm
    """What the caller's side lets hear, as loud as it is beside a talker of ``SPEECH_DBFS``."""
    gain_db: float
    """Of the whole line on the caller's side."""
    noise: Pcm
    """At ``SPEECH_DBFS``, any length; repeated as often as needed."""
    snr_db: float | None
    """Of a normal talker over the noise."""
    agent: Pcm
    """What the agent says meanwhile, as loud as it is sent; repeated as often as needed."""
    echo_db: float | None
    """The agent's echo against what was sent."""
    echo_ms: int
    duck_gain: float

    def mixed(self) -> tuple[Pcm, Pcm]:
        """What arrives at the agent, through 8 kHz G.711, and what the agent sends; whole ticks of both."""
        onset, ducked = int(BEFORE_S * RATE), int((BEFORE_S + DUCKED_AFTER_S) * RATE)
        n = -(-(onset + len(self.sound) + int(AFTER_S * RATE)) // TICK) * TICK
        sent, total = np.resize(self.agent, n).astype(np.float64), np.zeros(n)
        sent[ducked:] *= self.duck_gain
        total[onset : onset + len(self.sound)] = self.sound
        if self.snr_db is not None:
            total += np.resize(self.noise, n) * 10 ** (-self.snr_db / 20)
        total *= 10 ** (self.gain_db / 20)
        if self.echo_db is not None:
            late = self.echo_ms * RATE // 1000
            total[late:] += sent[: n - late] * 10 ** (self.echo_db / 20)
        return g711(_clipped(total)), _clipped(sent)


@dataclass(frozen=True, slots=True)
class Heard:
    """A line as the appliance heard it, a row per tick."""

    sounds: tuple[Sound, ...]
    prosody: Floats
    """float32 [ticks, 24]."""


def listen(vad: Vad, lines: Sequence[Line]) -> Iterator[Heard]:
    """All ``lines`` in order, through the appliance's own ears."""
    for start in range(0, len(lines), _BATCH):
        batch = lines[start : start + _BATCH]
        yield from _listen_to(vad, batch)


def _listen_to(vad: Vad, lines: Sequence[Line]) -> list[Heard]:
    mixed = [line.mixed() for line in lines]
    ears, rows = [Ears(vad) for _ in mixed], [list[Sound]() for _ in mixed]
    contours = [list[Floats]() for _ in mixed]
    for tick in range(max(len(caller) for caller, _ in mixed) // TICK):
        at = slice(tick * TICK, (tick + 1) * TICK)
        due = [i for i, (caller, _) in enumerate(mixed) if len(caller) > tick * TICK]
        frames = [MediaFrame(mixed[i][0][at], mixed[i][1][at], 0, tick * TICK_MS * 1_000_000) for i in due]
        heard = hear(vad, [(ears[i], frame) for i, frame in zip(due, frames, strict=True)])
        for i, sound in zip(due, heard, strict=True):
            rows[i].append(sound)
            contours[i].append(ears[i].prosody(1)[0])
    return [Heard(tuple(row), np.array(contour)) for row, contour in zip(rows, contours, strict=True)]


def _clipped(x: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Pcm:
    return np.clip(np.rint(x), -32768, 32767).astype(np.int16)
