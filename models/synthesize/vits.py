"""Synthetic Piper voices: VITS at the published sizes as one ONNX graph, weights of noise.

After Kim, Kong & Son 2021 (VITS, arXiv 2106.06103): text encoder with relative attention (Shaw et al.
2018), stochastic durations (Durkan et al. 2019 splines), residual coupling flow, HiFi-GAN (Kong et al.
2020). Inputs, outputs and the nodes that others look for are named as in Piper's own exports:
``/Ceil`` gives frames per phoneme, ``/dec/conv_pre/Conv`` begins the vocoder. Durations are set to what
speech has, about 3.6 frames of 11.6 ms an id.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from models.synthesize.graph import FLOAT, INT64, LAST, Graph

SYMBOLS = 256
WINDOW = 4
"""Phonemes either way that attention has learned distances for."""
BINS = 10
TAIL = 5.0
FRAMES = 3.0
"""Median frames per phoneme id, before rounding up."""
SPREAD = 0.3
"""Of the logarithm of that, per unit of noise."""
PHONEMES = (
    "_^$ !'(),-.:;?abcdefhijklmnopqrstuvwxyzæçðøħŋœǀǁǂǃ"
    "ɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢ"
    'ʲˈˌːˑ˞βθχᵻⱱ0123456789\u0327\u0303\u032a\u032f\u0329ʰˤε↓#"↑\u033a\u033b'
)
"""Piper's symbols for espeak-ng's phonemes, in the order of their ids."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What fixes the cost of a voice."""

    width: int
    feed_forward: int
    layers: int
    flow_layers: int
    first: int
    """Channels that the vocoder begins with."""
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    """Of the vocoder's steps up; their product of rates is a frame, 256 samples."""
    fields: Mapping[int, tuple[int, ...]]
    """Kernel -> dilations of the residual blocks after each step."""
    double: bool
    """Two convolutions per dilation (HiFi-GAN's first kind of block) instead of one."""


MEDIUM_FIELDS = MappingProxyType({3: (1, 2), 5: (2, 6), 7: (3, 12)})
HIGH_FIELDS = MappingProxyType({3: (1, 3, 5), 7: (1, 3, 5), 11: (1, 3, 5)})
SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "toy": Shape(32, 64, 1, 1, 32, (8, 8, 4), (16, 16, 8), MappingProxyType({3: (1, 2)}), False),
        "medium": Shape(192, 768, 6, 4, 256, (8, 8, 4), (16, 16, 8), MEDIUM_FIELDS, False),
        "high": Shape(192, 768, 6, 4, 512, (8, 8, 2, 2), (16, 16, 4, 4), HIGH_FIELDS, True),
    }
)


def write(shape: str, file: Path, *, seed: int = 0) -> None:
    """Write the voice to ``file`` (``.onnx``) and Piper's description of it to ``file`` + ``.json``.

    Graph: ``input`` int64 [B, P] phoneme ids, ``input_lengths`` int64 [B], ``scales`` float32 [3] (noise,
    length, noise of durations) -> ``output`` float32 [B, 1, 1, T] at 22,050 Hz.
    """
    g, wanted = Graph(seed), SHAPES[shape]
    scales = g.split("scales", (1, 1, 1), axis=0)
    mask = _mask(g, "input_lengths", g.length("input"))
    hidden, mean, deviation = _text(g, wanted, mask)
    frames = _durations(g, wanted, hidden, mask, scales)
    z, frame_mask = _expand(g, frames, mean, deviation, scales[0])
    for _ in range(4):
        z = _coupling(g, wanted, _flip(g, z, wanted.width), frame_mask)
    sound = _vocoder(g, wanted, g("Mul", z, frame_mask))
    g.save(
        file,
        {
            "input": (INT64, ["batch", "phonemes"]),
            "input_lengths": (INT64, ["batch"]),
            "scales": (FLOAT, [3]),
        },
        {"output": (g("Unsqueeze", sound, [1]), FLOAT, ["batch", 1, 1, "time"])},
    )
    voice = {
        "audio": {"sample_rate": 22050, "quality": shape},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_map": {},
        "phoneme_id_map": {symbol: [i] for i, symbol in enumerate(PHONEMES)},
        "num_symbols": SYMBOLS,
        "num_speakers": 1,
        "speaker_id_map": {},
    }
    file.with_name(f"{file.name}.json").write_text(json.dumps(voice), encoding="utf-8")


