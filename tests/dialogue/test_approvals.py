"""Yes, no, and second thoughts after a read-back."""

from __future__ import annotations

import pytest

from tests.dialogue.conftest import Conversation
from tests.dialogue.test_flow import run
from voicecore.dialogue.state import Confirming, Routing


@pytest.fixture
def asked(known: Conversation) -> Conversation:
    """A caller who has just heard the plan read back."""
    known.says("three payments")
    known.says("december first")
    assert isinstance(known.state.waiting, Confirming)
    return known


@pytest.mark.parametrize("text", ["yes", "yes please", "that's right", "correct", "yeah sure"])
def test_a_plain_yes_is_consent(asked: Conversation, text: str) -> None:
    asked.says(text)
    assert len(asked.calls("create_arrangement")) == 1


@pytest.mark.parametrize(
    "text", ["hm", "maybe", "i guess", "yeah no", "what is that", "three", "no", "that's wrong"]
)
def test_nothing_else_is_consent(asked: Conversation, text: str) -> None:
    asked.says(text)
    assert asked.calls("create_arrangement") == []


def test_an_unsurely_heard_yes_is_no_consent(asked: Conversation) -> None:
    asked.says("yes", confidence=0.5)
    assert asked.calls("create_arrangement") == []
    asked.says("yes")
    assert len(asked.calls("create_arrangement")) == 1


def test_a_change_is_read_back_again(asked: Conversation) -> None:
    answer = asked.says("no make it four payments")
    assert "Right, four payments." in answer
    assert "four payments for eighty-six euros and forty cents, starting on December first" in answer
    asked.says("yes")
    assert asked.calls("create_arrangement")[0]["instalments"] == 4


def test_yes_but_is_a_change(asked: Conversation) -> None:
    assert "four payments" in asked.says("yes but make it four payments")
    assert asked.calls("create_arrangement") == []


def test_both_slots_can_be_changed_at_once(asked: Conversation) -> None:
    answer = asked.says("no four payments starting december third")
    assert "four payments for" in answer
    assert "starting on December third" in answer


def test_no_asks_what_to_change(asked: Conversation) -> None:
    assert asked.says("no") == (
        "What should I change: the number of payments or the date of the first payment?"
    )
    assert "first payment?" in asked.says("the date")
    assert "three payments for eighty-six euros and forty cents, starting on December fifth" in asked.says(
        "december fifth"
    )


def test_a_new_value_answers_what_to_change(asked: Conversation) -> None:
    asked.says("no")
    assert "five payments for" in asked.says("five payments")


def test_a_named_slot_is_asked_for_again(asked: Conversation) -> None:
    assert "first payment?" in asked.says("no change the date")


@pytest.mark.parametrize("text", ["nothing", "no"])
def test_nothing_to_change_means_no(asked: Conversation, text: str) -> None:
    asked.says("no")
    assert "I have not set up anything" in asked.says(text)
    assert asked.calls("create_arrangement") == []
    assert isinstance(asked.state.waiting, Routing)


def test_a_question_before_the_yes_is_answered(asked: Conversation) -> None:
    answer = asked.says("what happens if i pay late")
    assert "five euros" in answer
    assert "Shall I set that up?" in answer
    asked.says("yes")
    assert len(asked.calls("create_arrangement")) == 1


def test_consent_ends_with_a_change(asked: Conversation) -> None:
    asked.says("cancel")
    asked.says("i want to pay in installments")
    asked.says("five payments starting december third")
    assert asked.calls("create_arrangement") == []


def test_a_person_is_offered_before_a_hardly_heard_handoff(call: Conversation) -> None:
    assert call.says("operator", confidence=0.1) == "Would you like to talk to a person?"
    assert call.says("hm").startswith("Sorry, I didn't catch that. Would you like")
    call.says("yes")
    assert call.transferred


def test_a_hardly_heard_goodbye_is_checked(call: Conversation) -> None:
    assert call.says("goodbye", confidence=0.1) == "Did you want to end the call?"
    call.says("yes")
    assert call.hung_up == "goodbye"


def test_what_is_no_change_is_asked_about_again(asked: Conversation) -> None:
    asked.says("no")
    assert "What should I change" in asked.says("banana")


def test_another_wish_instead_of_a_change(asked: Conversation) -> None:
    asked.says("no")
    assert "Monday to Friday" in asked.says("when are you open")
    assert asked.calls("create_arrangement") == []


def test_an_offer_may_be_passed_over(call: Conversation) -> None:
    call.says("operator", confidence=0.1)
    assert "customer number" in call.says("how much do i owe")


def test_a_read_back_without_slots_is_just_refused() -> None:
    call = run("  - confirm: Shall I?\n    declined: done\n  - end: Over.\n")
    assert call.says("no") == "Thank you for calling. Goodbye."


def test_a_no_may_be_second_best_but_a_yes_may_not(asked: Conversation) -> None:
    assert asked.says("oh", confidence=0.3, alternatives=("go", "yes")).startswith(
        "Sorry, I didn't catch that."
    )
    assert asked.says("go", confidence=0.3, alternatives=("oh", "no")).startswith("What should I change")
    assert asked.calls("create_arrangement") == []
