"""Reads what a sound over the agent's speech says, by the encoder of the turn model: a second opinion."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.session import open_session
from models.turn_smart import features
from voicecore.types import RATE, TICK_MS, Floats, Pcm

HEAD = Path(__file__).parent / "data" / "sound_words.npz"
"""Weights of the heads: ``weight`` float32 [looks, STATES, 4], ``bias`` [looks, 4]; see
benchmarks/training."""
LOOKS_MS = (300, 560)
"""After a sound's onset: when it is worth reading, and read again."""
LEAD_MS = 200
"""Of the line before the sound that is read with it."""
WIDTH = 384
STATES = 3 * WIDTH
_MIDDLE = "layer_norm_4"
"""Between the encoder's second and third block, float32 [1, 400, WIDTH], a row per 20 ms: what knows most of
how a word begins (the last layer's states were worth less)."""
_FIRST, _LATEST = 6, 8
"""Rows of the beginning and of the present that are averaged beside all rows of the sound."""


class SoundWords:
    """``ports.SoundReader``. Safe to use from several threads; a reading costs what smart-turn costs, 45 ms.

    ``models.sound_kinds`` knows how a sound goes; this knows what a word sounds like: it tells "yeah" from
    "wait" where melody and loudness are the same.
    """

    looks_ms = LOOKS_MS
    lead_ms = LEAD_MS

    def __init__(self, folder: Path) -> None:
        """``folder`` holds the catalogue's ``smart-turn-v3.2``. Raises EngineError (``model-*``)."""
        self._session = open_session(folder / "smart-turn-v3.2-cpu.onnx", taps=(_MIDDLE,))
        with np.load(HEAD) as head:
            self._weight: Floats = head["weight"]
            self._bias: Floats = head["bias"]

    def read(self, pcm: Pcm, look: int) -> Floats:
        """``pcm``: int16 at 16 kHz, from ``LEAD_MS`` before the sound to ``LOOKS_MS[look]`` after its onset.

        Returns float32 [4], summing to 1: interruption, backchannel, aside, noise, all as likely beforehand.
        """
        odds = self.state(pcm, look) @ self._weight[look] + self._bias[look]
        odds = np.exp(odds - odds.max())
        likely: Floats = odds / odds.sum()
        return likely

    def state(self, pcm: Pcm, look: int) -> Floats:
        """What the heads read: float32 [STATES]."""
        (states,) = self._session.run([_MIDDLE], {"input_features": features(pcm)[None]})
        sound = states[0, -(LOOKS_MS[look] // TICK_MS) :]
        parts = (sound[:_FIRST], sound, sound[-_LATEST:])
        found: Floats = np.concatenate([part.mean(axis=0) for part in parts])
        return found


def heard(pcm: Pcm, onset: float, look: int) -> Pcm:
    """The piece of ``pcm`` that ``SoundWords.read`` wants of a sound that begins at ``onset`` (s)."""
    return pcm[int((onset - LEAD_MS / 1000) * RATE) : int((onset + LOOKS_MS[look] / 1000) * RATE)]
