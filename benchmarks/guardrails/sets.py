"""The held-out sets: attacks in one turn and over several, ordinary turns, and an agent's sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Attack:
    """A conversation whose last turn, at the latest, must be stopped."""

    kind: str
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What an agent is about to say; ``kind`` is "safe" or what is wrong with it."""

    kind: str
    text: str


def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return data


def attacks() -> Iterator[Attack]:
    """Every attack; those of several turns last."""
    data = _read("attacks.yaml")
    for kind, texts in data["single"].items():
        yield from (Attack(kind, (text,)) for text in texts)
    for kind, conversations in data["multi"].items():
        yield from (Attack(kind, tuple(turns)) for turns in conversations)


def ordinary() -> dict[str, list[str]]:
    """Ordinary turns: ``plain``, and ``alike``, which sound like attacks."""
    return _read("ordinary.yaml")


def sentences() -> Iterator[Sentence]:
    """Sentences that a language model might make, to be said on the grounds in ``bench.GROUNDS``."""
    for kind, texts in _read("sentences.yaml").items():
        yield from (Sentence(kind, text) for text in texts)
