"""End of turn by smart-turn 3.2: does the last 8 s of the caller's sound like a finished turn?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from models.session import open_session
from voicecore.types import RATE, Floats, Pcm

SECONDS = 8
SAMPLES = SECONDS * RATE
WINDOW = 400
HOP = 160
MELS = 80
FLOOR = np.float32(1e-10)
BLOCK = 16
"""Frames multiplied at a time: few enough that OpenBLAS does it in this thread. Its pool spins while it
waits for a busy core, which was measured to make 0.2 ms of work take 16."""


class SmartTurn:
    """``ports.TurnModel``. Safe to use from several threads.

    Wants 200 ms of the silence after the words in ``pcm``, as it was trained with. It tells a finished
    turn from a cut one on human speech only; on synthetic speech it is at chance.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` holds the catalogue's ``smart-turn-v3.2``. Raises EngineError (``model-*``)."""
        self._session = open_session(folder / "smart-turn-v3.2-cpu.onnx")

    def probability(self, pcm: Pcm) -> float:
        """``pcm``: the turn so far, int16 at 16 kHz; its last 8 s count. Returns 0..1."""
        (complete,) = self._session.run(None, {"input_features": features(pcm)[None]})
        return float(complete[0, 0])


def features(pcm: Pcm) -> Floats:
    """Whisper's log-mel spectrogram of the last 8 s, silence put before what is shorter: [80, 800].

    The sound is brought to zero mean and unit variance first. Follows ``WhisperFeatureExtractor`` of
    transformers with ``do_normalize`` (Radford et al. 2022), in float32.
    """
    sound = np.zeros(SAMPLES, np.float32)
    tail = pcm[-SAMPLES:]
    sound[SAMPLES - len(tail) :] = tail / np.float32(32768)
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + np.float32(1e-7))
    frames = sliding_window_view(np.pad(sound, WINDOW // 2, mode="reflect"), WINDOW)[:-1:HOP]
    silent = (SAMPLES - len(tail) - WINDOW // 2) // HOP
    first = max(0, silent) // BLOCK * BLOCK  # a silent frame, like all before it
    spectrum = np.fft.rfft(frames[first:] * _HANN)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32, copy=False)
    mel = (power.reshape(-1, BLOCK, WINDOW // 2 + 1) @ _FILTERS).reshape(-1, MELS).T
    mel = np.log10(np.maximum(mel, FLOOR))
    mel = np.concatenate([np.repeat(mel[:, :1], first, axis=1), mel], axis=1)
    log_mel: Floats = (np.maximum(mel, mel.max() - 8) + 4) / 4
    return log_mel


def _mel_filters() -> Floats:
    """Triangular filters of unit area, evenly spaced on Slaney's mel scale up to 8 kHz: [201, 80]."""
    knee_hz, knee_mel, step = 1000.0, 15.0, np.log(6.4) / 27
    top_mel = knee_mel + np.log(RATE / 2 / knee_hz) / step
    mels = np.linspace(0, top_mel, MELS + 2)
    edges = np.where(mels < knee_mel, mels * 200 / 3, knee_hz * np.exp(step * (mels - knee_mel)))
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)[:, None]
    low, centre, high = (edges[i : i + MELS] for i in range(3))
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    filters: Floats = (np.maximum(triangles, 0) * 2 / (high - low)).astype(np.float32)
    return filters


_HANN: Floats = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_FILTERS: Floats = _mel_filters()
