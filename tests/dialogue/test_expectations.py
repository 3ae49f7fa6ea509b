"""What the recogniser is told to expect."""

from __future__ import annotations

import re

from tests.dialogue.conftest import Conversation
from voicecore.dialogue import Agent
from voicecore.types import SlotKind


def test_an_open_question_expects_every_example(call: Conversation, agent: Agent) -> None:
    expected = call.state.expectation
    assert expected.kind is SlotKind.OPEN
    assert set(expected.phrases) == {text for i in agent.intents.values() for text in i.examples}
    assert {"operator", "goodbye", "repeat that", "go back", "opening hours"} <= set(expected.commands)


def test_anything_else_also_expects_no(call: Conversation) -> None:
    call.says("when are you open")
    assert {"no thank you", "that's all", "how much do i owe"} <= set(call.state.expectation.phrases)


def test_digits_are_counted(call: Conversation) -> None:
    call.says("how much do i owe")
    assert (call.state.expectation.kind, call.state.expectation.digits) == (SlotKind.DIGITS, (6, 6))
    call.says("four eight two seven one six")
    assert call.state.expectation.digits == (5, 5)


def test_a_number_expects_its_few_answers(known: Conversation) -> None:
    expected = known.state.expectation
    assert expected.kind is SlotKind.CHOICE
    assert {"two", "six", "three payments"} <= set(expected.phrases)
    assert "seven payments" not in expected.phrases


def test_a_later_question_expects_second_thoughts(known: Conversation) -> None:
    known.says("three payments")
    expected = known.state.expectation
    assert expected.kind is SlotKind.DATE
    assert {"no make it four payments", "actually five payments", "change the number of payments"} <= set(
        expected.phrases
    )


def test_a_read_back_expects_yes_no_and_changes(known: Conversation) -> None:
    known.says("three payments")
    known.says("december first")
    expected = known.state.expectation
    assert expected.kind is SlotKind.YESNO
    assert {"yes", "no", "no make it four payments", "change the date"} <= set(expected.phrases)
    known.says("no")
    assert {"the date", "make it four payments"} <= set(known.state.expectation.phrases)


def test_a_check_expects_the_value_again(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven one six", confidence=0.4)
    expected = call.state.expectation
    assert (expected.kind, expected.digits) == (SlotKind.YESNO, (6, 6))


def test_two_readings_are_expected_by_name_and_place(known: Conversation) -> None:
    known.says("three payments", confidence=0.4, alternatives=("five payments",))
    assert {"three", "five", "the first one", "neither"} <= set(known.state.expectation.phrases)


def test_every_phrase_is_plain_words(known: Conversation) -> None:
    states = [known.state]
    for text in ("three payments", "december first", "no", "the date"):
        known.says(text)
        states.append(known.state)
    for state in states:
        for phrase in (*state.expectation.phrases, *state.expectation.commands):
            assert re.fullmatch(r"[a-z']+( [a-z']+)*", phrase)
