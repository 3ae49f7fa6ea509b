"""Reads the test sets: calls of a few turns, in which private data is marked as {entity:words}."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
_MARK = re.compile(r"\{(\w+):([^}]*)\}")
Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True)
class Planted:
    """Private data in a turn: word indexes, ``end`` exclusive."""

    entity: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One side's turn, as a recogniser writes it."""

    agent: bool
    words: tuple[str, ...]
    planted: tuple[Planted, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(self.words)


Case = tuple[Turn, ...]


def parse(line: str) -> Case:
    """A case from a line: turns apart by " | ", the agent's after ">"."""
    return tuple(_turn(part.strip()) for part in line.split(" | "))


def _turn(text: str) -> Turn:
    agent = text.startswith(">")
    words, planted, at = list[str](), list[Planted](), 0
    text = text.removeprefix(">")
    for match in _MARK.finditer(text):
        words += text[at : match.start()].split()
        marked = match[2].split()
        planted.append(Planted(match[1], len(words), len(words) + len(marked)))
        words += marked
        at = match.end()
    return Turn(agent, (*words, *text[at:].split()), tuple(planted))


def cases(name: str) -> list[Case]:
    """The cases of a file: "dev", "test", "ordinary_dev" or "ordinary_test"."""
    lines = (HERE / f"{name}.txt").read_text().splitlines()
    return [parse(line) for line in lines if line and line[0] != "#"]
