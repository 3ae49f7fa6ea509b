"""Decisions of a scripted caller, event by event."""

from __future__ import annotations

import pytest

from voicecore.config import parse_yaml
from voicecore.simulation.person import (
    AgentHeard,
    AgentSays,
    Done,
    FloorGiven,
    HangUp,
    Person,
    Press,
    Speak,
    Tick,
)
from voicecore.simulation.script import Script


class Talk:
    """Drives a person tick by tick and notes when it acts."""

    def __init__(self, text: str, can_read: bool = True) -> None:
        self.person = Person(parse_yaml(text, "test.yaml", Script), can_read)
        self.now = 0.0
        self.acts: list[tuple[float, object]] = []
        self._utterance = 0

    def event(self, event) -> None:
        self.acts += [(round(self.now, 2), act) for act in self.person.step(event, self.now)]

    def run(self, seconds: float, loud: bool = False) -> None:
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.event(Tick(loud))

    def agent(self, text: str, seconds: float = 1.0, heard: str | None = None) -> None:
        self._utterance += 1
        self.event(AgentSays(("1", str(self._utterance)), text))
        self.run(seconds, loud=True)
        self.event(AgentHeard(("1", str(self._utterance)), text if heard is None else heard))

    @property
    def said(self) -> list[str]:
        return [" ".join(act.pieces) for _, act in self.acts if isinstance(act, Speak)]


def test_reacts_after_the_agent_has_finished_and_its_time_to_react() -> None:
    talk = Talk("lines: [{when: name, say: smith, delay_ms: 500}]")
    talk.agent("Your name?")
    talk.event(FloorGiven())
    talk.run(1)
    assert talk.acts == [(1.5, Speak(0, ("smith",)))]


def test_waits_for_the_floor_through_pauses_of_the_agent() -> None:
    talk = Talk("lines: [{say: hello}]")
    talk.agent("One moment.")
    talk.run(3)
    talk.agent("Here you are.")
    assert talk.acts == []
    talk.event(FloorGiven())
    talk.run(0.5)
    assert talk.said == ["hello"]


def test_a_rule_comes_before_the_story_and_the_story_keeps_its_order() -> None:
    talk = Talk("lines: [{say: first}, {say: second}, {when: repeat, say: again please}]")
    for text in ("hello", "can you repeat that", "go on"):
        talk.agent(text)
        talk.event(FloorGiven())
        talk.run(0.5)
        talk.event(Done())
    assert talk.said == ["first", "again please", "second"]


def test_second_time_has_its_own_words_and_too_often_ends_the_call() -> None:
    talk = Talk("lines: [{when: name, say: smith, again: my name is smith, times: 2}]")
    for _ in range(3):
        talk.agent("Name?")
        talk.event(FloorGiven())
        talk.run(0.5)
        talk.event(Done())
    assert talk.said == ["smith", "my name is smith"]
    assert talk.acts[-1][1] == HangUp("too-many-repeats")


def test_only_what_was_heard_counts() -> None:
    talk = Talk("lines: [{when: goodbye, hangup: true}]")
    talk.agent("Thank you and goodbye.", heard="Thank you")
    talk.event(FloorGiven())
    talk.run(1)
    assert talk.acts == []


def test_speech_then_keys_then_hanging_up() -> None:
    talk = Talk('lines: [{say: here it is, dtmf: "12#", hangup: true}]')
    talk.agent("Go ahead.")
    talk.event(FloorGiven())
    talk.run(0.5)
    talk.event(Done())
    talk.event(Done())
    assert [act for _, act in talk.acts] == [Speak(0, ("here it is",)), Press(0, "12#"), HangUp("hung-up")]


def test_at_is_kept_to_the_tick_whoever_speaks() -> None:
    talk = Talk("lines: [{at: 1.5, say: hey}]")
    talk.agent("A long greeting.", seconds=3)
    assert talk.acts == [(1.5, Speak(0, ("hey",)))]


def test_interrupts_counting_from_the_matching_words() -> None:
    talk = Talk("lines: [{when: second, interrupt: 400, say: stop}]")
    talk.agent("First sentence.")
    talk.agent("Second sentence.")
    assert talk.acts == [(1.4, Speak(0, ("stop",), (), True))]


def test_old_words_are_forgotten_once_the_caller_has_spoken() -> None:
    talk = Talk("lines: [{when: name, say: smith}, {when: town, say: leeds}]")
    talk.agent("Name?")
    talk.event(FloorGiven())
    talk.run(0.5)
    talk.event(AgentHeard(("1", "1"), "Name?"))
    talk.event(Done())
    talk.agent("Town?")
    talk.event(FloorGiven())
    talk.run(0.5)
    assert talk.said == ["smith", "leeds"]


def test_gives_up_after_its_patience_and_after_the_longest_call() -> None:
    talk = Talk("{patience_s: 5, lines: [{when: never, say: x}]}")
    talk.run(6)
    assert talk.acts == [(pytest.approx(5, abs=0.03), HangUp("lost"))]
    talk = Talk("{max_seconds: 3, lines: [{when: never, say: x}]}")
    talk.run(6, loud=True)
    assert talk.acts[0] == (pytest.approx(3, abs=0.03), HangUp("too-long"))


def answer(talk: Talk, *texts: str) -> None:
    for text in texts:
        talk.agent(text)
        talk.event(FloorGiven())
        talk.run(0.5)
        talk.event(Done())


def test_a_story_line_is_said_again_until_it_was_understood() -> None:
    talk = Talk("lines: [{say: my bill, again: the bill please, expect: your bill}, {say: thanks}]")
    answer(talk, "Hello?", "You want what?", "Your bill is here.", "Bye.")
    assert talk.said == ["my bill", "the bill please", "thanks"]


def test_what_the_agent_understood_counts_across_questions_in_between() -> None:
    talk = Talk("lines: [{say: my bill, expect: your bill}, {when: name, say: smith}, {say: thanks}]")
    answer(talk, "Hello?", "For your bill: your name?", "Anything else?")
    assert talk.said == ["my bill", "smith", "thanks"]


def test_repeats_what_was_last_said_in_other_words() -> None:
    talk = Talk("""
lines:
  - {when: name, say: smith, again: s m i t h}
  - {when: pardon, repeat: true}
""")
    answer(talk, "Name?", "Pardon?", "Pardon?")
    assert talk.said == ["smith", "s m i t h", "s m i t h"]


def test_a_checked_rule_fits_only_what_is_right() -> None:
    talk = Talk("""
facts: {number: "271", day: [friday]}
lines:
  - {when: right, check: [number, day], say: yes}
  - {when: right, check: number, say: "no, on {day}"}
  - {when: right, say: "no, {number}"}
""")
    answer(talk, "2 7 1 on monday, right?", "Two eight one, right?", "two seven one on Friday. Right?")
    assert talk.said == ["no, on friday", "no, two seven one", "yes"]


def test_without_texts_silence_gives_the_floor() -> None:
    talk = Talk("lines: [{when: name, say: rule}, {say: story}]", can_read=False)
    talk.run(2)
    assert talk.acts == []
    talk.run(1, loud=True)
    talk.run(1)
    assert talk.said == ["story"]
