"""Trains the network of ``models.sound_kinds`` with numpy alone: the same weights every time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.sound_kinds import KINDS, WIDTH, spread
from voicecore.types import Floats

Labels = npt.NDArray[np.int64]
_BETA1, _BETA2, _TINY = 0.9, 0.999, 1e-8
_STEPS = (1, 2)
"""Of the two convolutions."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What training needs to know beside the samples."""

    channels: int = 64
    epochs: int = 8
    rate: float = 2e-3
    """Of learning at the start, by Adam (Kingma and Ba, ICLR 2015); falls to a hundredth by half a cosine."""
    decay: float = 0.02
    """Of the weights per unit of learning rate (Loshchilov and Hutter, ICLR 2019)."""
    dropout: float = 0.1
    smoothing: float = 0.05
    """Belief left to the other kinds."""
    batch: int = 64
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Pass:
    """What a forward pass keeps for the way back."""

    inputs: tuple[Floats, ...]
    """Of each of the four layers."""
    belief: Floats
    """[B, T, kinds]."""


class Network:
    """Sees a batch of sequences [B, T, F]; says what each is after every frame."""

    def __init__(self, inputs: int, recipe: Recipe) -> None:
        self._recipe = recipe
        self._random = np.random.default_rng(recipe.seed)
        c = recipe.channels
        self.weights: list[Floats] = []
        for n, m in ((WIDTH * inputs, c), (WIDTH * c, c), (2 * c, c), (c, len(KINDS))):
            self.weights.append((self._random.normal(size=(n, m)) * np.sqrt(2 / n)).astype(np.float32))
            self.weights.append(np.zeros(m, np.float32))
        self._first = [np.zeros_like(w) for w in self.weights]
        self._second = [np.zeros_like(w) for w in self.weights]
        self._done = 0

    def fit(self, x: Floats, y: Labels, weight: Floats) -> None:
        """Sequences [N, T, F], their kinds [N], and how much each of their frames counts [N, T]."""
        recipe = self._recipe
        total = recipe.epochs * -(-len(x) // recipe.batch)
        for _ in range(recipe.epochs):
            order = self._random.permutation(len(x))
            for start in range(0, len(x), recipe.batch):
                at = order[start : start + recipe.batch]
                rate = recipe.rate * max((1 + np.cos(np.pi * self._done / total)) / 2, 0.01)
                self._adapt(self._gradients(x[at], y[at], weight[at]), rate)

    def belief(self, x: Floats) -> Floats:
        """Probabilities after every frame: [N, T, kinds]."""
        return self._forward(x, 0.0).belief

    def _forward(self, x: Floats, dropout: float) -> Pass:
        w = self.weights
        a = spread(x, _STEPS[0])
        h = self._thinned(np.maximum(a @ w[0] + w[1], 0), dropout)
        b = spread(h, _STEPS[1])
        h = self._thinned(np.maximum(b @ w[2] + w[3], 0), dropout)
        age = np.arange(1, x.shape[1] + 1, dtype=np.float32)[:, None]
        c = np.concatenate([h, np.cumsum(h, axis=1) / age], axis=2)
        d = self._thinned(np.maximum(c @ w[4] + w[5], 0), dropout)
        odds = d @ w[6] + w[7]
        belief = np.exp(odds - odds.max(2, keepdims=True))
        return Pass((a, b, c, d), belief / belief.sum(2, keepdims=True))

    def _thinned(self, x: Floats, dropout: float) -> Floats:
        """Channels dropped for a whole sequence."""
        if not dropout:
            return x
        keep = self._random.random((len(x), 1, x.shape[2]), np.float32) >= dropout
        return np.asarray(x * keep / np.float32(1 - dropout), np.float32)

    def _gradients(self, x: Floats, y: Labels, weight: Floats) -> list[Floats]:
        recipe, w = self._recipe, self.weights
        run = self._forward(x, recipe.dropout)
        a, b, c, d = run.inputs
        keep = np.float32(1 - recipe.dropout)
        target = np.full((len(y), 1, len(KINDS)), recipe.smoothing / len(KINDS), np.float32)
        target[np.arange(len(y)), 0, y] += 1 - recipe.smoothing
        back = (run.belief - target) * (weight / weight.sum())[:, :, None]
        grads = _layer(d, back)
        back = back @ w[6].T * (d > 0) / keep
        grads = _layer(c, back) + grads
        back = back @ w[4].T
        half = back.shape[2] // 2
        age = np.arange(1, x.shape[1] + 1, dtype=np.float32)[:, None]
        later = np.cumsum((back[:, :, half:] / age)[:, ::-1], axis=1)[:, ::-1]
        back = (back[:, :, :half] + later) * (c[:, :, :half] > 0) / keep
        grads = _layer(b, back) + grads
        h = b[:, :, : recipe.channels]
        back = _gathered(back @ w[2].T, _STEPS[1]) * (h > 0) / keep
        return _layer(a, back) + grads

    def _adapt(self, grads: list[Floats], rate: float) -> None:
        self._done += 1
        for i, g in enumerate(grads):
            self._first[i] += (1 - _BETA1) * (g - self._first[i])
            self._second[i] += (1 - _BETA2) * (g * g - self._second[i])
            size = np.sqrt(self._second[i] / (1 - _BETA2**self._done)) + _TINY
            step = self._first[i] / (1 - _BETA1**self._done) / size
            decay = self._recipe.decay * self.weights[i] if g.ndim == 2 else 0
            self.weights[i] -= np.float32(rate) * (step + decay)


def _layer(x: Floats, back: Floats) -> list[Floats]:
    """Gradients of a layer's weights and bias."""
    flat = back.reshape(-1, back.shape[2])
    return [x.reshape(-1, x.shape[2]).T @ flat, flat.sum(0)]


def _gathered(back: Floats, step: int) -> Floats:
    """The way back through ``spread``."""
    parts = back.reshape(*back.shape[:2], WIDTH, -1)
    out = np.zeros((*back.shape[:2], parts.shape[3]), np.float32)
    for i in range(WIDTH):
        late = i * step
        out[:, : out.shape[1] - late] += parts[:, late:, i]
    return out
