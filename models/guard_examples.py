"""Judges a text by its likeness to example sentences: what an agent's folder adds without any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from voicecore.ports import Embedder
from voicecore.types import Floats

ALIKE, SAME = 0.55, 0.85
"""Cosines that count for nothing and for certain; between them linearly."""


class GuardExamples:
    """``ports.Judge``: a class scores by the cosine of its nearest example. Safe for several threads."""

    name = "examples"

    def __init__(self, embedder: Embedder, examples: Mapping[str, Sequence[str]]) -> None:
        """``examples``: class -> sentences; embedded once."""
        self._embedder = embedder
        self._examples = {kind: embedder.embed(texts) for kind, texts in examples.items() if texts}

    async def judge(self, text: str, vector: Floats | None, context: Sequence[str]) -> Mapping[str, float]:  # noqa: ARG002
        """See ``ports.Judge``; the context is not read."""
        if not self._examples:
            return {}
        one = self._embedder.embed([text])[0] if vector is None else vector
        nearest = {kind: float((vectors @ one).max()) for kind, vectors in self._examples.items()}
        return {kind: float(np.clip((x - ALIKE) / (SAME - ALIKE), 0, 1)) for kind, x in nearest.items()}
