"""Tool results, failures and generated answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.dialogue.conftest import BACKEND, TODAY, Conversation
from voicecore.dialogue import (
    Agent,
    CallTool,
    Dialogue,
    Generate,
    Generated,
    Heard,
    IntentIndex,
    ToolFailed,
    ToolReturned,
)
from voicecore.dialogue.outcomes import fits
from voicecore.dialogue.schema import Tool
from voicecore.dialogue.state import Answering, Calling
from voicecore.types import Transcript


def plan(call: Conversation) -> str:
    """A caller up to the yes."""
    call.says("i would like to pay in five payments starting december third")
    call.says("four eight two seven one six")
    call.says("two four seven one eight")
    return call.says("yes")


def test_a_failed_tool_is_tried_again_under_the_same_id(call_with: Callable[..., Conversation]) -> None:
    call = call_with(create_arrangement={})
    plan(call)
    first = call.last
    assert isinstance(first, CallTool)
    assert call.send(ToolFailed(first.id, "tool-timeout")) == ""
    assert call.last == first
    call.send(ToolReturned(first.id, BACKEND["create_arrangement"]))
    assert "Your reference is" in call.said


def test_a_tool_that_fails_for_good_is_told_and_handed_off(call_with: Callable[..., Conversation]) -> None:
    call = call_with(create_arrangement="tool-timeout")
    answer = plan(call)
    assert "I could not confirm that the payment plan was stored." in answer
    assert "Done." not in call.said
    assert call.transferred
    assert len(call.calls("create_arrangement")) == 2


def test_a_rejection_is_not_tried_again(call_with: Callable[..., Conversation]) -> None:
    call = call_with(create_arrangement="tool-rejected")
    plan(call)
    assert len(call.calls("create_arrangement")) == 1
    assert call.transferred


def test_a_result_out_of_contract_is_a_failure(call_with: Callable[..., Conversation]) -> None:
    call = call_with(find_customer={"found": "perhaps"})
    call.says("how much do i owe")
    assert "can't reach our customer records" in call.says("four eight two seven one six")
    assert call.transferred


FAILING = """
title: our conversation
steps:
  - id: ask
    ask: instalments
  - confirm: Shall I?
    slots: [instalments]
    declined: done
  - call: create_arrangement
    arguments:
      customer_number: instalments
      invoice_id: instalments
      instalments: instalments
      first_date: instalments
    save: arrangement
    failed: sorry
  - goto: done
  - id: sorry
    say: We try once more.
  - goto: ask
    clear: [instalments]
"""


def test_an_effect_with_unknown_outcome_keeps_its_id(files: dict[str, str]) -> None:
    slim = {name: text for name, text in files.items() if not name.startswith("flows/")}
    agent = Agent.parse({**slim, "intents.yaml": "intents: {}", "flows/main.yaml": FAILING})
    call = Conversation(
        Dialogue(agent, IntentIndex.build(agent), TODAY), {"create_arrangement": "tool-timeout"}
    )
    for count in ("three", "three", "four"):
        call.says(count)
        call.says("yes")
    tried = [a for a in call.done if isinstance(a, CallTool)]
    assert [a.arguments["instalments"] for a in tried] == [3, 3, 3, 3, 4, 4]
    assert len({a.id for a in tried[:4]}) == 1
    assert tried[4].id not in {a.id for a in tried[:4]}


def test_who_speaks_while_a_tool_runs_is_asked_to_wait(call_with: Callable[..., Conversation]) -> None:
    call = call_with(find_customer={})
    call.says("how much do i owe")
    call.says("four eight two seven one six")
    assert isinstance(call.state.waiting, Calling)
    assert call.says("are you there") == "One moment, please."
    assert call.presses("1") == ""
    assert call.is_silent() == ""
    call.send(ToolReturned(call.state.waiting.id, BACKEND["find_customer"]))
    assert "postcode" in call.said


@pytest.mark.parametrize("result", [BACKEND["find_customer"], None])
def test_leaving_is_honoured_when_the_tool_is_done(
    call_with: Callable[..., Conversation], result: dict[str, Any] | None
) -> None:
    call = call_with(find_customer={})
    call.says("how much do i owe")
    call.says("four eight two seven one six")
    call.says("operator")
    waiting = call.state.waiting
    assert isinstance(waiting, Calling)
    call.send(ToolReturned(waiting.id, result) if result else ToolFailed(waiting.id, "tool-rejected"))
    assert call.transferred


def test_an_answer_that_never_comes_is_owned_up_to(call: Conversation) -> None:
    call.backend = {}
    state, actions = call.dialogue.step(call.state, _heard("when are you open"))
    request = next(a for a in actions if isinstance(a, Generate))
    for event in (ToolFailed(request.id, "llm-timeout"), Generated(request.id, " ")):
        _, told = call.dialogue.step(state, event)
        assert told[0].text == "I'm afraid I don't know that."  # type: ignore[union-attr]


def test_an_answer_is_spoken_sentence_by_sentence(call: Conversation) -> None:
    state, actions = call.dialogue.step(call.state, _heard("when are you open"))
    request = next(a for a in actions if isinstance(a, Generate))
    told = []
    for event in (
        Generated(request.id, "On weekdays.", more=True),
        Generated(request.id, "From nine to five.", more=True),
        Generated("g99", "Of another question.", more=True),
    ):
        state, said = call.dialogue.step(state, event)
        told += [a.text for a in said]  # type: ignore[union-attr]
        assert isinstance(state.waiting, Answering)
    assert told == ["On weekdays.", "From nine to five."]
    for last in (Generated(request.id, ""), ToolFailed(request.id, "llm-failed")):
        _, said = call.dialogue.step(state, last)
        assert [a.text for a in said] == ["Is there anything else I can do for you?"]  # type: ignore[union-attr]


def test_the_operator_need_not_wait_for_an_answer(call: Conversation) -> None:
    state, _ = call.dialogue.step(call.state, _heard("when are you open"))
    busy, said = call.dialogue.step(state, _heard("hello"))
    assert [a.text for a in said] == ["One moment, please."]  # type: ignore[union-attr]
    ended, _ = call.dialogue.step(busy, _heard("operator"))
    assert ended.ended == "handoff"


def _heard(text: str) -> Any:
    return Heard(Transcript(text, final=True))


@pytest.mark.parametrize(
    ("kind", "value", "good"),
    [
        ("string", "x", True),
        ("string", 1, False),
        ("string", None, False),
        ("string?", None, True),
        ("integer", 3, True),
        ("integer", True, False),
        ("integer", 3.5, False),
        ("number", 3.5, True),
        ("boolean", False, True),
        ("boolean", "no", False),
        ("date", "2026-12-01", True),
        ("date", "next week", False),
        ("list", [], True),
        ("list?", "x", False),
    ],
)
def test_results_are_held_to_their_contract(kind: str, value: object, good: bool) -> None:
    tool = Tool.model_validate({"path": "/x", "returns": {"field": kind}, "fails": "Sorry."})
    assert fits(tool, {"field": value}) is good
