"""What callers may say at any time."""

from __future__ import annotations

from collections.abc import Callable

from tests.dialogue.conftest import Conversation
from voicecore.dialogue.state import Asking, Routing


def test_repeat_says_the_last_turn_again(call: Conversation) -> None:
    call.says("how much do i owe")
    again = call.says("can you repeat that please")
    assert again == ("I said: For that I need to find your account. What is your six digit customer number?")
    assert call.says("say that again").startswith("Once more: For that I need")
    assert call.state.misses == 0


def test_go_back_asks_the_question_before(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven nine six")
    assert call.says("go back").startswith(
        "All right, one step back. Please tell me your six digit customer number."
    )
    call.says("four eight two seven one six")
    assert call.calls("find_customer")[-1] == {"customer_number": "482716"}


def test_go_back_has_an_end(call: Conversation) -> None:
    call.says("how much do i owe")
    assert call.says("go back").startswith("We are at the beginning already. What is your customer number?")


def test_cancel_leaves_the_flow(known: Conversation) -> None:
    known.says("three payments")
    answer = known.says("never mind")
    assert answer == "All right, we'll leave that. Is there anything else I can do for you?"
    assert isinstance(known.state.waiting, Routing)
    assert "instalments" not in known.state.values


def test_cancel_forgets_who_was_only_half_identified(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven one six")
    call.says("forget it")
    assert "customer_number" not in call.state.values


def test_there_may_be_nothing_to_cancel(call: Conversation) -> None:
    assert call.says("cancel").startswith("There is nothing to cancel.")


def test_help_says_what_is_possible(call: Conversation) -> None:
    answer = call.says("help")
    assert "hear your latest invoice" in answer
    assert "operator" in answer
    call.says("how much do i owe")
    answer = call.says("i don't know")
    assert "hear your latest invoice" not in answer
    assert "customer number" in answer


def test_the_operator_is_reached_from_anywhere(known: Conversation) -> None:
    assert "colleague" in known.says("i want to talk to a person")
    assert known.transferred
    assert known.state.ended == "handoff"


def test_goodbye_ends_the_call(known: Conversation) -> None:
    known.says("okay thank you goodbye")
    assert known.hung_up == "goodbye"


def test_a_command_keeps_the_question(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("repeat that")
    assert isinstance(call.state.waiting, Asking)
    assert "postcode" in call.says("four eight two seven one six")


def test_a_hardly_heard_cancel_is_checked(known: Conversation) -> None:
    known.says("three payments")
    assert known.says("cancel", confidence=0.1) == "Did you want to cancel this?"
    assert "first payment?" in known.says("no")
    known.says("cancel", confidence=0.1)
    assert "want to cancel this?" in known.says("yes", confidence=0.1)
    assert known.says("yes").startswith("All right, we'll leave that.")
    assert isinstance(known.state.waiting, Routing)


def test_a_hardly_heard_request_to_wait_is_a_miss(call: Conversation) -> None:
    """Speech outside of the grammar is read as something: silence must not be the answer to it."""
    call.says("how much do i owe")
    assert call.says("hold on", confidence=0.05) != ""
    assert not call.state.holding
    call.says("hold on")
    assert call.state.holding


def test_cancel_takes_back_a_proposal(call: Conversation) -> None:
    call.says("how much do i owe", confidence=0.1)
    assert call.says("never mind") == "All right, we'll leave that. What can I do for you?"


def test_a_flow_that_begins_anew_has_all_its_tries(call_with: Callable[..., Conversation]) -> None:
    call = call_with(create_arrangement={"accepted": False, "decline": "too-late"})
    call.says("i would like to pay in five payments starting december third")
    call.says("four eight two seven one six")
    call.says("two four seven one eight")
    for _ in range(2):
        call.says("yes")
        call.says("december second")
    call.says("cancel")
    call.says("i would like to pay in five payments starting december third")
    assert "has to be earlier than that" in call.says("yes")
    assert not call.transferred
