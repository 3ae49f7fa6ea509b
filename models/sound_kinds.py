"""Tells what a short sound over the agent's speech is: an interruption, a backchannel, an aside or noise.

A small causal convolutional network over prosody frames: two layers of convolution, the mean of what they
found since the onset, two dense layers. Trained by ``benchmarks.training.sound_kinds`` from a set beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voicecore.audio import PROSODY
from voicecore.types import Floats

KINDS = ("interruption", "backchannel", "aside", "noise")
LEAD = 3
"""Frames before the sound, to know what it stands out from."""
LONGEST = 48
"""Frames that count: 900 ms of sound; and numpy's products stay small enough for one thread."""
WIDTH = 5
"""Frames that a convolution spans."""
_BANDS = 20
_LEVEL, _PERIODICITY, _PITCH, _FLATNESS = range(_BANDS, PROSODY)
_DEPTH_DB = 45.0
_OLDEST = 37
"""The age of a frame that counts as any later one's: training saw none older."""
WEIGHTS = Path(__file__).parent / "data" / "sound_kinds.npz"


def features(frames: Floats) -> Floats:
    """The network's input for prosody ``frames`` [T, 24], of any loudness and pitch: float32 [T, 26].

    A frame depends on those before it alone. Energies are what exceeds the ``LEAD`` first frames, relative
    to the loudest level so far; pitch is relative to its mean so far.
    """
    x = frames.astype(np.float32)
    power = np.exp(x[:, : _LEVEL + 1] * np.float32(np.log(10) / 10))
    noise = power[:LEAD].mean(0)
    clean = 10 * np.log10(np.maximum(power - noise, 1e-12))
    loudest = np.maximum.accumulate(x[:, _LEVEL])
    voiced = x[:, _PITCH] != 0
    count = np.maximum(np.cumsum(voiced), 1)
    out = np.empty((len(x), _BANDS + 6), np.float32)
    out[:, : _LEVEL + 1] = np.maximum(clean - loudest[:, None], -_DEPTH_DB) / 15 + 2
    out[:, _PERIODICITY] = 2 * x[:, _PERIODICITY] - 1
    out[:, _PITCH] = np.where(voiced, 3 * (x[:, _PITCH] - np.cumsum(x[:, _PITCH]) / count), 0)
    out[:, _FLATNESS] = np.log10(x[:, _FLATNESS] + 1e-3) + 1
    out[:, _FLATNESS + 1] = (loudest - 10 * np.log10(noise[_LEVEL])) / 25 - 1
    out[:, _FLATNESS + 2] = np.minimum(np.arange(len(x)), _OLDEST) / 20 - 0.5
    return out


def spread(x: Floats, step: int) -> Floats:
    """Each frame beside its ``WIDTH`` - 1 predecessors, ``step`` apart; zeros before the first."""
    out = np.zeros((*x.shape[:-1], WIDTH, x.shape[-1]), np.float32)
    for i in range(WIDTH):
        back = i * step
        out[..., back:, i, :] = x[..., : max(x.shape[-2] - back, 0), :]
    return out.reshape(*x.shape[:-1], -1)


class SoundKinds:
    """``ports.SoundModel``: probabilities of ``KINDS``, 0.1 ms a call. Stateless, for any thread."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        with np.load(weights) as stored:
            self._weights: list[Floats] = [stored[f"arr_{i}"].astype(np.float32) for i in range(8)]

    def classify(self, frames: Floats) -> Floats:
        """Prosody of a sound so far, float32 [T, 24], the first ``LEAD`` frames from before it.

        Any T from 3; what follows the ``LONGEST``th frame does not count. Returns float32 [4], summing to 1.
        Raises ValueError.
        """
        if frames.ndim != 2 or frames.shape[1] != PROSODY or len(frames) < LEAD:
            raise ValueError(f"frames are {frames.shape}, not [{LEAD} or more, {PROSODY}]")
        near, near_bias, far, far_bias, dense, dense_bias, last, last_bias = self._weights
        x = np.maximum(spread(features(frames[:LONGEST]), 1) @ near + near_bias, 0)
        x = np.maximum(spread(x, 2) @ far + far_bias, 0)
        found = np.concatenate([x[-1], x.mean(0)])
        odds = np.maximum(found @ dense + dense_bias, 0) @ last + last_bias
        odds = np.exp(odds - odds.max())
        probabilities: Floats = odds / odds.sum()
        return probabilities
