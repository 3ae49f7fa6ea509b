"""Chooses the next token: the likeliest or by chance among the likeliest, within what a grammar allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.llm_llama.library import Constraint, Ids
from voicecore.errors import ConfigError
from voicecore.types import Floats

TOP = 64
"""Tokens that are looked at when not all need be."""
BLOCK = 64


@dataclass(frozen=True, slots=True)
class Sampling:
    """How freely a reply is worded."""

    temperature: float = 0.0
    """0 takes the likeliest token."""
    top_p: float = 0.95
    """Of the likeliest tokens, the fewest that have this probability together."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.temperature <= 2 and 0 < self.top_p <= 1):
            raise ConfigError("bad-sampling", f"temperature 0..2, top_p 0..1: {self}")


class Sampler:
    """For one reply. The candidates are the 64 likeliest tokens, found block by block, not by sorting."""

    def __init__(self, sampling: Sampling, constraint: Constraint | None = None) -> None:
        self._sampling = sampling
        self._constraint = constraint
        self._random = np.random.default_rng(sampling.seed)

    def pick(self, logits: Floats) -> int:
        """The next token for ``logits``, float32 [vocabulary]."""
        if self._constraint is None:
            if not self._sampling.temperature:
                return int(logits.argmax())
            ids = likeliest(logits)
            return self._draw(ids, logits[ids])
        ids = likeliest(logits)
        allowed = self._constraint.allowed(ids)
        if not allowed.any():
            ids = np.arange(len(logits), dtype=np.int32)
            allowed = self._constraint.allowed(ids)
        token = self._draw(ids[allowed], logits[ids[allowed]])
        self._constraint.accept(token)
        return token

    def constrain(self, constraint: Constraint | None) -> None:
        """From the next token on, keep to ``constraint``; the one before is closed."""
        if self._constraint is not None:
            self._constraint.close()
        self._constraint = constraint

    def _draw(self, ids: Ids, logits: Floats) -> int:
        if not self._sampling.temperature:
            return int(ids[logits.argmax()])
        order = np.argsort(-logits, kind="stable")[:TOP]
        scaled = np.exp((logits[order] - logits[order[0]]) / np.float32(self._sampling.temperature))
        mass = np.cumsum(scaled)
        last = int(np.searchsorted(mass, self._sampling.top_p * mass[-1]))
        at = np.searchsorted(mass[: last + 1], self._random.random() * mass[last])
        return int(ids[order[min(int(at), last)]])


def likeliest(logits: Floats, top: int = TOP) -> Ids:
    """The ids of the ``top`` largest of ``logits`` (float32 [n]), in no order: int32 [min(top, n)].

    Each lies in one of the ``top`` blocks with the largest maxima, so only those are looked into.
    """
    if len(logits) <= top * BLOCK * 2:
        return _top(logits, top)
    whole = len(logits) // BLOCK * BLOCK
    maxima = logits[:whole].reshape(-1, BLOCK).max(axis=1)
    blocks = np.argpartition(maxima, len(maxima) - top)[-top:]
    ids = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    ids = np.concatenate([ids, np.arange(whole, len(logits))])
    return np.asarray(ids[_top(logits[ids], top)], np.int32)


def _top(logits: Floats, top: int) -> Ids:
    top = min(top, len(logits))
    return np.argpartition(logits, len(logits) - top)[-top:].astype(np.int32)
