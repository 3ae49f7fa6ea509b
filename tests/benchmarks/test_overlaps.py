"""The loop over heard lines that a sound model is measured with: it does what the floor does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.sounds import Event, EventKind
from benchmarks.training.lines import BEFORE_S, Heard, Line
from benchmarks.training.overlaps import Verdict, verdicts
from voicecore.audio import PROSODY
from voicecore.config import TurnSettings
from voicecore.pipeline.ears import Sound
from voicecore.turns.overlap import Kind
from voicecore.types import RATE, TICK_MS, Floats

LISTENER, CLAIM = (0.05, 0.9, 0.03, 0.02), (0.96, 0.02, 0.01, 0.01)
QUIET = Sound(0.0, -70.0, -70.0, 0.0)
VOICE = Sound(0.95, -23.0, -70.0, 0.0)
FIRST = int(BEFORE_S * 1000) // TICK_MS


class Later:
    """A listener's sound until ``ticks`` of it are known, then a claim."""

    def __init__(self, ticks: float) -> None:
        self._ticks = ticks

    def classify(self, frames: Floats) -> Floats:
        return np.array(CLAIM if len(frames) > self._ticks else LISTENER, np.float32)


def verdict(model: Later, voiced: str) -> Verdict:
    """Of a line with ``voiced``, a tick each, behind the silence."""
    sounds = (*[QUIET] * FIRST, *(VOICE if tick == "v" else QUIET for tick in voiced))
    none = np.zeros(0, np.int16)
    line = Line(none, 0.0, none, None, none, None, 0, 1.0)
    event = Event(EventKind.BACKCHANNEL, "", "", False, np.zeros(RATE, np.int16))
    heard = Heard(sounds, np.zeros((len(sounds), PROSODY), np.float32))
    (found,) = verdicts(TurnSettings(), model, [event], [(line, heard)])
    return found


def test_a_sound_that_ended_is_dismissed() -> None:
    found = verdict(Later(math.inf), "v" * 15 + "." * 20)
    assert (found.last.kind, found.silent_ms) == (Kind.BACKCHANNEL, math.inf)


def test_what_was_dismissed_is_not_judged_in_the_silence_behind_it() -> None:
    assert verdict(Later(27), "v" * 15 + "." * 20).silent_ms == math.inf


def test_what_was_dismissed_counts_again_when_it_proves_to_be_more() -> None:
    found = verdict(Later(27), "v" * 15 + "." * 9 + "v" * 20)
    assert found.last.kind is Kind.INTERRUPTION
    assert found.silent_ms == pytest.approx(500)


def test_another_sound_is_judged_by_itself() -> None:
    found = verdict(Later(math.inf), "v" * 15 + "." * 20 + "v" * 15)
    assert found.last.kind is None
