"""What callers want, and how the agent finds out."""

from __future__ import annotations

import pytest

from tests.dialogue.conftest import BACKEND, TODAY, Conversation
from voicecore.dialogue import Agent, Dialogue, IntentIndex
from voicecore.dialogue.state import Disambiguating, Routing


def two_minds(files: dict[str, str]) -> Conversation:
    """An agent with two intents that the same words fit."""
    intents = """
intents:
  open_account:
    label: open an account
    answer: paper-bills
    examples: [my account now, a new one, begin]
  close_account:
    label: close an account
    answer: late-fees
    examples: [my account today, an old one, finish]
"""
    main = files["flows/main.yaml"].replace(
        "[look_up_invoice, explain_charge, payment_plan, opening_hours]", "[]"
    )
    agent = Agent.parse({**files, "intents.yaml": intents, "flows/main.yaml": main})
    return Conversation(Dialogue(agent, IntentIndex.build(agent), TODAY), BACKEND)


def test_two_likely_wishes_are_offered(files: dict[str, str]) -> None:
    call = two_minds(files)
    assert call.says("my account") == "Do you want to close an account, or to open an account?"
    assert isinstance(call.state.waiting, Disambiguating)
    assert "online account" in call.says("the second one")


def test_an_offered_wish_can_be_named(files: dict[str, str]) -> None:
    call = two_minds(files)
    call.says("my account")
    assert "payment plan" in call.says("close an account")


def test_an_offered_wish_can_be_keyed(files: dict[str, str]) -> None:
    call = two_minds(files)
    call.says("my account")
    assert "online account" in call.presses("2")


def test_one_of_two_wishes_is_told_by_its_words(files: dict[str, str]) -> None:
    call = two_minds(files)
    call.says("my account")
    assert "payment plan" in call.says("my account today")


def test_two_wishes_that_are_not_answered_are_offered_again(files: dict[str, str]) -> None:
    call = two_minds(files)
    call.says("my account")
    assert "close an account, or to open an account?" in call.says("banana")


def test_neither_of_two_wishes_asks_anew(files: dict[str, str]) -> None:
    call = two_minds(files)
    call.says("my account")
    assert call.says("no") == "What can I do for you?"
    assert isinstance(call.state.waiting, Routing)


def test_a_hardly_heard_wish_is_proposed(call: Conversation) -> None:
    assert call.says("how much do i owe", confidence=0.1) == "Do you want to hear your latest invoice?"
    assert "customer number" in call.says("yes")


def test_a_proposal_may_be_refused_or_replaced(call: Conversation) -> None:
    call.says("how much do i owe", confidence=0.1)
    assert call.says("no").startswith("Sorry about that.")
    call.says("how much do i owe", confidence=0.1)
    assert "Monday to Friday" in call.says("when are you open")


def test_yes_to_anything_else_asks_what(call: Conversation) -> None:
    call.says("when are you open")
    assert call.says("yes") in ("How can I help you?", "What can I do for you?")


def test_yes_with_a_wish_is_the_wish(call: Conversation) -> None:
    call.says("when are you open")
    assert "customer number" in call.says("yes how much do i owe")


def test_no_with_a_wish_is_the_wish(call: Conversation) -> None:
    call.says("when are you open")
    assert "customer number" in call.says("no but how much do i owe")


@pytest.mark.parametrize("text", ["hello", "good morning", "hi there"])
def test_a_greeting_is_no_miss(call: Conversation, text: str) -> None:
    assert call.says(text) == "What can I do for you?"
    assert call.state.misses == 0


@pytest.mark.parametrize("text", ["thanks", "nothing else", "no", "that's it"])
def test_nothing_more_ends_the_call(call: Conversation, text: str) -> None:
    call.says("when are you open")
    call.says(text)
    assert call.hung_up == "done"


def test_no_at_the_start_ends_nothing(call: Conversation) -> None:
    assert call.says("no").startswith("Sorry, I didn't catch that.")


def test_the_knowledge_base_answers_without_an_intent(files: dict[str, str]) -> None:
    knowledge = "## Tell me about the garden\nIt is behind the house.\n"
    agent = Agent.parse({**files, "knowledge/garden.md": knowledge})
    call = Conversation(Dialogue(agent, IntentIndex.build(agent), TODAY), BACKEND)
    assert "It is behind the house." in call.says("tell me about the garden")
    assert call.state.intent == "knowledge"


def test_asking_again_for_what_is_under_way_changes_nothing(known: Conversation) -> None:
    depth = len(known.state.stack)
    assert "payments" in known.says("i want to pay in installments")
    assert len(known.state.stack) == depth


def test_digressions_do_not_pile_up_for_ever(known: Conversation) -> None:
    for _ in range(10):
        known.says("how much do i owe")
        known.says("why is my bill so high")
    assert len(known.state.stack) <= 6


def test_a_proposal_that_is_not_answered_is_made_again(call: Conversation) -> None:
    call.says("how much do i owe", confidence=0.1)
    assert call.says("banana") == "Sorry, I didn't catch that. Would you like to hear your latest invoice?"
    assert "customer number" in call.presses("1")


def test_a_wish_that_was_only_second_best_is_proposed(call: Conversation) -> None:
    answer = call.says("watt easter", confidence=0.3, alternatives=("what is a", "what is a late fee"))
    assert answer == "Do you want to hear about late fees?"
    assert "five euros" in call.says("yes")
