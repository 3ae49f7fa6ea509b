"""Uses engines once before the first call does, so that no caller waits for what is made on first use."""

from __future__ import annotations

import numpy as np

from voicecore.ports import Asr, Llm, Tts, TurnModel
from voicecore.types import RATE, Expectation


def warm_asr(asr: Asr, expectation: Expectation) -> None:
    """Read a second of silence."""
    utterance = asr.open(expectation)
    utterance.accept(np.zeros(RATE, np.int16))
    utterance.finish()


def warm_turn_model(model: TurnModel) -> None:
    """Judge a second of silence."""
    model.probability(np.zeros(RATE, np.int16))


def warm_tts(tts: Tts) -> None:
    """Say a word, and make the phrases that never change."""
    for _ in tts.synthesize("ready"):
        pass
    warm = getattr(tts, "warm", None)
    if warm is not None:
        warm()


async def warm_llm(llm: Llm) -> None:
    """Read what all conversations begin with, where that can be kept."""
    warm = getattr(llm, "warm", None)
    if warm is not None:
        await warm()
