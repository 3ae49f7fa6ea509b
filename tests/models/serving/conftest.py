"""Engine processes with the embedded engines, started once for the tests that do not kill them."""

from __future__ import annotations

import pytest

from models.choice import Choice
from models.serving.fleet import Fleet

CHOICES = {
    "asr": Choice("pocketsphinx", options={"dictations": 2}),
    "turn": Choice("blend"),
    "tts": Choice("espeak", options={"voice": "en-gb", "rate": 185}),
    "llm": Choice("retrieval"),
    "embedder": Choice("minilm"),
}


@pytest.fixture(scope="module")
def fleet(model_data):
    started = Fleet(CHOICES, model_data)
    started.start()
    yield started
    started.stop()