def _mask(g: Graph, lengths: str, longest: str) -> str:
    """1 where a row of the batch still has something: float32 [B, 1, longest]."""
    places = g("Range", 0, g("Squeeze", longest, [0]), 1)
    there = g("Less", places, g("Unsqueeze", lengths, [1]))
    return str(g("Unsqueeze", g("Cast", there, to=FLOAT), [1]))


def _text(g: Graph, shape: Shape, mask: str) -> tuple[str, str, str]:
    """Phonemes -> hidden states, means and log deviations of their latents: [B, width, P] each."""
    width = shape.width
    x = g("Gather", g.noise(SYMBOLS, width, inputs=1), "input")
    x = g("Mul", g("Transpose", x, perm=(0, 2, 1)), mask)
    pairs = g("Mul", g("Unsqueeze", mask, [2]), g("Unsqueeze", mask, [3]))
    for _ in range(shape.layers):
        x = g.norm(g("Add", x, _attention(g, width, x, pairs)), width)
        y = g("Relu", g.conv(g("Mul", x, mask), width, shape.feed_forward, 3))
        y = g("Mul", g.conv(g("Mul", y, mask), shape.feed_forward, width, 3), mask)
        x = g.norm(g("Add", x, y), width)
    x = g("Mul", x, mask)
    mean, deviation = g.split(g("Mul", g.conv(x, width, 2 * width), mask), (width, width))
    return x, mean, g("Mul", deviation, 0.1)


def _attention(g: Graph, width: int, x: str, pairs: str) -> str:
    """Two heads of self-attention with learned distances: [B, width, P] -> [B, width, P]."""
    head = width // 2

    def heads(values: str) -> str:
        return str(g("Transpose", g("Reshape", values, [0, 2, head, -1]), perm=(0, 1, 3, 2)))

    query, key, value = (heads(g.conv(x, width, width)) for _ in range(3))
    query = g("Mul", query, 1 / math.sqrt(head))
    size = g.length(x)
    near, far = (_distances(g, head, size) for _ in range(2))
    scores = g("MatMul", query, g("Transpose", key, perm=(0, 1, 3, 2)))
    scores = g("Add", scores, _absolute(g, g("MatMul", query, g("Transpose", near, perm=(0, 2, 1))), size))
    scores = g("Where", g("Equal", pairs, 0.0), -1e4, scores)
    weights = g("Softmax", scores, axis=-1)
    mixed = g("Add", g("MatMul", weights, value), g("MatMul", _relative(g, weights, size), far))
    joined = g("Reshape", g("Transpose", mixed, perm=(0, 1, 3, 2)), [0, width, -1])
    return g.conv(joined, width, width)


def _distances(g: Graph, head: int, size: str) -> str:
    """What was learned for each distance of [1 - size, size - 1]: [1, 2 size - 1, head]."""
    known = g.noise(1, 2 * WINDOW + 1, head, inputs=head)
    side = g("Max", g("Sub", size, [WINDOW + 1]), [0])
    start = g("Max", g("Sub", [WINDOW + 1], size), [0])
    padded = g("Pad", known, g("Concat", [0], side, [0, 0], side, [0], axis=0))
    stop = g("Add", start, g("Sub", g("Mul", size, [2]), [1]))
    return g.cut(padded, start, stop, 1)


def _pad(g: Graph, x: str, before: str | list[int], after: str | list[int], rank: int) -> str:
    """Zeros before and after the last of ``rank`` axes."""
    rest = [0] * (rank - 1)
    return str(g("Pad", x, g("Concat", rest, before, rest, after, axis=0)))


def _absolute(g: Graph, x: str, size: str) -> str:
    """By distance [B, heads, size, 2 size - 1] -> by place [B, heads, size, size]."""
    fewer = g("Sub", size, [1])
    flat = g("Reshape", _pad(g, x, [0], [1], 4), [0, 0, -1])
    wide = g("Sub", g("Mul", size, [2]), [1])
    shifted = _pad(g, flat, [0], fewer, 3)
    square = g("Reshape", shifted, g("Concat", [0, 0], g("Add", size, [1]), wide, axis=0))
    return g.cut(g.cut(square, 0, size, 2), fewer, LAST, 3)


