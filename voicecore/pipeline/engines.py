"""The engines that serve the calls of one agent process, and the threads they run on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voicecore.pipeline.work import Lane
from voicecore.ports import Asr, Embedder, Llm, SoundModel, Tts, TurnModel, Vad


@dataclass(frozen=True, slots=True)
class Engines:
    """One engine per port, shared by all calls."""

    vad: Vad
    turn_model: TurnModel
    sounds: SoundModel
    asr: Asr
    tts: Tts
    embedder: Embedder
    llm: Llm


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where blocking engine calls run."""

    shared: Lane
    """Turn model, embeddings and synthesis of all calls."""
    store: Lane
    """Writes to the store, one after the other: a slow disk must not hold up a tick."""
    per_call: Callable[[str], Lane]
    """A lane of its own for each call's recogniser, in order."""
