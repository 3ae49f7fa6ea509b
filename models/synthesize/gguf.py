"""Synthetic Llama- and Qwen-class GGUF: published shapes and quantisation mixes, weights of noise.

The noise is made in the quantised form: a scale that is fixed and quants that are random are weights of
the spread that trained ones have, so a file of any size takes as long as writing it to disk, and
no float copy of it ever exists. Which tensor gets which type follows llama.cpp's ``llama_model_quantize``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType as Type
from gguf import GGUFWriter, LlamaFileType, TokenType

from models.synthesize.marker import NOTICE
from models.synthesize.vocabulary import Vocabulary, syllables

Quantisation = Literal["F16", "Q8_0", "Q4_K_M"]
Bytes = npt.NDArray[np.uint8]

SPREAD = 0.02
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] "
    "+ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What fixes the cost of a language model."""

    family: Literal["llama", "qwen2", "qwen3"]
    width: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    """Width of one head."""
    feed_forward: int
    vocabulary: int
    rope_base: float
    tied: bool
    """The output shares the input's embeddings: in the file, whatever the network was trained with."""
    context: int


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "toy": Shape("qwen2", 256, 2, 4, 2, 64, 512, 2048, 1e6, True, 4096),
        "qwen2.5-0.5b": Shape("qwen2", 896, 24, 14, 2, 64, 4864, 151936, 1e6, False, 32768),
        "qwen2.5-1.5b": Shape("qwen2", 1536, 28, 12, 2, 128, 8960, 151936, 1e6, False, 32768),
        "qwen2.5-3b": Shape("qwen2", 2048, 36, 16, 2, 128, 11008, 151936, 1e6, False, 32768),
        "qwen3-8b": Shape("qwen3", 4096, 36, 32, 8, 128, 12288, 151936, 1e6, False, 40960),
        "qwen3-32b": Shape("qwen3", 5120, 64, 64, 8, 128, 25600, 151936, 1e6, False, 40960),
        "llama3.2-1b": Shape("llama", 2048, 16, 32, 8, 64, 8192, 128256, 5e5, True, 131072),
        "llama3.1-8b": Shape("llama", 4096, 32, 32, 8, 128, 14336, 128256, 5e5, False, 131072),
    }
)


