"""What the scheduler needs of llama.cpp, as protocols, so that its logic runs without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voicecore.types import Floats

Tokens = tuple[int, ...]
Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens that go into one sequence in one step, at ``start`` and after."""

    sequence: int
    start: int
    tokens: Sequence[int]
    wanted: bool
    """Whether the logits after its last token are wanted."""


class Interrupted(Exception):
    """A step was given up on request; nothing that its sequences got in it may be relied on."""


class CacheFull(Exception):
    """A step found no room for its tokens; nothing of it was done."""


class Memory(Protocol):
    """The cache of attention keys and values: ``cells`` tokens, shared by ``sequences`` sequences."""

    cells: int
    sequences: int
    shifts: bool
    """Whether tokens can be moved to other positions."""

    def copy(self, source: int, target: int, length: int) -> None:
        """Let the empty ``target`` begin with ``source``'s first ``length`` tokens; takes no room."""
        ...

    def cut(self, sequence: int, start: int) -> None:
        """Forget the tokens from ``start`` on."""
        ...

    def drop(self, sequence: int, start: int, end: int) -> None:
        """Forget the tokens from ``start`` to ``end`` and close the gap.

        Those behind must be the sequence's own: a moved token moves for all that share it.
        """
        ...


class Constraint(Protocol):
    """What a grammar allows next, for one reply."""

    def allowed(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Which of the tokens ``ids`` (int32 [n]) may come next."""
        ...

    def accept(self, token: int) -> None:
        """``token`` came, one that ``allowed`` let pass."""
        ...

    def close(self) -> None: ...


class Library(Memory, Protocol):
    """A loaded model. Used by one thread, but for ``interrupt``, ``tokenize`` and ``render``."""

    batch: int
    """Most tokens in one step."""
    vocabulary: int

    def decode(self, pieces: Sequence[Piece]) -> Floats:
        """One step. Returns float32 [wanted pieces, vocabulary] in their order, valid until the next.

        Raises Interrupted, CacheFull, EngineError("llm-failed").
        """
        ...

    def interrupt(self) -> None:
        """Give up the step that runs, if one does, within milliseconds. From any thread."""
        ...

    def resume(self) -> None:
        """Take back an ``interrupt`` that came too late."""
        ...

    def tokenize(self, text: str, special: bool) -> Tokens:
        """``special``: whether spelled-out control tokens count as such; never for others' text."""
        ...

    def piece(self, token: int) -> bytes:
        """Its part of the UTF-8 text; b"" for control tokens."""
        ...

    def ends(self, token: int) -> bool:
        """Whether it ends a reply."""
        ...

    def render(self, turns: Sequence[tuple[str, str]]) -> str:
        """(role, text) pairs in the model's chat format, up to where the assistant begins to speak."""
        ...

    def constraint(self, grammar: str) -> Constraint:
        """``grammar`` in GBNF, rule ``root``. Raises EngineError("bad-grammar")."""
        ...

    def close(self) -> None: ...
