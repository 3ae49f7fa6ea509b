"""The engines of the guardrails by name: a new one is a file and a line in ``JUDGES``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from models.guard_examples import GuardExamples
from models.guard_head import GuardHead
from models.guard_llm import GuardLlm
from voicecore.errors import ConfigError
from voicecore.ports import ConversationLlm, Embedder, Judge

Side = Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What engines are made of."""

    embedder: Embedder
    examples: Mapping[str, tuple[str, ...]]
    """Class -> sentences, of the agent's folder."""
    llm: ConversationLlm | None = None


def _llm(side: Side, parts: Parts) -> Judge:
    if parts.llm is None:
        raise ConfigError("no-guard-llm", "the guardrails' engine llm needs a conversational language model")
    return GuardLlm(parts.llm, side)


JUDGES: Mapping[str, Callable[[Side, Parts], Judge]] = MappingProxyType(
    {
        "classifier": lambda side, parts: GuardHead(parts.embedder, side),
        "examples": lambda _side, parts: GuardExamples(parts.embedder, parts.examples),
        "llm": _llm,
    }
)


def judges(names: Iterable[str], side: Side, parts: Parts) -> tuple[Judge, ...]:
    """The named engines. Raises ConfigError (``unknown-engine``, ``no-guard-llm``), EngineError."""
    made = []
    for name in names:
        if name not in JUDGES:
            message = f"guardrails: no engine {name!r}; known: {', '.join(JUDGES)}"
            raise ConfigError("unknown-engine", message, name=name)
        made.append(JUDGES[name](side, parts))
    return tuple(made)
