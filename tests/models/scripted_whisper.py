"""A tiny Whisper whose weights are a script: to anything at all it says one sentence, at fixed times.

Each token leads to the next one through the embeddings; attention looks at the encoder's positions only.
It shows that weights, tokens, decoding, alignment and word times fit together, and nothing about speech.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
from tokenizers import Tokenizer

from models.synthesize import whisper

BEGINS_S, STEP_S = 0.55, 0.1
"""When the first token is said, and the time from one to the next."""


def write_scripted(folder: Path, text: str) -> None:
    """A model that says ``text``, no two tokens of which may be the same."""
    whisper.write("toy", folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    said = tokenizer.encode(f" {text}").ids
    assert len(set(said)) == len(said), said
    start, end = (tokenizer.token_to_id(f"<|{name}|>") for name in ("notimestamps", "endoftext"))
    fill = whisper._fill

    def script(spec, shape, rng):
        fill(spec, shape, rng)
        _write_chain(spec, [start, *said, end], rng)
        _look_at(spec, [start, *said], shape.width, shape.heads)

    with mock.patch.object(whisper, "_fill", script):
        whisper.write("toy", folder, quantisation="float32")


def _write_chain(spec, chain, rng):
    """Each token's input is the output row of the one that follows it."""
    decoder = spec.decoder
    size, width = decoder.embeddings.weight.shape
    rows = rng.standard_normal((size, width)).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    decoder.projection.weight = rows
    decoder.embeddings.weight = rows.copy()
    for token, following in pairwise(chain):
        decoder.embeddings.weight[token] = rows[following]
    decoder.position_encodings.encodings[:] = 0
    decoder.layer_norm.gamma[:] = 8
    for layer in decoder.layer:
        for last in (layer.self_attention.linear[-1], layer.attention.linear[-1], layer.ffn.linear_1):
            last.weight[:] = 0


def _look_at(spec, tokens, width, heads):
    """What predicts the i-th token looks at its time; the encoder hands out its positions only."""
    encoder, attention = spec.encoder, spec.decoder.layer[0].attention
    encoder.conv2.weight[:] = 0
    for layer in encoder.layer:
        layer.self_attention.linear[-1].weight[:] = layer.ffn.linear_1.weight[:] = 0
    steps = [round((BEGINS_S + i * STEP_S) / 0.02) for i in range(len(tokens))]
    inputs = spec.decoder.embeddings.weight[tokens]
    inputs = (inputs - inputs.mean(1, keepdims=True)) / inputs.std(1, keepdims=True)
    wanted = encoder.position_encodings.encodings[steps] * 30
    query = np.linalg.lstsq(inputs, wanted, rcond=None)[0]
    attention.linear[0].weight = query.T.astype(np.float32).copy()
    both = np.zeros((2 * width, width), np.float32)
    both[:width] = np.eye(width)
    attention.linear[1].weight = both