def _relative(g: Graph, x: str, size: str) -> str:
    """The way back: [B, heads, size, size] -> [B, heads, size, 2 size - 1]."""
    flat = g("Reshape", _pad(g, x, [0], g("Sub", size, [1]), 4), [0, 0, -1])
    shifted = _pad(g, flat, size, [0], 3)
    wide = g("Concat", [0, 0], size, g("Mul", size, [2]), axis=0)
    return g.cut(g("Reshape", shifted, wide), 1, LAST, 3)


def _durations(g: Graph, shape: Shape, x: str, mask: str, scales: list[str]) -> str:
    """Whole frames of each phoneme, drawn at random: float32 [B, 1, P]."""
    width = shape.width
    x = _dilated(g, width, g.conv(x, width, width), mask)
    x = g("Mul", g.conv(x, width, width), mask)
    z = g("RandomNormalLike", g("Concat", mask, mask, axis=1))
    z = g("Mul", g("Mul", z, scales[2]), mask)
    for _ in range(3):
        z = _spline_flow(g, width, _flip(g, z, 2), x, mask)
    first = g.cut(_flip(g, z, 2), 0, 1)
    logarithm = g("Add", g("Mul", first, SPREAD), math.log(FRAMES))
    frames = g("Mul", g("Mul", g("Exp", logarithm), mask), scales[1])
    return str(g("Ceil", frames, name="/Ceil"))


def _flip(g: Graph, x: str, channels: int) -> str:
    return str(g("Gather", x, list(reversed(range(channels))), axis=1))


def _dilated(g: Graph, width: int, x: str, mask: str) -> str:
    """Three depthwise convolutions of growing reach, each with one across channels."""
    for i in range(3):
        y = g.conv(g("Mul", x, mask), width, width, 3, dilation=3**i, groups=width)
        y = g.conv(g.gelu(g.norm(y, width)), width, width)
        x = g("Add", x, g.gelu(g.norm(y, width)))
    return str(g("Mul", x, mask))


def _spline_flow(g: Graph, width: int, z: str, condition: str, mask: str) -> str:
    """One coupling step of the durations, backwards: [B, 2, P] -> [B, 2, P]."""
    kept, moved = g.split(z, (1, 1))
    h = g("Add", g.conv(kept, 1, width), condition)
    h = g.conv(_dilated(g, width, h, mask), width, 3 * BINS - 1, gain=0.1)
    moved = _spline(g, moved, g("Unsqueeze", g("Transpose", h, perm=(0, 2, 1)), [1]), width)
    return str(g("Mul", g("Concat", kept, moved, axis=1), mask))


def _spline(g: Graph, x: str, h: str, width: int) -> str:
    """The inverse of a monotonic rational-quadratic spline: x [B, 1, P], h [B, 1, P, 29] -> [B, 1, P]."""
    inside = g("LessOrEqual", g("Abs", x), TAIL)
    y = g("Unsqueeze", g("Clip", x, -TAIL + 1e-5, TAIL - 1e-5), [3])
    raw_widths, raw_heights, raw_slopes = g.split(h, (BINS, BINS, BINS - 1), axis=3)
    lefts, widths = _knots(g, g("Mul", raw_widths, width**-0.5))
    bottoms, heights = _knots(g, g("Mul", raw_heights, width**-0.5))
    ends = math.log(math.exp(1 - 1e-3) - 1)
    slopes = g("Pad", raw_slopes, [0, 0, 0, 1, 0, 0, 0, 1], ends)
    slopes = g("Add", g("Softplus", slopes), 1e-3)
    passed = g("Cast", g("GreaterOrEqual", y, bottoms), to=INT64)
    here = g("Sub", g("ReduceSum", passed, [3], keepdims=1), 1)

    def at(table: str, index: str) -> str:
        return str(g("GatherElements", table, index, axis=3))

    left, span, bottom, height = (at(table, here) for table in (lefts, widths, bottoms, heights))
    slope, following = at(slopes, here), at(slopes, g("Add", here, 1))
    delta = g("Div", height, span)
    bend = g("Sub", g("Add", slope, following), g("Mul", delta, 2.0))
    rise = g("Sub", y, bottom)
    a = g("Add", g("Mul", rise, bend), g("Mul", height, g("Sub", delta, slope)))
    b = g("Sub", g("Mul", height, slope), g("Mul", rise, bend))
    c = g("Neg", g("Mul", delta, rise))
    root = g("Sqrt", g("Max", g("Sub", g("Mul", b, b), g("Mul", g("Mul", a, c), 4.0)), 0.0))
    part = g("Div", g("Mul", c, 2.0), g("Neg", g("Add", b, root)))
    return str(g("Where", inside, g("Squeeze", g("Add", g("Mul", part, span), left), [3]), x))


