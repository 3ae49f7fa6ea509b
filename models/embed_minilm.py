"""Sentence embeddings by all-MiniLM-L6-v2, int8, one text at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from models.session import open_session
from voicecore.types import Floats

MAX_TOKENS = 256
"""The model was trained on no more; what follows in a text is cut."""


class MiniLm:
    """``ports.Embedder``. Safe to use from several threads.

    A text's embedding never depends on the others in the call. English only, case is ignored.
    """

    dimensions = 384

    def __init__(self, folder: Path) -> None:
        """``folder`` holds the catalogue's ``minilm``. Raises EngineError (``model-*``)."""
        self._session = open_session(folder / "minilm-int8.onnx")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def embed(self, texts: Sequence[str]) -> Floats:
        """float32 [N, 384], rows of unit length; an empty text has an embedding too."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            ids = np.array(self._tokenizer.encode(text).ids, np.int64)
            (row[:],) = self._session.run(None, {"input_ids": ids})
        return vectors
