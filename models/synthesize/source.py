"""Kokoro's harmonic source and its short Fourier transforms, as parts of an ONNX graph."""

from __future__ import annotations

import numpy as np

from models.synthesize.graph import FLOAT, Graph

RATE = 24000
SAMPLES = 300
"""Per value of the pitch curve."""
HARMONICS = 9
WINDOW = 20
HOP = 5
BINS = WINDOW // 2 + 1
VOICED_HZ = 10.0


def harmonics(g: Graph, pitch: str) -> str:
    """Pitch [1, 1, P] in Hz -> spectrum and phase of its harmonics and noise: [1, 22, 60 P + 1].

    The sine generator of neural source-filter models (Wang, Takaki & Yamagishi 2019): the phase is
    added up once per value of the pitch and drawn out between them.
    """
    turns = g("Mul", pitch, np.arange(1, HARMONICS + 1, dtype=np.float32)[None, :, None] / RATE)
    whole = g("Sub", turns, g("Floor", turns))
    phase = g("Mul", g("CumSum", whole, 2), 2 * np.pi * SAMPLES)
    scales = g.constant(np.array([1, 1, SAMPLES], np.float32))
    sines = g("Mul", g("Sin", g("Resize", phase, "", scales, mode="linear")), 0.1)
    drawn_out = g("Resize", pitch, "", scales, mode="nearest")
    voiced = g("Cast", g("Greater", drawn_out, VOICED_HZ), to=FLOAT)
    level = g("Add", g("Mul", voiced, 0.003 - 0.1 / 3), 0.1 / 3)
    sines = g("Add", g("Mul", sines, voiced), g("Mul", g("RandomNormalLike", sines), level))
    return _transform(g, g("Tanh", g.conv(sines, HARMONICS, 1)))


def _waves() -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines under a Hann window: float32 [11, 20] each."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    angles = 2 * np.pi * np.arange(BINS)[:, None] * np.arange(WINDOW) / WINDOW
    return (np.cos(angles) * window).astype(np.float32), (-np.sin(angles) * window).astype(np.float32)


def _transform(g: Graph, sound: str) -> str:
    """[1, 1, T] -> magnitudes and phases [1, 22, T / 5 + 1]; the phase through one arctangent."""
    padded = g("Pad", sound, [0, 0, WINDOW // 2, 0, 0, WINDOW // 2], mode="edge")
    real, imaginary = (
        g("Conv", padded, wave[:, None], kernel_shape=[WINDOW], strides=[HOP]) for wave in _waves()
    )
    power = g("Add", g("Mul", real, real), g("Mul", imaginary, imaginary))
    behind = g("Less", real, 0.0)
    safe = g("Where", g("Less", g("Abs", real), 1e-8), 1e-8, real)
    angle = g("Atan", g("Div", imaginary, safe))
    turn = g("Where", g("Less", imaginary, 0.0), -np.pi, np.pi)
    phase = g("Add", angle, g("Where", behind, turn, 0.0))
    return str(g("Concat", g("Sqrt", g("Add", power, 1e-14)), phase, axis=1))


def inverse_transform(g: Graph, magnitude: str, phase: str) -> str:
    """Magnitudes and phases [1, 11, F] -> sound [1, 5 (F - 1)], windows added where they overlap."""
    real, imaginary = g("Mul", magnitude, g("Cos", phase)), g("Mul", magnitude, g("Sin", phase))
    weight = np.full((BINS, 1, 1), 2 / WINDOW, np.float32)
    weight[[0, -1]] /= 2
    parts = (
        g("ConvTranspose", part, wave[:, None] * weight, kernel_shape=[WINDOW], strides=[HOP])
        for part, wave in zip((real, imaginary), _waves(), strict=True)
    )
    sound = g("Mul", g("Add", *parts), HOP * 2 / WINDOW)
    return str(g("Squeeze", g.cut(sound, WINDOW // 2, -WINDOW // 2, 2), [1]))
