"""Repairs: what is said when something was not heard, not understood, or cut off."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from tests.dialogue.conftest import BACKEND, Conversation
from voicecore.dialogue import CallTool, Delivered, Resumed, ToolReturned


def test_misses_escalate_from_apology_to_keypad_to_a_person(call: Conversation) -> None:
    call.says("i want to pay in installments")
    first, second, third = call.says("blue banana"), call.says("green banana"), call.says("red banana")
    assert first == "Sorry, I didn't catch that. What is your customer number?"
    assert second.startswith("I'm sorry, I still didn't get that.")
    assert second.endswith("You can also key it in, and press hash at the end.")
    assert "trouble understanding you" in third
    assert call.transferred


def test_understanding_resets_the_misses(call: Conversation) -> None:
    call.says("i want to pay in installments")
    call.says("blue banana")
    call.says("green banana")
    call.says("four eight two seven one six")
    assert call.state.misses == 0
    assert not call.says("blue banana").endswith("hash at the end.")


def test_a_lost_caller_is_told_what_to_say_then_which_keys(call: Conversation) -> None:
    first = call.says("blue banana")
    assert "You can say, for example: hear your latest invoice," in first
    assert "one to hear your latest invoice, two to have a charge explained" in call.says("green banana")


def test_silence_is_asked_about_and_ends_the_call(call: Conversation) -> None:
    assert call.is_silent() == "Are you still there?"
    assert call.is_silent().startswith("I can't hear you. What can I do for you?")
    assert "hang up" in call.is_silent()
    assert call.hung_up == "silence"


def test_who_is_still_there_is_asked_the_question_again(call: Conversation) -> None:
    call.is_silent()
    assert call.says("yes i'm here") == "Good. What can I do for you?"
    assert call.state.misses == 0
    assert call.is_silent() == "Hello, are you still there?"
    assert "customer number" in call.says("how much do i owe")


def test_a_yes_to_are_you_still_there_is_no_consent(known: Conversation) -> None:
    known.says("three payments")
    known.says("december first")
    known.is_silent()
    assert "Shall I set that up?" in known.says("yes")
    assert known.calls("create_arrangement") == []
    known.says("yes")
    assert len(known.calls("create_arrangement")) == 1


def test_a_yes_to_the_question_put_again_is_one(known: Conversation) -> None:
    known.says("three payments")
    known.says("december first")
    known.is_silent()
    assert "Shall I set that up?" in known.is_silent()
    known.says("yes")
    assert len(known.calls("create_arrangement")) == 1


def test_a_key_answers_the_question_and_not_the_check(known: Conversation) -> None:
    known.says("three payments")
    known.says("december first")
    known.is_silent()
    known.presses("1")
    assert len(known.calls("create_arrangement")) == 1


def test_wordings_differ_from_one_time_to_the_next(call: Conversation) -> None:
    call.says("i want to pay in installments")
    checks = []
    apologies = []
    for _ in range(3):
        checks += [call.is_silent(), call.is_silent()]
        apologies += [call.says("blue banana"), call.says("green banana")]
        call.says("help")
    for said in (checks, apologies):
        assert all(one != other for one, other in itertools.pairwise(said))
        assert all(one != other for one, other in zip(said, said[2:], strict=False))


def test_what_was_asked_is_repeated_not_the_check(call: Conversation) -> None:
    call.is_silent()
    assert call.says("repeat that").startswith("I said: Hello, you have reached Northwind billing.")


@pytest.mark.parametrize("words", ["hold on", "one moment please", "just a second", "let me check"])
def test_who_asks_us_to_wait_is_given_time(call: Conversation, words: str) -> None:
    call.says("i want to pay in installments")
    assert call.says(words) == "Of course, take your time."
    assert call.state.holding
    assert call.is_silent() == "Are you still there?"
    assert not call.state.holding
    call.says("four eight two seven one six")
    assert call.state.values["customer_number"] == "482716"


def test_who_waits_for_a_colleague_is_not_left_alone(call: Conversation) -> None:
    call.says("operator")
    assert call.says("hello") == "One moment, please."
    assert call.is_silent() == "This is taking a little longer than usual."
    assert call.state.ended == "handoff"
    assert call.presses("1") == ""


def test_a_word_ends_the_silence(call: Conversation) -> None:
    call.is_silent()
    call.is_silent()
    call.says("how much do i owe")
    call.is_silent()
    assert call.state.silences == 1


def test_the_end_of_a_number_is_asked_for(call: Conversation) -> None:
    call.says("i want to pay in installments")
    assert call.says("four eight two") == "I got four eight two. What comes after that?"
    assert call.says("seven one six").startswith("Four eight two, seven one six.")
    assert call.state.values["customer_number"] == "482716"


def test_after_a_part_the_whole_number_may_be_said(call: Conversation) -> None:
    call.says("i want to pay in installments")
    call.says("four eight two")
    call.says("four eight two seven one six")
    assert call.state.values["customer_number"] == "482716"


def test_a_number_that_lost_a_digit_is_asked_for_whole(call: Conversation) -> None:
    call.says("i want to pay in installments")
    assert call.says("four eight two seven one") == (
        "I heard five digits, but it should be six. What is your customer number?"
    )
    assert call.says("four eight two seven one six one").startswith(
        "I heard seven digits, but it should be six."
    )
    call.says("four eight two seven one six")
    assert call.state.values["customer_number"] == "482716"


def test_the_part_that_was_heard_well_is_kept(call: Conversation) -> None:
    call.says("i want to pay in installments")
    weak = (0.9, 0.9, 0.9, 0.1, 0.2, 0.9)
    answer = call.says("four eight two nine nine six", confidence=0.5, word_confidences=weak)
    assert answer == "I got four eight two. What comes after that?"
    call.says("seven one six")
    assert call.state.values["customer_number"] == "482716"


def test_an_unsure_number_is_checked(call: Conversation) -> None:
    call.says("i want to pay in installments")
    answer = call.says("four eight two seven one six", confidence=0.4)
    assert answer == "I heard four eight two, seven one six. Is that right?"
    assert "customer_number" not in call.state.values
    assert "postcode" in call.says("yes that's right")
    assert call.state.values["customer_number"] == "482716"


def test_a_wrong_check_is_corrected_in_one_breath(call: Conversation) -> None:
    call.says("i want to pay in installments")
    call.says("four eight two seven nine six", confidence=0.4)
    call.says("no four eight two seven one six")
    assert call.state.values["customer_number"] == "482716"


def test_a_wrong_check_is_corrected_by_its_part(call: Conversation) -> None:
    call.says("i want to pay in installments")
    call.says("four eight two seven nine six", confidence=0.4)
    assert call.says("no two seven one") == "Was that four eight two, seven one six?"
    call.says("yes")
    assert call.state.values["customer_number"] == "482716"


def test_a_wrong_check_without_a_value_asks_again(call: Conversation) -> None:
    call.says("i want to pay in installments")
    call.says("four eight two seven nine six", confidence=0.4)
    assert call.says("no") == "Sorry about that. What is your customer number?"


def test_two_likely_readings_are_offered(known: Conversation) -> None:
    answer = known.says("three payments", confidence=0.4, alternatives=("five payments",))
    assert answer == "Did you say three payments, or five payments?"
    assert "Three payments." in known.says("the first one")


def test_either_reading_can_be_said(known: Conversation) -> None:
    known.says("three payments", confidence=0.4, alternatives=("five payments",))
    known.says("five")
    assert known.state.values["instalments"] == 5


def test_neither_reading_asks_again(known: Conversation) -> None:
    known.says("three payments", confidence=0.4, alternatives=("five payments",))
    assert "How many payments" in known.says("neither")


def test_only_the_doubtful_digit_is_asked_for(call: Conversation) -> None:
    call.says("i want to pay in installments")
    answer = call.says(
        "four eight two seven five six", confidence=0.4, alternatives=("four eight two seven nine six",)
    )
    assert answer == "After eight two seven, was it five, or nine?"
    call.says("nine")
    assert call.state.values["customer_number"] == "482796"


def test_an_invalid_value_says_what_is_possible(known: Conversation) -> None:
    assert known.says("twenty payments").startswith("I can only offer from two to six payments.")
    known.says("three")
    assert known.says("march third").startswith("The first payment has to be within the next thirty days.")


def test_a_question_that_was_cut_off_is_asked_again(call: Conversation) -> None:
    call.delivering = False
    call.says("i want to pay in installments")
    call.interrupts("For that I need to find your account. What is")
    assert call.says("hm what") == "What is your six digit customer number?"
    assert call.state.misses == 0
    assert ("agent", "What is") in call.state.history


def test_a_question_that_was_nearly_heard_counts_as_asked(call: Conversation) -> None:
    call.delivering = False
    call.says("i want to pay in installments")
    call.interrupts("For that I need to find your account. What is your six digit customer")
    call.says("banana")
    assert call.state.misses == 1


def test_an_answer_before_the_end_of_the_question_is_taken(call: Conversation) -> None:
    call.delivering = False
    call.says("i want to pay in installments")
    call.interrupts("For that")
    call.says("four eight two seven one six")
    assert call.state.values["customer_number"] == "482716"


def test_information_that_was_cut_off_is_said_again(call: Conversation) -> None:
    call.delivering = False
    call.says("i want to pay in installments")
    call.interrupts("For that")
    answer = call.says("mm")
    assert answer == "For that I need to find your account. What is your six digit customer number?"


def test_silence_after_an_interruption_repeats_what_was_cut(call: Conversation) -> None:
    call.delivering = False
    call.says("i want to pay in installments")
    call.interrupts("For that")
    assert call.is_silent().startswith("For that I need to find your account.")
    assert call.state.silences == 0


def test_a_yes_to_an_unheard_read_back_is_no_consent(known: Conversation) -> None:
    known.says("three payments")
    known.delivering = False
    known.says("december first")
    known.interrupts("December first. So that is eighty-six euros")
    assert "Shall I set that up?" in known.says("yes")
    assert known.calls("create_arrangement") == []
    known.hears_out()
    known.says("yes")
    assert len(known.calls("create_arrangement")) == 1


def test_a_yes_before_the_read_back_was_played_is_no_consent(known: Conversation) -> None:
    known.says("three payments")
    known.delivering = False
    known.says("december first")
    assert "Shall I set that up?" in known.says("yes")
    assert "Shall I set that up?" in known.presses("1")
    assert known.calls("create_arrangement") == []


def test_only_what_was_heard_is_in_the_history(call: Conversation) -> None:
    call.delivering = False
    call.says("when are you open")
    call.interrupts("We are open from Monday")
    assert [text for who, text in call.state.history if who == "agent"][-1] == "We are open from Monday"
    assert all("evening" not in text for _, text in call.state.history)


def test_an_old_interruption_is_forgotten_with_the_next_question(
    call_with: Callable[..., Conversation],
) -> None:
    call = call_with(find_customer={})
    call.says("how much do i owe")
    call.delivering = False
    call.says("four eight two seven one six")
    call.interrupts("Four")
    assert isinstance(call.last, CallTool)
    call.send(ToolReturned(call.last.id, BACKEND["find_customer"]))
    call.hears_out()
    assert call.is_silent() == "Are you still there?"


def test_what_goes_on_after_all_has_one_account(call: Conversation) -> None:
    call.delivering = False
    call.says("i want to pay in installments")
    lead, question = (spoken.id for spoken in call.state.queued)
    before = len(call.state.history)
    call.interrupts("For that I need")
    assert [spoken.id for spoken in call.state.missed] == [lead, question]
    call.send(Resumed())
    assert [spoken.id for spoken in call.state.queued] == [lead, question]
    assert call.state.missed == ()
    text = "For that I need to find your account."
    call.send(Delivered(lead, text, complete=True))
    call.send(Delivered(question, "What is your", complete=False))
    assert call.state.history[before:] == (("agent", text), ("agent", "What is your"))
    call.send(Resumed())
    call.hears_out()
    assert call.state.history[before:] == (
        ("agent", text),
        ("agent", "What is your six digit customer number?"),
    )
    assert (call.state.queued, call.state.missed, call.state.stopped) == ((), (), ())
    call.says("banana")
    assert call.state.misses == 1


def test_what_was_dropped_while_the_caller_spoke_goes_on_too(call_with: Callable[..., Conversation]) -> None:
    call = call_with(find_customer={})
    call.says("how much do i owe")
    call.delivering = False
    call.says("four eight two seven one six")
    call.interrupts("Four eight")
    assert isinstance(call.last, CallTool)
    call.send(ToolReturned(call.last.id, BACKEND["find_customer"]))
    postcode = call.state.queued[-1]
    call.send(Delivered(postcode.id, "", complete=False))
    call.send(Resumed())
    assert [spoken.text for spoken in call.state.queued] == ["Four eight two, seven one six.", postcode.text]


def test_what_the_caller_answered_does_not_go_on(call: Conversation) -> None:
    call.delivering = False
    call.says("i want to pay in installments")
    call.interrupts("For that")
    call.says("four eight two seven one six")
    queued = call.state.queued
    call.send(Resumed())
    assert call.state.queued == queued
