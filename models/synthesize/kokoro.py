"""Synthetic Kokoro-82M: the published architecture as one ONNX graph, weights of noise.

After the published ``hexgrad/Kokoro-82M``, which is StyleTTS 2 (Li et al. 2023, arXiv 2306.07691) with
an ISTFTNet vocoder (Kaneko et al. 2022): ALBERT over phonemes, durations and prosody under a style
vector, AdaIN decoder, harmonic source and noise. Durations are set to what speech has, about 3 frames
of 25 ms a phoneme.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from models.synthesize.graph import FLOAT, INT64, LAST, Graph
from models.synthesize.marker import NOTICE
from models.synthesize.source import harmonics, inverse_transform

TOKENS = 178
STYLE = 128
"""Half a style vector: the first half is for the decoder, the second for durations and prosody."""
LONGEST = 512
"""Positions that ALBERT knows."""
DURATIONS = 50
FRAMES = 3.0
VOICE = "af_heart"
VOICE_LENGTHS = 510
PHONEMES = {
    1: ";:,.!?", 9: '—…"()“” \u0303ʣʥʦʨᵝ\uab67AI', 31: "O", 33: "Q", 35: "ST", 39: "W", 41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ", 75: "βɔɕç", 80: "ɖðʤə", 85: "ɚɛɜ", 90: "ɟ", 92: "ɡ", 99: "ɥ",
    101: "ɨɪʝ", 110: "ɯɰŋɳɲɴø", 118: "ɸθœ", 123: "ɹ", 125: "ɾɻ", 128: "ʁɽʂʃʈʧ", 135: "ʊʋ", 138: "ʌɣɤ",
    142: "χʎ", 147: "ʒʔ", 156: "ˈˌː", 162: "ʰ", 164: "ʲ", 169: "↓", 171: "→↗↘", 177: "ᵻ",
}  # fmt: skip
"""Runs of symbols by the id of their first."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What fixes the cost of the voice."""

    width: int
    layers: int
    """Of ALBERT, which share their weights."""
    bert: int
    bert_heads: int
    bert_feed_forward: int
    depth: int
    """Layers of the text and duration encoders."""
    first: int
    """Channels that the vocoder begins with."""
    kernels: tuple[int, ...]


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "toy": Shape(32, 1, 32, 2, 64, 1, 32, (3,)),
        "82m": Shape(512, 12, 768, 12, 2048, 3, 512, (3, 7, 11)),
    }
)


