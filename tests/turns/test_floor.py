"""The floor: each script is a list of what 20 ms ticks sound like, on the audio clock."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.config import TurnSettings
from voicecore.errors import UnexpectedEvent
from voicecore.turns.endpointing import Fit, SlotFit
from voicecore.turns.floor import TABLE, Act, Event, Features, Floor, State
from voicecore.turns.overlap import Kind

VOICE = Features(speech=0.95, level_db=-20, noise_db=-60)
QUIET = Features(speech=0.02, level_db=-60, noise_db=-60)
ECHO = replace(VOICE, echo=0.9)


class Line:
    """A floor with its own clock."""

    def __init__(self, **settings: float) -> None:
        self.floor = Floor(TurnSettings(**settings))
        self.now = 0.0
        self.acts: list[tuple[float, Act]] = []

    def hears(self, features: Features, ms: int) -> list[Act]:
        acts: list[Act] = []
        for _ in range(ms // 20):
            self.now = round(self.now + 0.02, 3)
            got = self.floor.step(features, self.now)
            self.acts += [(self.now, act) for act in got]
            acts += got
        return acts

    def on(self, event: Event) -> list[Act]:
        return self.floor.on(event)

    def at(self, act: Act) -> float:
        return next(when for when, what in self.acts if what is act)


def test_a_turn_from_onset_to_commit() -> None:
    line = Line(start_ms=60, soft_end_ms=100, wait_min_ms=600, wait_max_ms=600)
    assert line.hears(QUIET, 500) == []
    assert line.hears(VOICE, 1000) == [Act.OPEN_TURN]
    assert line.floor.onset == pytest.approx(0.5)
    assert line.hears(QUIET, 1000) == [Act.START_EARLY_WORK, Act.COMMIT_TURN]
    assert line.at(Act.START_EARLY_WORK) - 1.5 == pytest.approx(0.10)
    assert line.at(Act.COMMIT_TURN) - 1.5 == pytest.approx(0.60)
    assert line.floor.state is State.THINKING


def test_a_click_is_not_a_turn() -> None:
    line = Line(start_ms=60)
    assert line.hears(VOICE, 40) + line.hears(QUIET, 400) == []
    assert line.floor.state is State.LISTENING


def test_speech_that_the_level_contradicts_is_silence() -> None:
    line = Line()
    assert line.hears(replace(VOICE, level_db=-58), 500) == []


def test_going_on_after_the_soft_end_discards_early_work() -> None:
    line = Line(wait_min_ms=600, wait_max_ms=600)
    line.hears(VOICE, 500)
    assert line.hears(QUIET, 300) == [Act.START_EARLY_WORK]
    assert line.hears(VOICE, 300) == [Act.DISCARD_EARLY_WORK]
    assert line.floor.state is State.HEARING


def test_what_is_known_decides_how_long_to_wait() -> None:
    waits = []
    part, whole = SlotFit(Fit.PART, "4 of 6 digits"), SlotFit(Fit.WHOLE, "6 of 6 digits")
    for probability, slot in ((0.9, whole), (0.5, whole), (0.5, SlotFit()), (0.5, part)):
        line = Line()
        line.hears(VOICE, 500)
        line.hears(replace(QUIET, turn_probability=probability, slot=slot), 3000)
        waits.append(line.at(Act.COMMIT_TURN))
        assert line.floor.wait.reasons
    assert waits == sorted(waits)
    assert waits[0] < waits[2] < waits[3]


def test_the_pauses_of_a_caller_who_takes_time_are_learned() -> None:
    """One who paused long and went on is waited for longer."""
    waits = []
    for pause_ms in (0, 900):
        line = Line(wait_max_ms=3000, cutoff_cost_ms=10_000)
        for _ in range(6):
            line.hears(VOICE, 500)
            line.hears(QUIET, pause_ms)
        line.hears(VOICE, 500)
        before = line.now
        line.hears(replace(QUIET, turn_probability=0.5), 3000)
        waits.append(line.at(Act.COMMIT_TURN) - before)
    assert waits[1] > waits[0] + 0.3


def test_going_on_after_the_commit_withdraws_it_while_nothing_is_audible() -> None:
    line = Line(wait_min_ms=400, wait_max_ms=400)
    line.hears(VOICE, 500)
    line.hears(QUIET, 500)
    assert line.floor.state is State.THINKING
    assert line.hears(VOICE, 200) == [Act.DISCARD_EARLY_WORK]
    assert line.floor.state is State.HEARING


def speaking(**settings: float) -> Line:
    line = Line(**settings)
    line.on(Event.REPLY)
    line.hears(QUIET, 500)
    assert line.floor.state is State.SPEAKING
    return line


def test_a_short_sound_over_the_agent_ducks_and_passes() -> None:
    line = speaking(keep_ms=600)
    assert line.hears(VOICE, 140) == [Act.DUCK, Act.OPEN_TURN]
    assert line.hears(QUIET, 300) == [Act.UNDUCK]
    assert line.floor.state is State.SPEAKING
    assert line.floor.judgement.kind is not None
    assert line.hears(QUIET, 400) == [Act.DROP_TURN]


def test_the_agent_ducks_within_60_ms() -> None:
    line = speaking()
    line.hears(VOICE, 100)
    assert line.at(Act.DUCK) - 0.5 <= 0.06


def test_a_dismissed_sound_begins_the_turn_that_follows_at_once() -> None:
    """The caller's first word is not lost: what was kept of "yeah" is part of "yeah ... but I want"."""
    line = speaking(keep_ms=600, interrupt_ms=400)
    line.hears(VOICE, 140)
    assert line.hears(QUIET, 400) == [Act.UNDUCK]
    assert line.hears(VOICE, 700) == [Act.DUCK, Act.STOP_PLAYOUT, Act.UNDUCK]
    assert line.floor.state is State.INTERRUPTED


