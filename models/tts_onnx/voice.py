"""What the engine asks of a neural voice, whatever its network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.espeak import Group
from models.tts_onnx.text import Parting
from voicecore.types import Floats


@dataclass(frozen=True, slots=True)
class Rendering:
    """A part of a text being spoken, at the voice's rate."""

    starts: Sequence[int]
    """The sample at which each group begins."""
    samples: int
    """In all."""
    sounds: Iterator[Floats]
    """float32 [n] in about -1..1, one after the other; what was not asked for is never made."""


class Voice(Protocol):
    """One speaker of one model. For any number of threads."""

    @property
    def identity(self) -> str:
        """A hash of all that its sound depends on, text and speed apart."""
        ...

    @property
    def rate(self) -> int:
        """Hz."""
        ...

    @property
    def language(self) -> str:
        """What espeak-ng is to transcribe it by."""
        ...

    @property
    def tie(self) -> str:
        """See ``Espeak.transcribe``."""
        ...

    @property
    def parting(self) -> Parting: ...

    def render(self, groups: Sequence[Group], speed: float) -> Rendering:
        """Speak ``groups`` (at least one), ``speed`` times as fast as the voice would.

        Raises EngineError("tts-failed").
        """
        ...