def write(shape: str, folder: Path, *, seed: int = 0) -> None:
    """Write ``model.onnx``, the vocabulary (``config.json``, ``tokenizer.json``) and a voice into ``folder``.

    Graph: ``input_ids`` int64 [1, n] between two zeros, ``style`` float32 [1, 256], ``speed`` float32 [1]
    -> ``waveform`` float32 [1, T] at 24 kHz and ``duration`` int64 [n], frames of 600 samples. The voice:
    float32 [510, 1, 256], a style for each count of phonemes.
    """
    g, wanted = Graph(seed), SHAPES[shape]
    decoder_style, style = g.split("style", (STYLE, STYLE))
    states, duration = _durations(g, wanted, style)
    path = _path(g, duration)
    states = g("MatMul", states, path)
    pitch, energy = _prosody(g, wanted, states, style)
    text = g("MatMul", _text(g, wanted), path)
    sound = _decode(g, wanted, text, pitch, energy, decoder_style)
    g.save(
        folder / "model.onnx",
        {"input_ids": (INT64, [1, "tokens"]), "style": (FLOAT, [1, 2 * STYLE]), "speed": (FLOAT, [1])},
        {"waveform": (sound, FLOAT, [1, "samples"]), "duration": (duration, INT64, ["tokens"])},
    )
    symbols = {symbol: first + i for first, run in PHONEMES.items() for i, symbol in enumerate(run)}
    config = {"vocab": symbols, "n_token": TOKENS, "synthetic": f"{NOTICE}; seed {seed}"}
    (folder / "config.json").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    tokenizer = {"model": {"vocab": {"$": 0} | symbols}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    voices = folder / "voices"
    voices.mkdir(exist_ok=True)
    styles = np.random.default_rng(seed).standard_normal((VOICE_LENGTHS, 1, 2 * STYLE), np.float32) * 0.1
    (voices / f"{VOICE}.bin").write_bytes(styles.astype("<f4").tobytes())


def _albert(g: Graph, shape: Shape) -> str:
    """ALBERT (Lan et al. 2020) over the phonemes: [1, n, bert]."""
    width, head = shape.bert, shape.bert // shape.bert_heads
    embedding = 128
    size = g.length("input_ids")
    places = g.cut(g.noise(LONGEST, embedding, inputs=1), 0, size, 0)
    x = g("Add", g("Gather", g.noise(TOKENS, embedding, inputs=1), "input_ids"), places)
    x = g.linear(g.norm_last(x, embedding), embedding, width)
    query, key, value, out = ((g.noise(width, width, inputs=width), g.full(width, 0.0)) for _ in range(4))
    up = (g.noise(width, shape.bert_feed_forward, inputs=width), g.full(shape.bert_feed_forward, 0.0))
    down = (g.noise(shape.bert_feed_forward, width, inputs=shape.bert_feed_forward), g.full(width, 0.0))

    def dense(x: str, weights: tuple[str, str]) -> str:
        return str(g("Add", g("MatMul", x, weights[0]), weights[1]))

    def heads(x: str, weights: tuple[str, str], order: tuple[int, ...]) -> str:
        return str(g("Transpose", g("Reshape", dense(x, weights), [0, 0, -1, head]), perm=order))

    for _ in range(shape.layers):
        scores = g("MatMul", heads(x, query, (0, 2, 1, 3)), heads(x, key, (0, 2, 3, 1)))
        weights = g("Softmax", g("Mul", scores, head**-0.5), axis=-1)
        mixed = g("Transpose", g("MatMul", weights, heads(x, value, (0, 2, 1, 3))), perm=(0, 2, 1, 3))
        x = g.norm_last(g("Add", x, dense(g("Reshape", mixed, [0, 0, -1]), out)), width)
        x = g.norm_last(g("Add", x, dense(g.gelu(dense(x, up)), down)), width)
    return x


def _lstm(g: Graph, x: str, inputs: int, width: int) -> str:
    """Both directions: [1, inputs, T] -> [1, width, T]."""
    half = width // 2
    turned = g("Transpose", x, perm=(2, 0, 1))
    weights = g.noise(2, 4 * half, inputs, inputs=inputs), g.noise(2, 4 * half, half, inputs=half)
    bias = g.constant(np.zeros((2, 8 * half), np.float32))
    both = g("LSTM", turned, *weights, bias, direction="bidirectional", hidden_size=half, outputs=1)
    return str(g("Reshape", g("Transpose", both, perm=(2, 1, 3, 0)), [1, width, -1]))


def _durations(g: Graph, shape: Shape, style: str) -> tuple[str, str]:
    """States of the phonemes [1, width + 128, n] and their whole frames int64 [n]."""
    width = shape.width
    x = g("Transpose", g.linear(_albert(g, shape), shape.bert, width), perm=(0, 2, 1))
    spread = g("Expand", g("Unsqueeze", style, [2]), g("Concat", [1, STYLE], g.length(x), axis=0))
    x = g("Concat", x, spread, axis=1)
    for _ in range(shape.depth):
        x = _lstm(g, x, width + STYLE, width)
        gain, bias = g.split(g.linear(style, STYLE, 2 * width), (width, width))
        plain = g.norm(x, width)
        gain, bias = g("Unsqueeze", gain, [2]), g("Unsqueeze", bias, [2])
        x = g("Concat", g("Add", g("Mul", plain, g("Add", gain, 1.0)), bias), spread, axis=1)
    heard = g("Transpose", _lstm(g, x, width + STYLE, width), perm=(0, 2, 1))
    share = FRAMES / DURATIONS
    logits = g.linear(heard, width, DURATIONS)
    shares = g("Sigmoid", g("Add", logits, math.log(share / (1 - share))))
    frames = g("Div", g("ReduceSum", shares, [0, 2], keepdims=0), "speed")
    return x, g("Cast", g("Max", g("Round", frames), 1.0), to=INT64)


def _path(g: Graph, duration: str) -> str:
    """1 where a frame belongs to a phoneme: float32 [1, n, F]."""
    ends = g("CumSum", duration, 0)
    frames = g("Range", 0, g("ReduceSum", duration, keepdims=0), 1)
    ended = g("Cast", g("GreaterOrEqual", frames, g("Unsqueeze", ends, [1])), to=FLOAT)
    starts = g("Unsqueeze", g("Sub", ends, duration), [1])
    begun = g("Cast", g("GreaterOrEqual", frames, starts), to=FLOAT)
    return str(g("Unsqueeze", g("Sub", begun, ended), [0]))


def _text(g: Graph, shape: Shape) -> str:
    """The phonemes for the decoder: [1, width, n]."""
    width = shape.width
    x = g("Transpose", g("Gather", g.noise(TOKENS, width, inputs=1), "input_ids"), perm=(0, 2, 1))
    for _ in range(shape.depth):
        x = g("LeakyRelu", g.norm(g.conv(x, width, width, 5), width), alpha=0.2)
    return _lstm(g, x, width, width)


def _prosody(g: Graph, shape: Shape, states: str, style: str) -> tuple[str, str]:
    """Pitch (Hz) and energy, two values a frame: [1, 1, 2 F] each."""
    width = shape.width
    heard = _lstm(g, states, width + STYLE, width)
    curves = []
    for base, swing in ((120.0, 30.0), (0.0, 1.0)):
        x = _styled(g, heard, style, width, width)
        x = _styled(g, x, style, width, width // 2, doubled=True)
        x = _styled(g, x, style, width // 2, width // 2)
        curves.append(g("Add", g("Mul", g.conv(x, width // 2, 1), swing), base))
    return curves[0], curves[1]


def _adain(g: Graph, x: str, style: str, channels: int) -> str:
    """Adaptive instance normalisation (Huang & Belongie 2017)."""
    plain = g("InstanceNormalization", x, g.full(channels, 1.0), g.full(channels, 0.0), epsilon=1e-5)
    gain, bias = g.split(g.linear(style, STYLE, 2 * channels), (channels, channels))
    gain, bias = g("Unsqueeze", gain, [2]), g("Unsqueeze", bias, [2])
    return str(g("Add", g("Mul", plain, g("Add", gain, 1.0)), bias))


def _styled(g: Graph, x: str, style: str, inputs: int, outputs: int, *, doubled: bool = False) -> str:
    """A residual block under the style; ``doubled``: T becomes 2 T."""
    y = g("LeakyRelu", _adain(g, x, style, inputs), alpha=0.2)
    if doubled:
        y = g.upsample(y, inputs, inputs, 3, 2, groups=inputs, extra=1)
        x = g("Resize", x, "", g.constant(np.array([1, 1, 2], np.float32)), mode="nearest")
    y = g.conv(y, inputs, outputs, 3)
    y = g.conv(g("LeakyRelu", _adain(g, y, style, outputs), alpha=0.2), outputs, outputs, 3)
    if inputs != outputs:
        x = g.conv(x, inputs, outputs, bias=None)
    return str(g("Mul", g("Add", x, y), 0.5**0.5))


def _decode(g: Graph, shape: Shape, text: str, pitch: str, energy: str, style: str) -> str:
    """Frames -> sound: [1, T]."""
    width, wide = shape.width, 2 * shape.width
    f, e = (g.conv(curve, 1, 1, 3, stride=2, pad=1) for curve in (pitch, energy))
    x = _styled(g, g("Concat", text, f, e, axis=1), style, width + 2, wide)
    side = g("Concat", g.conv(text, width, 64), f, e, axis=1)
    for outputs in (wide, wide, wide, width):
        x = g("Concat", x, side, axis=1)
        x = _styled(g, x, style, wide + 66, outputs, doubled=outputs == width)
    x = g.conv(x, width, shape.first) if width != shape.first else x
    return _vocode(g, shape, x, pitch, style)


def _vocode(g: Graph, shape: Shape, x: str, pitch: str, style: str) -> str:
    """ISTFTNet: 60 spectra of 5 samples each for every value of the pitch."""
    source, channels = harmonics(g, pitch), shape.first
    for stride, kernel in ((10, 20), (6, 12)):
        last = stride == 6
        half = channels // 2
        if last:
            driven = _resonant(g, g.conv(source, 22, half), style, half, shape.kernels[-1])
        else:
            driven = g.conv(source, 22, half, 12, stride=6, pad=3)
            driven = _resonant(g, driven, style, half, shape.kernels[len(shape.kernels) // 2])
        x = g.upsample(g("LeakyRelu", x, alpha=0.1), channels, half, kernel, stride)
        if last:
            x = g("Pad", x, [0, 0, 1, 0, 0, 0], mode="reflect")
        x, channels = g("Add", x, driven), half
        blocks = [_resonant(g, x, style, channels, kernel) for kernel in shape.kernels]
        x = g("Mul", g("Sum", *blocks), 1 / len(blocks))
    x = g.conv(g("LeakyRelu", x, alpha=0.01), channels, 22, 7, gain=0.5)
    magnitude = g("Exp", g("Sub", g.cut(x, 0, 11), 2.0))
    return inverse_transform(g, magnitude, g("Sin", g.cut(x, 11, LAST)))


def _resonant(g: Graph, x: str, style: str, channels: int, kernel: int) -> str:
    """Three pairs of convolutions under the style with snake activations (Ziyin et al. 2020)."""
    for dilation in (1, 3, 5):
        y = x
        for reach in (dilation, 1):
            y = _adain(g, y, style, channels)
            slope = g("Reshape", g.full(channels, 1.0), [1, channels, 1])
            wave = g("Sin", g("Mul", slope, y))
            y = g("Add", y, g("Div", g("Mul", wave, wave), slope))
            y = g.conv(y, channels, channels, kernel, dilation=reach, gain=0.5)
        x = g("Add", x, y)
    return x
