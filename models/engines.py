"""The table of engines: which module stands behind a port's name, loaded only when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, overload

from models.catalogue import model_folder
from voicecore.errors import ConfigError, EngineError
from voicecore.ports import Asr, Embedder, Llm, SoundModel, Tts, TurnModel, Vad

Port = Literal["vad", "turn", "sounds", "asr", "tts", "embedder", "llm"]


@dataclass(frozen=True, slots=True)
class Engine:
    """How to make one engine."""

    module: str
    factory: str
    """A callable in ``module``; it gets the model's folder first, if there is a model, then the options."""
    extra: str
    """The pip extra that brings what the module imports."""
    model: str | None = None
    """Its name in the catalogue; None for an engine whose package carries its own."""
    takes: tuple[str, ...] = ()
    """Options that a configuration may set, or that the appliance adds (how the agent speaks, say)."""


_WHISPER = ("device", "threads", "compute", "language", "settings", "seat")
_VOICE = ("voice", "rate", "pitch", "lexicon")
_RETRIEVAL = ("embedder", "threshold", "overlap", "most_sentences")
_LLAMA = ("device", "threads", "settings", "opening", "seat")
_NEURAL = (*_VOICE, "threads", "device", "fixed")


ENGINES: Mapping[Port, Mapping[str, Engine]] = MappingProxyType(
    {
        "vad": {"silero": Engine("models.vad_silero", "SileroVad", "engines", "silero-vad")},
        "turn": {
            "blend": Engine("models.turn_blend", "TurnBlend", "engines", "smart-turn-v3.2"),
            "smart-turn": Engine("models.turn_smart", "SmartTurn", "engines", "smart-turn-v3.2"),
        },
        "sounds": {"prosody": Engine("models.sound_kinds", "SoundKinds", "engines")},
        "asr": {
            "pocketsphinx": Engine(
                "models.asr_pocketsphinx", "PocketsphinxAsr", "engines", takes=("streams", "dictations")
            ),
            "whisper-base": Engine("models.asr_whisper", "WhisperAsr", "engines", "whisper-base", _WHISPER),
            "whisper": Engine("models.asr_whisper", "WhisperAsr", "engines", "whisper-small", _WHISPER),
            "whisper-turbo": Engine(
                "models.asr_whisper", "WhisperAsr", "engines", "whisper-large-v3-turbo", _WHISPER
            ),
        },
        "tts": {
            "espeak": Engine("models.tts_espeak", "EspeakTts", "engines", takes=_VOICE),
            "piper": Engine("models.tts_onnx.engine", "piper", "engines", "piper-en-us", _NEURAL),
            "kokoro": Engine("models.tts_onnx.engine", "kokoro", "engines", "kokoro-82m", _NEURAL),
        },
        "embedder": {"minilm": Engine("models.embed_minilm", "MiniLm", "engines", "minilm")},
        "llm": {
            "retrieval": Engine("models.llm_retrieval", "RetrievalLlm", "engines", takes=_RETRIEVAL),
            "llama": Engine("models.llm_llama.engine", "LlamaLlm", "llm", "qwen2.5-1.5b", _LLAMA),
            "openai": Engine("models.llm_openai", "OpenAiLlm", "serve", takes=("server",)),
        },
    }
)


def find_engine(port: Port, name: str) -> Engine:
    """The table's entry. Raises ConfigError("unknown-engine") that lists the known ones."""
    engines = ENGINES[port]
    if name not in engines:
        message = f"engines.{port}: no engine {name!r}; known: {', '.join(engines)}"
        raise ConfigError("unknown-engine", message, port=port, name=name, known=tuple(engines))
    return engines[name]


@overload
def load(port: Literal["vad"], name: str, data_dir: Path, **options: Any) -> Vad: ...
@overload
def load(port: Literal["turn"], name: str, data_dir: Path, **options: Any) -> TurnModel: ...
@overload
def load(port: Literal["sounds"], name: str, data_dir: Path, **options: Any) -> SoundModel: ...
@overload
def load(port: Literal["asr"], name: str, data_dir: Path, **options: Any) -> Asr: ...
@overload
def load(port: Literal["tts"], name: str, data_dir: Path, **options: Any) -> Tts: ...
@overload
def load(port: Literal["embedder"], name: str, data_dir: Path, **options: Any) -> Embedder: ...
@overload
def load(port: Literal["llm"], name: str, data_dir: Path, **options: Any) -> Llm: ...
def load(port: Port, name: str, data_dir: Path, *, model: str | None = None, **options: Any) -> object:
    """Make the engine called ``name`` for ``port``; ``options`` go to its constructor.

    ``model``: another one of the catalogue than the table says, for an engine that has one. Raises
    ConfigError (``unknown-engine``, ``unknown-model``); EngineError with ``engine-missing`` (a package; says
    the pip extra), ``model-missing`` (weights; says the command) or the engine's own codes.
    """
    engine = find_engine(port, name)
    if model and not engine.model:
        raise ConfigError("unknown-model", f"engines.{port}: {name} takes no model", name=model)
    folder = (model_folder(model or engine.model, data_dir),) if engine.model else ()
    try:
        return getattr(import_module(engine.module), engine.factory)(*folder, **options)
    except ModuleNotFoundError as exc:
        message = f"{name} needs the package {exc.name}: pip install 'voicecore[{engine.extra}]'"
        raise EngineError("engine-missing", message, port=port, name=name, extra=engine.extra) from exc


def models_needed(names: Mapping[Port, str]) -> tuple[str, ...]:
    """The catalogue's models behind the named engines, for ``voicecore models pull`` and start-up checks."""
    engines = (find_engine(port, name) for port, name in names.items())
    return tuple(engine.model for engine in engines if engine.model)
