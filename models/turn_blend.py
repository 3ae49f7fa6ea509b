"""End of turn on a telephone line: smart-turn's encoder under a head of our own, after 80 ms of silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.session import open_session
from models.turn_smart import features
from voicecore.types import Floats, Pcm

HEAD = Path(__file__).parent / "data" / "turn_blend.npz"
"""Weights of the head: ``weight`` float32 [STATES], ``bias`` float32; see benchmarks/training."""
STATES = 384
LATEST = 5
"""Encoder frames of 20 ms that the head reads: the silence, where attention gathers what led to it."""
_ENCODER = "layer_norm_8"
"""The encoder's last layer in smart-turn-v3.2-cpu.onnx, float32 [1, 400, STATES]."""


class TurnBlend:
    """``ports.TurnModel``. Safe to use from several threads; costs what smart-turn costs.

    smart-turn's own head wants 200 ms of silence and 16 kHz. This one is linear on the mean of the encoder's
    latest states, and was trained on people's pauses through G.711 as the ears find them. Asking again later
    in the silence was measured to add nothing.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` holds the catalogue's ``smart-turn-v3.2``. Raises EngineError (``model-*``)."""
        self._session = open_session(folder / "smart-turn-v3.2-cpu.onnx", taps=(_ENCODER,))
        with np.load(HEAD) as head:
            self._weight: Floats = head["weight"]
            self._bias = float(head["bias"])

    def probability(self, pcm: Pcm) -> float:
        """``pcm``: the turn with its first silence, int16 at 16 kHz; the last 8 s count. Returns 0..1."""
        return float(1 / (1 + np.exp(-self._weight @ self.state(pcm) - self._bias)))

    def state(self, pcm: Pcm) -> Floats:
        """What the head reads: float32 [STATES]."""
        (states,) = self._session.run([_ENCODER], {"input_features": features(pcm)[None]})
        latest: Floats = states[0, -LATEST:].mean(axis=0)
        return latest