def write(
    shape: str,
    file: Path,
    *,
    seed: int = 0,
    quantisation: Quantisation = "Q4_K_M",
    vocabulary: Vocabulary | None = None,
) -> None:
    """Write the model to ``file``.

    ``vocabulary``: Qwen2's, say, cut or padded to the shape's size; by default one made by rule. The
    three markers of ChatML are always there.
    """
    wanted = SHAPES[shape]
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(file, wanted.family)
    writer.add_name(f"{shape} (synthetic)")
    writer.add_string("voicecore.synthetic", f"{NOTICE}; seed {seed}")
    _describe(writer, wanted, quantisation)
    _add_vocabulary(writer, wanted.vocabulary, vocabulary or syllables(wanted.vocabulary - len(SPECIALS)))
    tensors = [(name, size, _type(wanted, name, size, quantisation)) for name, size in _tensors(wanted)]
    for name, size, kind in tensors:
        elements, bytes_ = BLOCKS[kind]
        packed = (*size[:-1], size[-1] // elements * bytes_)
        writer.add_tensor_info(name, packed, np.dtype(np.uint8), int(np.prod(packed)), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    rng = np.random.default_rng(seed)
    for name, size, kind in tensors:
        writer.write_tensor_data(_noise(rng, name, int(np.prod(size)), kind))
    writer.close()


def _describe(writer: Any, shape: Shape, quantisation: Quantisation) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(LlamaFileType[f"MOSTLY_{quantisation}"])
    if shape.family == "llama":
        writer.add_rope_dimension_count(shape.head)


def _add_vocabulary(writer: Any, size: int, vocabulary: Vocabulary) -> None:
    """Tokens, types and merges; what the vocabulary lacks of ``SPECIALS`` goes to the end."""
    tokens = vocabulary.sized(size, "unused")
    added = [token for token in SPECIALS if token not in tokens]
    tokens = (*tokens[: size - len(added)], *added)
    unused = {token for token in tokens if token.startswith(("<|", "[PAD")) and token not in SPECIALS}
    kinds = (
        TokenType.CONTROL if token in SPECIALS else TokenType.UNUSED if token in unused else TokenType.NORMAL
        for token in tokens
    )
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(tokens)
    writer.add_token_types([int(kind) for kind in kinds])
    writer.add_token_merges([" ".join(merge) for merge in vocabulary.known_merges(size - len(added))])
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)


def _tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and sizes [outputs, inputs], in the order of the file."""
    width, queries, keys = shape.width, shape.heads * shape.head, shape.kv_heads * shape.head
    yield "token_embd.weight", (shape.vocabulary, width)
    yield "output_norm.weight", (width,)
    if not shape.tied:
        yield "output.weight", (shape.vocabulary, width)
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        yield f"{block}.attn_norm.weight", (width,)
        yield f"{block}.ffn_norm.weight", (width,)
        for part, rows in (("q", queries), ("k", keys), ("v", keys)):
            yield f"{block}.attn_{part}.weight", (rows, width)
            if shape.family == "qwen2":
                yield f"{block}.attn_{part}.bias", (rows,)
        yield f"{block}.attn_output.weight", (width, queries)
        if shape.family == "qwen3":
            yield f"{block}.attn_q_norm.weight", (shape.head,)
            yield f"{block}.attn_k_norm.weight", (shape.head,)
        for part, size in (
            ("gate", (shape.feed_forward, width)),
            ("up", (shape.feed_forward, width)),
            ("down", (width, shape.feed_forward)),
        ):
            yield f"{block}.ffn_{part}.weight", size


def _type(shape: Shape, name: str, size: tuple[int, ...], quantisation: Quantisation) -> Any:
    """The type that llama.cpp's quantiser gives the tensor: rows that do not divide by 256 fall back."""
    if len(size) == 1:
        return Type.F32
    if quantisation != "Q4_K_M":
        return Type[quantisation]
    finest = "token_embd.weight" if shape.tied else "output.weight"
    fine = name == finest
    if name.endswith(("attn_v.weight", "ffn_down.weight")):
        layer, eighth = int(name.split(".")[1]), shape.layers // 8
        fine = layer < eighth or layer >= 7 * shape.layers // 8 or (layer - eighth) % 3 == 2
    if size[-1] % 256:
        return Type.Q8_0 if fine else Type.Q5_0
    return Type.Q6_K if fine else Type.Q4_K


BLOCKS = MappingProxyType(
    {
        Type.F32: (1, 4),
        Type.F16: (1, 2),
        Type.Q8_0: (32, 34),
        Type.Q5_0: (32, 22),
        Type.Q4_K: (256, 144),
        Type.Q6_K: (256, 210),
    }
)
"""Weights and bytes of one block."""
SCALES = MappingProxyType(
    {
        Type.Q8_0: ((0, SPREAD / 74),),
        Type.Q5_0: ((0, SPREAD / 9.2),),
        Type.Q4_K: ((0, SPREAD / 263), (2, 7.5 * SPREAD / 263)),
        Type.Q6_K: ((208, SPREAD / 1366),),
    }
)
"""Offset and value of a block's float16 scales. The divisors are the deviations of what they multiply:
uniform quants, times uniform 6- or 8-bit scales in the K types; Q4_K's second takes its mean away."""
CHUNK = 1 << 18
"""Blocks made at a time."""


def _noise(rng: np.random.Generator, name: str, weights: int, kind: Any) -> Bytes:
    """The tensor's bytes: gains are 1, biases 0, all else is noise of deviation ``SPREAD``."""
    if kind == Type.F32:
        values = np.full(weights, name.endswith("norm.weight"), np.float32)
        return values.view(np.uint8)
    elements, size = BLOCKS[kind]
    if kind == Type.F16:
        return (
            (rng.standard_normal(weights, np.float32) * np.float32(SPREAD)).astype(np.float16).view(np.uint8)
        )
    blocks = np.empty((weights // elements, size), np.uint8)
    for start in range(0, len(blocks), CHUNK):
        chunk = blocks[start : start + CHUNK]
        chunk[:] = np.frombuffer(rng.bytes(chunk.size), np.uint8).reshape(chunk.shape)
    for offset, value in SCALES[kind]:
        blocks[:, offset : offset + 2] = np.array([value], np.float16).view(np.uint8)
    return blocks.reshape(-1)