def test_a_dismissed_sound_begins_the_turn_after_the_agents_last_word() -> None:
    line = speaking(keep_ms=600)
    line.hears(VOICE, 140)
    assert line.hears(QUIET, 260) == [Act.UNDUCK]
    assert line.on(Event.DELIVERED) == []
    assert line.hears(VOICE, 300) == []
    assert line.floor.state is State.HEARING


def test_a_dismissed_sound_is_forgotten_in_silence_too() -> None:
    line = speaking(keep_ms=600)
    line.hears(VOICE, 140)
    line.hears(QUIET, 260)
    line.on(Event.DELIVERED)
    assert line.hears(QUIET, 500) == [Act.DROP_TURN]
    assert line.hears(VOICE, 300) == [Act.OPEN_TURN]


def test_a_late_reply_is_filled_once_and_then_more_patiently() -> None:
    line = Line(wait_min_ms=400, wait_max_ms=400, filler_ms=800, filler_again_ms=3000)
    line.hears(VOICE, 500)
    line.hears(QUIET, 400)
    assert line.floor.state is State.THINKING
    assert line.hears(QUIET, 3300) == [Act.FILL]
    assert line.at(Act.FILL) == pytest.approx(0.5 + 0.8)
    assert line.hears(QUIET, 200) == [Act.FILL]


def test_a_reply_that_is_on_its_way_is_not_held_up() -> None:
    line = Line(wait_min_ms=400, wait_max_ms=400, filler_ms=800)
    line.hears(VOICE, 500)
    line.hears(QUIET, 500)
    assert line.hears(replace(QUIET, on_its_way=True), 520) == []
    line.hears(replace(QUIET, on_its_way=True), 40)
    assert line.at(Act.FILL) == pytest.approx(0.5 + 0.8 + 0.24)


def test_a_callers_level_is_learned_from_what_they_say_to_us() -> None:
    line = Line()
    assert math.isnan(line.floor.voicing.over_usual_db)
    line.hears(VOICE, 500)
    line.hears(replace(QUIET, turn_probability=0.5), 1500)
    sound = replace(line.floor.sound(None), run_ms=500)
    meant = line.floor.meant([sound], "yes", text="yes", cut_in=False)
    assert meant.kind is Kind.ANSWER
    line.on(Event.REPLY)
    line.hears(QUIET, 500)
    line.hears(replace(VOICE, level_db=-32), 100)
    assert line.floor.voicing.over_usual_db == pytest.approx(-12.0, abs=0.1)


def test_one_who_said_hold_on_is_given_time() -> None:
    line = Line(no_input_ms=3000)
    line.floor.patience_ms = 9000
    assert line.hears(QUIET, 8900) == []
    assert line.hears(QUIET, 200) == [Act.ASK_AGAIN]
    line.on(Event.NOTHING_TO_SAY)
    assert line.hears(QUIET, 3200) == [Act.ASK_AGAIN]


def test_a_long_one_stops_the_agent_and_becomes_a_turn() -> None:
    line = speaking(start_ms=60, interrupt_ms=240)
    assert line.hears(VOICE, 400) == [Act.DUCK, Act.OPEN_TURN, Act.STOP_PLAYOUT, Act.UNDUCK]
    assert line.at(Act.STOP_PLAYOUT) - 0.5 == pytest.approx(0.24)
    assert line.hears(QUIET, 1000) == [Act.START_EARLY_WORK, Act.COMMIT_TURN]


def test_our_own_echo_does_not_interrupt_us() -> None:
    line = speaking()
    assert line.hears(ECHO, 1000) == []
    assert line.floor.state is State.SPEAKING


def test_speech_over_the_last_word_is_a_turn_without_an_interruption() -> None:
    line = speaking(start_ms=60, interrupt_ms=240)
    line.hears(VOICE, 100)
    assert line.on(Event.DELIVERED) == [Act.UNDUCK]
    assert line.hears(VOICE, 500) == []
    assert line.hears(QUIET, 1100) == [Act.START_EARLY_WORK, Act.COMMIT_TURN]


def test_nobody_speaks() -> None:
    line = Line(no_input_ms=3000)
    assert line.hears(QUIET, 3200) == [Act.ASK_AGAIN]
    assert line.at(Act.ASK_AGAIN) == pytest.approx(3.0, abs=0.03)


def test_a_key_silences_the_agent() -> None:
    line = speaking()
    assert line.on(Event.KEYED) == [Act.STOP_PLAYOUT]
    assert line.floor.state is State.THINKING


def test_an_event_that_the_table_does_not_list_is_an_error() -> None:
    with pytest.raises(UnexpectedEvent, match="unexpected-event"):
        Line().on(Event.DELIVERED)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {to for to, _ in TABLE.values()}
    left = {state for state, _ in TABLE}
    assert reached == left == set(State)


@given(st.lists(st.tuples(st.sampled_from([VOICE, QUIET, ECHO]), st.integers(1, 60)), max_size=40))
def test_turns_are_opened_before_they_are_worked_on_and_committed(script: list[tuple[Features, int]]) -> None:
    line = Line()
    opened = False
    for features, ticks in script:
        for act in line.hears(features, ticks * 20):
            if act is Act.OPEN_TURN:
                opened = True
            if act in (Act.START_EARLY_WORK, Act.COMMIT_TURN):
                assert opened
            if act is Act.COMMIT_TURN:
                line.on(Event.NOTHING_TO_SAY)
                opened = False
            if act is Act.ASK_AGAIN:
                line.on(Event.NOTHING_TO_SAY)
