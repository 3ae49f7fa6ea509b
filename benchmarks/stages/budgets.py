"""Reads ``budgets.toml``: what each stage may take on a named class of hardware, and with which engines."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, TypeAdapter, ValidationError, field_validator

from voicecore.config import Section
from voicecore.errors import ConfigError

FILE = Path(__file__).parents[1] / "budgets.toml"
USUAL = "cpu-2"
VARIABLE = "BENCH_PROFILE"


class Stage(StrEnum):
    """What a turn consists of, in order; all but the first two partly wait for other calls."""

    VAD = "vad"
    """One frame of all calls."""
    TURN_MODEL = "turn_model"
    ASR_PARTIAL = "asr_partial"
    """From enough new sound to what it says."""
    ASR_FINAL = "asr_final"
    """From the end of the sound to all that was said."""
    LLM = "llm_first_sentence"
    """From all that was said to the first sentence of the reply; most of the rest was read in advance."""
    TTS = "tts_first_audio"
    """From the sentence to its first sound."""


ANSWER = (Stage.TURN_MODEL, Stage.ASR_FINAL, Stage.LLM, Stage.TTS)
"""What a caller waits for, one after the other."""


class Placed(Section):
    """An engine of the table, with a model of the catalogue."""

    engine: str
    model: str
    device: str = "cpu"


class PlacedLlm(Placed):
    """A language model; see ``models.llm_llama.settings`` and ``scheduler.Caps`` for the numbers."""

    placement: Mapping[str, int] = {}
    caps: Mapping[str, int] = {}


class Profile(Section):
    """A class of hardware: its engines, what is measured, and what must hold. See ``budgets.toml``."""

    about: str
    calls: PositiveInt
    loads: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    turns: PositiveInt
    seconds: PositiveFloat
    asr: Placed
    llm: PlacedLlm
    tts: Placed
    budgets_ms: Mapping[Stage, PositiveFloat]

    @field_validator("loads")
    @classmethod
    def _ascending(cls, loads: tuple[int, ...]) -> tuple[int, ...]:
        if any(low >= high for low, high in pairwise(loads)):
            raise ValueError("loads must ascend")
        return loads

    @field_validator("budgets_ms")
    @classmethod
    def _complete(cls, budgets: Mapping[Stage, float]) -> Mapping[Stage, float]:
        if missing := [stage for stage in Stage if stage not in budgets]:
            raise ValueError(f"no budget for {', '.join(missing)}")
        return budgets


def read_profiles(file: Path = FILE) -> dict[str, Profile]:
    """All of a file. Raises ConfigError("bad-budgets") that names the file and fields."""
    try:
        return TypeAdapter(dict[str, Profile]).validate_python(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError("bad-budgets", f"{file}: {exc}", file=str(file)) from exc
    except ValidationError as exc:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors())
        raise ConfigError("bad-budgets", f"{file}: {'; '.join(faults)}", file=str(file)) from exc


def choose_profile(name: str = "", file: Path = FILE) -> tuple[str, Profile]:
    """The one called ``name``, else by ``$BENCH_PROFILE``, else the usual one, with its name.

    Raises ConfigError (``bad-budgets``, ``unknown-profile``).
    """
    profiles = read_profiles(file)
    name = name or os.environ.get(VARIABLE) or USUAL
    if name not in profiles:
        message = f"no profile {name!r} in {file.name}; known: {', '.join(profiles)}"
        raise ConfigError("unknown-profile", message, name=name, known=tuple(profiles))
    return name, profiles[name]
