"""A guardrail answers in the dialogue's place."""

from __future__ import annotations

from typing import Any

from voicecore.dialogue import Steered


def test_the_open_question_is_put_again(call: Any) -> None:
    call.says("how much do i owe")
    said = call.send(Steered("I can't do that."))
    assert said.startswith("I can't do that.")
    assert "customer number" in said
    assert call.says("four eight two seven one six")
    assert call.calls("find_customer")


def test_a_person_takes_over(call: Any) -> None:
    assert call.send(Steered("One moment.", hand_off=True)) == "One moment."
    assert call.transferred
    assert call.send(Steered("Again.")) == ""


def test_what_was_said_is_not_kept(call: Any) -> None:
    call.send(Steered("I can't do that."))
    assert all(who == "agent" for who, _ in call.state.history)