def _knots(g: Graph, raw: str) -> tuple[str, str]:
    """Edges [..., 10] and sizes [..., 10] of the bins between -5 and 5."""
    shares = g("Add", g("Mul", g("Softmax", raw, axis=-1), 1 - 1e-3 * BINS), 1e-3)
    sizes = g("Mul", shares, 2 * TAIL)
    return g("Sub", g("CumSum", sizes, 3, exclusive=1), TAIL), sizes


def _expand(g: Graph, frames: str, mean: str, deviation: str, scale: str) -> tuple[str, str]:
    """Latents of every frame, drawn around those of its phoneme: [B, width, F], and the frames' mask."""
    ends = g("CumSum", frames, 2)
    total = g("Cast", g("Clip", g("ReduceSum", frames, [1, 2], keepdims=0), 1.0), to=INT64)
    longest = g("ReduceMax", total, axes=[0], keepdims=1)
    mask = _mask(g, total, longest)
    places = g("Cast", g("Range", 0, g("Squeeze", longest, [0]), 1), to=FLOAT)
    places = g("Unsqueeze", places, [0, 2])
    begun = g("Cast", g("GreaterOrEqual", places, g("Sub", ends, frames)), to=FLOAT)
    ended = g("Cast", g("GreaterOrEqual", places, ends), to=FLOAT)
    path = g("Transpose", g("Sub", begun, ended), perm=(0, 2, 1))
    mean, deviation = g("MatMul", mean, path), g("MatMul", deviation, path)
    drawn = g("Mul", g("Mul", g("RandomNormalLike", mean), g("Exp", deviation)), scale)
    return g("Add", mean, drawn), mask


def _coupling(g: Graph, shape: Shape, z: str, mask: str) -> str:
    """One step of the flow, backwards, through gated convolutions (WaveNet): [B, width, F]."""
    width, half = shape.width, shape.width // 2
    kept, moved = g.split(z, (half, half))
    x = g("Mul", g.conv(kept, half, width), mask)
    heard = ""
    for i in range(shape.flow_layers):
        last = i == shape.flow_layers - 1
        tanh, gate = g.split(g.conv(x, width, 2 * width, 5), (width, width))
        y = g.conv(g("Mul", g("Tanh", tanh), g("Sigmoid", gate)), width, width if last else 2 * width)
        if not last:
            step, y = g.split(y, (width, width))
            x = g("Mul", g("Add", x, step), mask)
        heard = g("Add", heard, y) if heard else y
    shift = g.conv(g("Mul", heard, mask), width, half, gain=0.5)
    return str(g("Concat", kept, g("Mul", g("Sub", moved, shift), mask), axis=1))


def _vocoder(g: Graph, shape: Shape, z: str) -> str:
    """HiFi-GAN: [B, width, F] -> [B, 1, 256 F], -1..1."""
    channels = shape.first
    x = g.conv(z, shape.width, channels, 7, name="/dec/conv_pre/Conv")
    for rate, kernel in zip(shape.rates, shape.kernels, strict=True):
        x = g.upsample(g("LeakyRelu", x, alpha=0.1), channels, channels // 2, kernel, rate)
        channels //= 2
        blocks = [_residual(g, shape, x, channels, field) for field in shape.fields]
        x = g("Mul", g("Sum", *blocks), 1 / len(blocks))
    x = g.conv(g("LeakyRelu", x, alpha=0.01), channels, 1, 7, bias=None, gain=0.5)
    return str(g("Tanh", x))


def _residual(g: Graph, shape: Shape, x: str, channels: int, kernel: int) -> str:
    for dilation in shape.fields[kernel]:
        y = g.conv(g("LeakyRelu", x, alpha=0.1), channels, channels, kernel, dilation=dilation, gain=0.5)
        if shape.double:
            y = g.conv(g("LeakyRelu", y, alpha=0.1), channels, channels, kernel, gain=0.5)
        x = g("Add", x, y)
    return x
