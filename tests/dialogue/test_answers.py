"""Answers about slots: given, taken back, or not answers at all."""

from __future__ import annotations

import pytest

from tests.dialogue.conftest import Conversation
from voicecore.dialogue.state import Asking, Routing


def test_a_question_in_between_is_answered_and_the_flow_goes_on(known: Conversation) -> None:
    answer = known.says("what are your opening hours")
    assert "Monday to Friday" in answer
    assert answer.endswith(
        "Now, back to your payment plan. How many payments would you like, from two to six?"
    )
    known.says("three payments")
    assert known.state.values["instalments"] == 3


def test_another_flow_in_between_comes_back_too(known: Conversation) -> None:
    answer = known.says("why is my bill so high")
    assert "Calls to other countries" in answer
    assert "back to your payment plan." in answer
    known.says("three payments")
    assert "in three payments" in known.says("december first")


def test_a_number_inside_a_question_is_no_answer(known: Conversation) -> None:
    answer = known.says("will you charge me for paying late one time")
    assert "instalments" not in known.state.values
    assert "back to your payment plan" in answer


def test_an_earlier_answer_is_taken_back(known: Conversation) -> None:
    known.says("three payments")
    answer = known.says("no make it four payments")
    assert answer.startswith("Right, four payments.")
    assert "first payment?" in answer
    assert "in four payments" in known.says("december first")


def test_an_earlier_number_is_mended_where_it_was_wrong(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven nine six")
    assert call.says("no two seven one").startswith("Right, four eight two, seven one six.")
    assert call.calls("find_customer") == [{"customer_number": "482796"}, {"customer_number": "482716"}]
    assert isinstance(call.state.waiting, Asking)
    assert call.state.waiting.slot == "postcode"


def test_an_earlier_number_is_given_anew(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven nine six")
    call.says("sorry i meant four eight two seven one six")
    assert call.state.values["customer_number"] == "482716"
    assert "postcode" not in call.state.values


def test_an_earlier_answer_is_called_wrong(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven nine six")
    assert "customer number" in call.says("no my customer number is wrong")
    call.says("four eight two seven one six")
    assert call.calls("find_customer")[-1] == {"customer_number": "482716"}


def test_a_correction_inside_the_answer_counts(known: Conversation) -> None:
    known.says("three no wait four payments")
    assert known.state.values["instalments"] == 4 or "Is that right" in known.said


def test_no_with_a_good_answer_is_that_answer(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven one six")
    call.says("no wait two four seven one eight")
    assert call.state.values["postcode"] == "24718"


def test_after_identification_the_number_cannot_be_swapped(known: Conversation) -> None:
    known.says("no my customer number is six one seven two eight four")
    assert known.state.values["customer_number"] == "482716"


@pytest.mark.parametrize("text", ["yes", "the weather", "three four"])
def test_what_is_no_answer_is_a_miss(call: Conversation, text: str) -> None:
    call.says("how much do i owe")
    call.says(text)
    assert "customer_number" not in call.state.values


def test_instead_drops_what_was_under_way(known: Conversation) -> None:
    answer = known.says("actually i want to know how much do i owe")
    assert "Your latest invoice" in answer
    assert "back to your payment plan" not in answer
    assert isinstance(known.state.waiting, Routing)


def test_a_hardly_heard_wish_in_between_is_checked(known: Conversation) -> None:
    assert (
        known.says("what are your opening hours", confidence=0.4) == "Do you want to hear our opening hours?"
    )
    assert "How many payments" in known.says("no")
    known.says("what are your opening hours", confidence=0.4)
    assert "Monday to Friday" in known.says("yes")


def test_a_stray_digit_is_no_customer_number(call: Conversation) -> None:
    call.says("how much do i owe")
    assert call.says("i have one at home somewhere").startswith("Sorry, I didn't catch that.")


def test_a_value_in_a_like_sounding_wish_stays_a_value(known: Conversation) -> None:
    known.says("can i pay it in three parts")
    assert known.state.values["instalments"] == 3


def test_a_check_is_settled_by_saying_it_again(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven one six", confidence=0.4)
    call.says("four eight two seven one six", confidence=0.4)
    assert call.state.values["customer_number"] == "482716"


def test_a_check_that_is_not_answered_is_repeated(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven one six", confidence=0.4)
    answer = call.says("banana")
    assert answer == "Sorry, I didn't catch that. Was that four eight two, seven one six?"


def test_a_question_during_a_check_is_answered(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven one six", confidence=0.4)
    assert "Monday to Friday" in call.says("when are you open")


def test_a_third_value_settles_the_choice_of_two(known: Conversation) -> None:
    known.says("three payments", confidence=0.4, alternatives=("five payments",))
    known.says("four payments")
    assert known.state.values["instalments"] == 4


def test_a_choice_of_two_that_is_not_answered_is_repeated(known: Conversation) -> None:
    known.says("three payments", confidence=0.4, alternatives=("five payments",))
    assert "three payments, or five payments?" in known.says("banana")
    assert "Monday to Friday" in known.says("when are you open")


def test_the_same_alternative_is_no_rival(known: Conversation) -> None:
    answer = known.says("three payments", confidence=0.4, alternatives=("three", "nine payments", "hm"))
    assert answer == "I heard three payments. Is that right?"


def test_an_unsure_later_answer_is_not_kept(known: Conversation) -> None:
    assert known.says("starting on december third", confidence=0.4).startswith("Sorry, I didn't catch that.")
    assert "first_date" not in known.state.values


def test_of_two_dates_the_named_one_is_meant(known: Conversation) -> None:
    known.says("three payments")
    answer = known.says("december third", confidence=0.4, alternatives=("december first",))
    assert answer == "Did you say December third, or December first?"
    known.says("december first")
    assert known.state.values["first_date"] == "2026-12-01"


def test_a_hardly_heard_change_is_checked(known: Conversation) -> None:
    known.says("three payments")
    assert known.says("no make it four payments", confidence=0.4) == "I heard four payments. Is that right?"
    assert "instalments" not in known.state.values
    assert "first payment?" in known.says("yes")
    assert known.state.values["instalments"] == 4


def test_a_later_value_out_of_bounds_is_told_at_once(known: Conversation) -> None:
    answer = known.says("three payments starting march third")
    assert answer.startswith("The first payment has to be within the next thirty days. Three payments.")
    assert answer.endswith("first payment?")


def test_a_value_that_was_only_second_best_is_checked(known: Conversation) -> None:
    assert (
        known.says("sri", confidence=0.3, alternatives=("free", "three"))
        == "I heard three payments. Is that right?"
    )
    known.says("yes")
    assert known.state.values["instalments"] == 3


def test_a_surely_heard_answer_has_no_second_best(known: Conversation) -> None:
    assert known.says("sri", alternatives=("three",)).startswith("Sorry, I didn't catch that.")


def test_a_number_that_lost_digits_may_be_whole_in_second_place(call: Conversation) -> None:
    call.says("how much do i owe")
    answer = call.says("four two", alternatives=("four eight two seven one", "four eight two seven one six"))
    assert answer == "I heard four eight two, seven one six. Is that right?"
    call.says("yes")
    assert call.state.values["customer_number"] == "482716"


def test_a_value_in_words_of_the_same_wish_is_the_answer(known: Conversation) -> None:
    known.says("i want to pay in three installments")
    assert known.state.values["instalments"] == 3
