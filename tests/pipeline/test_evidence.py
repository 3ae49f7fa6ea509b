"""What the floor is told of a tick: words only where they count, the agent's speech only while it lasts."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

from voicecore.pipeline.ears import Sound
from voicecore.pipeline.evidence import Evidence
from voicecore.turns.endpointing import SlotFit
from voicecore.turns.syntax import Ending
from voicecore.types import Transcript, Word

SOUND = Sound(0.9, -20.0, -60.0, 0.1)


def evidence() -> Evidence:
    early: Any = SimpleNamespace(turn_probability=0.4, ending=Ending.OPEN, slot=SlotFit(), read=True)
    sounds: Any = SimpleNamespace(kinds=lambda: (0.7, 0.1, 0.1, 0.1))
    mouth: Any = SimpleNamespace(busy=True)
    return Evidence(early, sounds, mouth)


def partial(text: str, stable: int, confidence: float = 1.0) -> Transcript:
    words = tuple(Word(word, 0, 0) for word in text.split())
    return Transcript(text, words, confidence=confidence, stable=stable)


def test_while_we_listen_there_is_nothing_to_interrupt() -> None:
    known = evidence()
    known.take(partial("pay my bill", 2))
    features = known.listening(SOUND)
    assert (features.kinds, features.words, features.agent_remaining_ms) == (None, "", math.inf)
    assert (features.speech, features.turn_probability, features.read) == (0.9, 0.4, True)


def test_over_our_speech_words_and_sound_count() -> None:
    known = evidence()
    known.take(partial("pay my bill", 2))
    assert known.settled == "pay my"
    features = known.speaking(SOUND, 300.0, 900.0)
    assert (features.kinds, features.words) == ((0.7, 0.1, 0.1, 0.1), "pay my bill")
    assert (features.agent_into_ms, features.agent_remaining_ms) == (300.0, 900.0)


def test_hardly_heard_words_do_not_count_and_another_turn_has_none() -> None:
    known = evidence()
    known.take(partial("pay my bill", 0, confidence=0.2))
    assert (known.settled, known.speaking(SOUND, 0, 0).words) == ("", "")
    known.take(partial("pay my bill", 3))
    known.begin_turn()
    assert (known.settled, known.speaking(SOUND, 0, 0).words) == ("", "")
