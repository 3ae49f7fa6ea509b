"""Judges a text by its sentence embedding: the guardrails' small classifiers, through ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from models.session import open_session
from voicecore.errors import EngineError
from voicecore.ports import Embedder
from voicecore.types import Floats

FOLDER = Path(__file__).parent / "data"
LABELS = "labels"
"""Metadata of the model: its labels in the order of its output, separated by spaces."""


class GuardHead:
    """``ports.Judge``: a trained head on ``embedder``'s vectors (``benchmarks.training.guards``).

    Safe to use from several threads. Under 0.1 ms where the turn's embedding is given, else its cost on top.
    """

    def __init__(
        self, embedder: Embedder, side: Literal["input", "output"], model: Path | None = None
    ) -> None:
        """``side``: what callers say or what the agent is to say. Raises EngineError (``model-*``)."""
        self.name = f"classifier-{side}"
        path = model or FOLDER / f"guard_{side}.onnx"
        self._embedder = embedder
        self._session = open_session(path)
        meta = self._session.get_modelmeta().custom_metadata_map
        width = self._session.get_inputs()[0].shape[1]
        self.labels = tuple(meta.get(LABELS, "").split())
        if not self.labels or width != embedder.dimensions:
            raise EngineError("model-broken", f"{path} is no head for this embedder", file=str(path))

    async def judge(self, text: str, vector: Floats | None, context: Sequence[str]) -> Mapping[str, float]:  # noqa: ARG002
        """See ``ports.Judge``; the context is not read."""
        one = self._embedder.embed([text])[0] if vector is None else vector
        (scores,) = self._session.run(None, {"vectors": np.asarray(one, np.float32)[None]})
        return dict(zip(self.labels, scores[0].tolist(), strict=True))
