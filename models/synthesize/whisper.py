"""Synthetic Whisper for CTranslate2: the published shapes and vocabulary layout, weights of noise.

Shapes after Radford et al. 2022 (arXiv 2212.04356) and the published large-v3-turbo. It never says that
it has finished, so a decode runs to its length limit: latency is measured at a length that the caller
chooses, and nothing that it writes means anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from ctranslate2.specs import WhisperSpec
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers import models as tokenizer_models

from models.synthesize.marker import NOTICE
from models.synthesize.vocabulary import Vocabulary, syllables
from voicecore.types import RATE, Floats

Quantisation = Literal["int8", "int8_float16", "float16", "float32"]

LANGUAGES = (
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it", "id",
    "hi", "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur", "hr", "bg",
    "lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn", "et", "mk", "br",
    "eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si", "km", "sn", "yo", "so",
    "af", "oc", "ka", "be", "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt",
    "sa", "lb", "my", "bo", "tl", "mg", "as", "tt", "haw", "ln", "ha", "ba", "jw", "su", "yue",
)  # fmt: skip
"""In the order of their ids; models before large-v3 know all but the last."""
TEXT_TOKENS = 50257
TIMESTAMPS = 1501
"""0.00 s to 30.00 s in steps of 20 ms."""
POSITIONS = {"encoder": 1500, "decoder": 448}
SPREAD = np.float32(0.02)


@dataclass(frozen=True, slots=True)
class Shape:
    """What fixes the cost of a Whisper."""

    encoder_layers: int
    decoder_layers: int
    heads: int
    width: int
    mels: int = 80
    languages: int = 99

    @property
    def vocabulary(self) -> int:
        """Tokens: text, the end, the start, languages, six tasks, timestamps."""
        return TEXT_TOKENS + 2 + self.languages + 6 + TIMESTAMPS


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "toy": Shape(1, 1, 2, 32),
        "tiny": Shape(4, 4, 6, 384),
        "base": Shape(6, 6, 8, 512),
        "small": Shape(12, 12, 12, 768),
        "large-v3-turbo": Shape(32, 4, 20, 1280, 128, 100),
        "large-v3": Shape(32, 32, 20, 1280, 128, 100),
    }
)


def write(
    shape: str,
    folder: Path,
    *,
    seed: int = 0,
    quantisation: Quantisation = "int8",
    vocabulary: Vocabulary | None = None,
) -> None:
    """Write a CTranslate2 model, its ``tokenizer.json`` and ``preprocessor_config.json`` into ``folder``.

    ``vocabulary``: GPT-2's, for text in real tokens; by default one made by rule.
    """
    wanted = SHAPES[shape]
    vocabulary = vocabulary or syllables(TEXT_TOKENS - 1)
    tokens = _tokens(wanted, vocabulary)
    spec = WhisperSpec(wanted.encoder_layers, wanted.heads, wanted.decoder_layers, wanted.heads)
    _fill(spec, wanted, np.random.default_rng(seed))
    spec.register_vocabulary(tokens)
    _configure(spec.config, wanted, seed)
    spec.validate()
    spec.optimize(quantization=None if quantisation == "float32" else quantisation)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    _tokenizer(tokens, vocabulary).save(str(folder / "tokenizer.json"))
    features = {"feature_size": wanted.mels, "sampling_rate": RATE, "hop_length": 160, "n_fft": 400}
    text = json.dumps(features | {"chunk_length": 30})
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


def _tokens(shape: Shape, vocabulary: Vocabulary) -> list[str]:
    """All tokens in the multilingual layout: the end is 50257, the start 50258.

    By the empty token before them CTranslate2 knows a multilingual model.
    """
    text = vocabulary.sized(TEXT_TOKENS - 1, "pad")
    tasks = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
    special = ("endoftext", "startoftranscript", *LANGUAGES[: shape.languages], *tasks)
    times = (f"<|{i * 0.02:.2f}|>" for i in range(TIMESTAMPS))
    return [*text, "", *(f"<|{name}|>" for name in special), *times]


def _configure(config: Any, shape: Shape, seed: int) -> None:
    """Ids that CTranslate2 wants to know; unknown attributes it keeps and ignores."""
    first = TEXT_TOKENS + 2
    tasks = first + shape.languages
    config.suppress_ids = [TEXT_TOKENS + 1, *range(tasks, tasks + 5)]
    config.suppress_ids_begin = [220, TEXT_TOKENS]
    config.lang_ids = list(range(first, tasks))
    upper = range(shape.decoder_layers // 2, shape.decoder_layers)
    config.alignment_heads = [list(pair) for pair in product(upper, range(shape.heads))]
    config.add_attribute("synthetic", f"{NOTICE}; seed {seed}")


def _fill(spec: WhisperSpec, shape: Shape, rng: np.random.Generator) -> None:
    width = shape.width

    def noise(*size: int) -> Floats:
        return rng.standard_normal(size, dtype=np.float32) * SPREAD

    def norm(part: Any) -> None:
        part.gamma, part.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def linear(part: Any, outputs: int, *inputs: int) -> None:
        part.weight, part.bias = noise(outputs, *inputs), np.zeros(outputs, np.float32)

    def layer(part: Any, *, cross: bool) -> None:
        for name, sizes in (("self_attention", (3, 1)), ("attention", (1, 2, 1)))[: 1 + cross]:
            block = getattr(part, name)
            norm(block.layer_norm)
            for item, outputs in zip(block.linear, sizes, strict=True):
                linear(item, outputs * width, width)
        norm(part.ffn.layer_norm)
        linear(part.ffn.linear_0, 4 * width, width)
        linear(part.ffn.linear_1, width, 4 * width)

    encoder, decoder = spec.encoder, spec.decoder
    linear(encoder.conv1, width, shape.mels, 3)
    linear(encoder.conv2, width, width, 3)
    encoder.position_encodings.encodings = _sinusoids(POSITIONS["encoder"], width)
    for part in encoder.layer:
        layer(part, cross=False)
    decoder.embeddings.weight = decoder.projection.weight = noise(shape.vocabulary, width)
    decoder.position_encodings.encodings = noise(POSITIONS["decoder"], width)
    for part in decoder.layer:
        layer(part, cross=True)
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)


def _sinusoids(length: int, width: int) -> Floats:
    """The encoder's fixed positions: float32 [length, width]."""
    rates = np.exp(-np.log(10000) / (width // 2 - 1) * np.arange(width // 2))
    angles = np.arange(length)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def _tokenizer(tokens: list[str], vocabulary: Vocabulary) -> Tokenizer:
    text = tokens[:TEXT_TOKENS]
    merges = list(vocabulary.known_merges(TEXT_TOKENS - 1))
    bpe = tokenizer_models.BPE(vocab={token: i for i, token in enumerate(text)}, merges=merges)
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special, times = tokens[TEXT_TOKENS:-TIMESTAMPS], tokens[-TIMESTAMPS:]
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.add_tokens([AddedToken(token) for token in times])
    return tokenizer
