"""The engines of a profile: with the weights that are installed, else with synthetic ones of their shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from benchmarks.stages.budgets import Placed, PlacedLlm, Profile, Stage
from benchmarks.weights import synthetic
from models.asr_whisper import Settings as AsrSettings
from models.asr_whisper.guards import Limits
from models.catalogue import find_model, is_synthetic, model_folder
from models.choice import Choice, load_choice
from models.engines import load
from models.llm_llama.scheduler import Caps
from models.llm_llama.settings import Placement
from models.llm_llama.settings import Settings as LlmSettings
from models.sharing.board import Boards
from voicecore.config import data_dir
from voicecore.errors import EngineError
from voicecore.ports import Asr, ConversationLlm, Tts, TurnModel, Vad

SENTENCE_TOKENS = 14
"""Ten English words. Synthetic weights end no sentence: this is where it is taken to end."""
TOKENS_PER_S = 3.5
"""English at 150 words a minute: where synthetic weights are stopped that would write for ever."""
ANYTHING = Limits(compression=1e9, repeats=10_000, single_repeats=10_000, words_per_s=1e9)
"""Noise is no sentence, and would be read again: of synthetic weights that is not wanted."""
PATIENCE_S = 120.0
"""An overload is measured, not given up."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What the calls share."""

    vad: Vad
    turn: TurnModel
    asr: Asr
    llm: ConversationLlm
    tts: Tts
    weights: Mapping[Stage, str]
    """By stage, in words."""


@contextmanager
def loaded(profile: Profile) -> Iterator[Engines]:
    """Raises what ``models.engines.load`` and ``synthesize`` raise: VAD and turn model must be installed."""
    installed = data_dir()
    with ExitStack() as stack:
        asr_in, llm_in, tts_in = (
            _place(placed.model, installed) for placed in (profile.asr, profile.llm, profile.tts)
        )
        asr, llm, tts, boards = profile.asr, profile.llm, profile.tts, Boards()
        engines = Engines(
            load("vad", "silero", installed),
            load("turn", "blend", installed),
            load_choice("asr", _choice(asr), asr_in, boards, settings=_asr_settings(asr, asr_in)),
            load_choice("llm", _choice(llm), llm_in, boards, settings=_llm_settings(llm, llm_in)),
            load_choice("tts", _choice(tts), tts_in, boards),
            {
                Stage.VAD: weights("silero-vad", installed),
                Stage.TURN_MODEL: weights("smart-turn-v3.2", installed),
                Stage.ASR_PARTIAL: weights(asr.model, asr_in),
                Stage.ASR_FINAL: weights(asr.model, asr_in),
                Stage.LLM: weights(llm.model, llm_in),
                Stage.TTS: weights(tts.model, tts_in),
            },
        )
        stack.callback(engines.asr.close)
        stack.callback(cast(Any, engines.llm).close)
        yield engines


def weights(name: str, folder: Path) -> str:
    """What the weights of a model are, for a report."""
    model = find_model(name)
    shape = model.shape or name
    return f"synthetic, shape {shape}" if is_synthetic(name, folder) else f"published, {name}"


def _place(name: str, installed: Path) -> Path:
    """The folder of models that has this one, perhaps one of synthetic weights."""
    try:
        model_folder(name, installed)
    except EngineError as exc:
        if exc.code != "model-missing":
            raise
        return synthetic(name)
    return installed


def _choice(placed: Placed) -> Choice:
    return Choice(placed.engine, placed.model, {} if placed.device == "cpu" else {"device": placed.device})


def _asr_settings(asr: Placed, folder: Path) -> AsrSettings:
    settings = AsrSettings(lockstep=True, timeout_s=PATIENCE_S, streams=1024)
    if is_synthetic(asr.model, folder):
        settings = replace(settings, tokens_per_s=TOKENS_PER_S, limits=ANYTHING)
    return settings


def _llm_settings(llm: PlacedLlm, folder: Path) -> LlmSettings:
    settings = LlmSettings(placement=Placement(**llm.placement), caps=Caps(**llm.caps))
    return replace(settings, reply_tokens=SENTENCE_TOKENS) if is_synthetic(llm.model, folder) else settings
