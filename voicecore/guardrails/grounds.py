"""What the agent may rely on in a sentence: results, slots, passages and wordings that people approved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from voicecore.guardrails.quantities import Quantity, known, quantities
from voicecore.guardrails.words import telling

_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Grounds:
    """The grounds of one turn. What the caller claimed is none."""

    values: tuple[Any, ...] = ()
    """Slots and tool results: text, numbers, ISO dates, money in integer cents."""
    passages: tuple[str, ...] = ()
    """Knowledge that the answer is made from."""
    approved: tuple[str, ...] = ()
    """Wordings of the agent's folder; templates keep their {holes}."""
    before: tuple[str, ...] = ()
    """What the agent has said in the call, and is about to say before this sentence."""
    secrets: tuple[str, ...] = ()
    """Texts that must not be read out: instructions of the language model."""

    @property
    def stated(self) -> frozenset[Quantity]:
        """All figures that are grounded."""
        texts = (*self.passages, *self.approved)
        return frozenset(known(self.values)).union(*(_figures(text) for text in texts))

    def support(self, text: str) -> float:
        """0..1: share of a sentence's telling words that one text has; of several sentences the least."""
        return min((self._supported(part) for part in _END.split(text.strip())), default=1.0)

    def _supported(self, sentence: str) -> float:
        words = telling(sentence)
        if not words:
            return 1.0
        texts = (*self.passages, *self.approved)
        return max((len(words & _telling(text)) / len(words) for text in texts), default=0.0)


@lru_cache(4096)
def _figures(text: str) -> frozenset[Quantity]:
    return frozenset(quantities(text))


@lru_cache(4096)
def _telling(text: str) -> frozenset[str]:
    return telling(text)


def flat(value: Any) -> Iterator[Any]:
    """The leaves of JSON-ready data."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from flat(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from flat(inner)
    else:
        yield value
