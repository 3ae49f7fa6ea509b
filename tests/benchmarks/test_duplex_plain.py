"""The baseline's floor: fixed times and nothing else."""

from __future__ import annotations

import pytest

from benchmarks.duplex.plain import INTERRUPT_MS, SILENCE_MS, PlainFloor
from voicecore.config import TurnSettings
from voicecore.turns import Act, Features, State
from voicecore.turns.floor import Event
from voicecore.turns.overlap import Kind

VOICE = Features(speech=0.9, level_db=-25, noise_db=-60)
QUIET = Features(speech=0.1, level_db=-60, noise_db=-60)
CERTAIN = Features(speech=0.1, level_db=-60, noise_db=-60, turn_probability=1.0)


class Line:
    """A floor with its own clock."""

    def __init__(self) -> None:
        self.floor = PlainFloor(TurnSettings())
        self.now = 0.0

    def hears(self, features: Features, ms: int) -> list[tuple[int, Act]]:
        acts = []
        for tick in range(ms // 20):
            self.now = round(self.now + 0.02, 3)
            acts += [((tick + 1) * 20, act) for act in self.floor.step(features, self.now)]
        return acts


def test_a_turn_ends_after_600_ms_whatever_the_model_says() -> None:
    line = Line()
    assert [act for _, act in line.hears(VOICE, 1000)] == [Act.OPEN_TURN]
    assert line.hears(CERTAIN, 1000) == [(SILENCE_MS, Act.START_EARLY_WORK), (SILENCE_MS, Act.COMMIT_TURN)]
    assert line.floor.state is State.THINKING
    assert line.floor.last_voiced == pytest.approx(1.0)
    assert line.floor.onset == pytest.approx(0.0)


def test_a_pause_shorter_than_that_does_not() -> None:
    line = Line()
    line.hears(VOICE, 1000)
    assert line.hears(QUIET, SILENCE_MS - 20) + line.hears(VOICE, 500) == []
    assert line.floor.state is State.HEARING


def speaking() -> Line:
    line = Line()
    line.floor.on(Event.REPLY)
    return line


def test_voice_over_the_agent_stops_it_at_240_ms() -> None:
    line = speaking()
    acts = line.hears(VOICE, 1000)
    assert (INTERRUPT_MS, Act.STOP_PLAYOUT) in acts
    assert {at for at, _ in acts} == {INTERRUPT_MS}
    assert line.floor.state is State.INTERRUPTED


def test_shorter_voice_does_nothing() -> None:
    line = speaking()
    assert line.hears(VOICE, INTERRUPT_MS - 20) + line.hears(QUIET, 1000) == []
    assert line.floor.state is State.SPEAKING


def test_every_turn_is_for_us_and_no_kind_of_sound_is_asked_for() -> None:
    line = speaking()
    line.hears(VOICE, 100)
    assert line.floor.sound_ticks == 0
    assert line.floor.meant((), "", text="", cut_in=True).kind is Kind.ANSWER


def test_who_says_nothing_is_asked_again() -> None:
    line = Line()
    acts = line.hears(QUIET, TurnSettings().no_input_ms + 20)
    assert [act for _, act in acts] == [Act.ASK_AGAIN]
