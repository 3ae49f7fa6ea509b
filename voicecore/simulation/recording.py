"""Both directions of a call on one media clock, as a stereo WAV: caller left, appliance right."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from voicecore.errors import ConfigError
from voicecore.types import RATE, TICK, TICK_MS, MediaFrame, Pcm


class Recorder:
    """Keeps every media tick of one call, as the caller's side saw it."""

    def __init__(self) -> None:
        self._sent: list[Pcm] = []
        self._heard: list[Pcm] = []
        self._first_ns = self._last_ns = 0

    @property
    def samples(self) -> int:
        """Length so far: the caller's media clock."""
        return len(self._sent) * TICK

    @property
    def drift_ms(self) -> float:
        """How far the monotonic clock ran ahead of the ticks: lost ticks show up as 20 ms each."""
        if not self._sent:
            return 0.0
        return (self._last_ns - self._first_ns) / 1e6 - (len(self._sent) - 1) * TICK_MS

    def add(self, frame: MediaFrame) -> None:
        """The next tick: ``frame.agent`` is what we sent, ``frame.caller`` what we heard."""
        if not self._sent:
            self._first_ns = frame.tick_ns
        self._last_ns = frame.tick_ns
        self._sent.append(frame.agent)
        self._heard.append(frame.caller)

    def save(self, path: Path) -> None:
        """Write the WAV (16 bit, ``RATE``)."""
        both = np.zeros((self.samples, 2), "<i2")
        if self._sent:
            both[:, 0], both[:, 1] = np.concatenate(self._sent), np.concatenate(self._heard)
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(both.tobytes())


def load_recording(path: Path) -> tuple[Pcm, Pcm]:
    """(caller, agent) of a stereo WAV at ``RATE``. Raises ConfigError("bad-recording")."""
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            data = file.readframes(file.getnframes())
    except (OSError, wave.Error, EOFError) as exc:
        raise ConfigError("bad-recording", f"{path}: {exc}", file=str(path)) from exc
    if shape != (2, 2, RATE):
        raise ConfigError("bad-recording", f"{path} is not stereo, 16 bit, {RATE} Hz", file=str(path))
    both = np.frombuffer(data, "<i2").reshape(-1, 2).astype(np.int16)
    return both[:, 0].copy(), both[:, 1].copy()
