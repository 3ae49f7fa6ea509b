"""The billing agent as a bundle, without models: words decide intents, patterns decide guardrails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from voicecore.assurance.player import Bundle
from voicecore.dialogue import IntentIndex, load_agent
from voicecore.guardrails import Layers, load_guardrails
from voicecore.pipeline.constraints import constrain
from voicecore.types import Floats

EXAMPLE = Path(__file__).parents[2] / "voicecore" / "examples" / "billing"


class NoEmbedder:
    """Embeds everything alike."""

    dimensions = 4

    def embed(self, texts: Sequence[str]) -> Floats:
        return np.full((len(texts), 4), 0.5, np.float32)


class Scripted:
    """A language model that says one sentence."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        yield self.sentence


@pytest.fixture
def bundle() -> Bundle:
    rules = load_guardrails(EXAMPLE)
    agent = constrain(load_agent(EXAMPLE), rules, EXAMPLE)
    ticks = count()
    llm = Scripted("The late fee is five euros.")
    index = IntentIndex.build(agent)
    return Bundle(
        agent, index, Layers(rules), NoEmbedder(), llm, date(2026, 11, 20), lambda: next(ticks) / 1e6
    )
