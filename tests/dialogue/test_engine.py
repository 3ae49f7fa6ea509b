"""Whole conversations with the billing agent, and the engine's promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialogue.conftest import BACKEND, TODAY, Conversation
from voicecore.dialogue import (
    Agent,
    CallTool,
    Delivered,
    Dialogue,
    Event,
    Generate,
    Generated,
    Heard,
    IntentIndex,
    NoInput,
    Pressed,
    Say,
    ToolFailed,
    ToolReturned,
)
from voicecore.dialogue.state import Confirming
from voicecore.errors import UnexpectedEvent
from voicecore.types import Expectation, SlotKind, Transcript, Word


def test_fillers_vary_and_tell_a_long_wait_from_a_short_one(call: Conversation) -> None:
    first = [call.dialogue.filler(1, used) for used in range(3)]
    assert first == ["One moment, please.", "Just a moment, please.", "One moment, please."]
    assert call.dialogue.filler(2, 0) == "This is taking a little longer than usual."
    assert call.dialogue.filler(3, 1) != call.dialogue.filler(2, 0)


def test_a_charge_is_explained(call: Conversation) -> None:
    assert "How can I help you?" in call.said
    assert "customer number" in call.says("why is my bill so high")
    assert "Four eight two, seven one six. And your postcode" in call.says("four eight two seven one six")
    answer = call.says("two four seven one eight")
    assert "Good, Anna, I have your account." in answer
    assert "eighty-six euros and forty cents" in answer
    assert "Calls to other countries: forty-six euros and fifty cents." in answer
    assert "forty-six euros and fifty cents more than last time" in answer
    assert answer.endswith("Is there anything else I can do for you?")
    assert call.says("no that's all") == "Thank you for calling Northwind. Goodbye."
    assert call.hung_up == "done"
    assert call.state.outcome == {"ended": "done", "flows": ["identify", "explain"]}


def test_an_arrangement_is_read_back_and_stored(known: Conversation) -> None:
    assert "Three payments. On what day" in known.says("three payments")
    read_back = known.says("december first")
    assert "eighty-six euros and forty cents in three payments, the first on December first" in read_back
    assert known.calls("create_arrangement") == []
    assert "Your reference is two seven, four one." in known.says("yes please")
    assert known.calls("create_arrangement") == [
        {"customer_number": "482716", "invoice_id": "4102", "instalments": 3, "first_date": "2026-12-01"}
    ]


def test_one_sentence_may_say_it_all(call: Conversation) -> None:
    call.says("i would like to pay in five payments starting december third")
    call.says("four eight two seven one six")
    assert "in five payments, the first on December third" in call.says("two four seven one eight")
    call.says("yes")
    assert call.calls("create_arrangement")[0]["instalments"] == 5


def test_two_slots_in_one_answer(known: Conversation) -> None:
    answer = known.says("five payments starting december third")
    assert "in five payments, the first on December third" in answer


def test_an_answer_to_a_later_question_is_kept(known: Conversation) -> None:
    answer = known.says("starting on december third")
    assert answer == "December third. How many payments would you like, from two to six?"
    assert "in four payments, the first on December third" in known.says("four")


def test_the_caller_is_identified_once(call: Conversation) -> None:
    call.says("why is my bill so high")
    call.says("four eight two seven one six")
    call.says("two four seven one eight")
    answer = call.says("i want to pay in installments")
    assert "customer number" not in answer
    assert "How many payments" in answer
    assert len(call.calls("verify_customer")) == 1


def test_a_second_plan_starts_from_nothing(known: Conversation) -> None:
    known.says("three payments")
    known.says("december first")
    known.says("yes")
    assert "From two to six, how many payments" in known.says("i want to pay in installments")


def test_an_unknown_number_gets_one_more_try_then_a_person(call_with: Callable[..., Conversation]) -> None:
    call = call_with(find_customer={"found": False})
    call.says("how much do i owe")
    answer = call.says("one one one two two two")
    assert "I can't find that number." in answer
    assert "customer number" in answer
    assert "colleague" in call.says("one one one three three three")
    assert call.transferred
    assert call.state.ended == "handoff"


def test_a_wrong_postcode_gets_one_more_try(call_with: Callable[..., Conversation]) -> None:
    call = call_with(verify_customer={"verified": False})
    call.says("how much do i owe")
    call.says("four eight two seven one six")
    assert "does not match" in call.says("one one one one one")
    call.says("one one one one two")
    assert call.transferred
    assert call.calls("latest_invoice") == []


@pytest.mark.parametrize(
    ("invoice", "told"),
    [
        ({"found": False}, "There is no invoice"),
        ({**BACKEND["latest_invoice"], "status": "paid", "open_cents": 0}, "It is paid."),
        ({**BACKEND["latest_invoice"], "status": "overdue"}, "It was due on December first"),
        ({**BACKEND["latest_invoice"], "status": "arranged"}, "you have a payment plan for it"),
        (BACKEND["latest_invoice"], "It is due on December first."),
    ],
)
def test_the_latest_invoice(
    call_with: Callable[..., Conversation], invoice: dict[str, object], told: str
) -> None:
    call = call_with(latest_invoice=invoice)
    call.says("how much do i owe")
    call.says("four eight two seven one six")
    assert told in call.says("two four seven one eight")


@pytest.mark.parametrize(
    ("decline", "told"),
    [
        ("too-late", "has to be earlier than that. On what day"),
        ("too-many", "can't offer that many payments. You can choose"),
        ("already-arranged", "You already have a payment plan for this invoice. Is there anything else"),
        ("nothing-open", "There is nothing to pay at the moment. Is there anything else"),
    ],
)
def test_a_declined_arrangement(call_with: Callable[..., Conversation], decline: str, told: str) -> None:
    call = call_with(create_arrangement={"accepted": False, "decline": decline})
    call.says("i would like to pay in five payments starting december third")
    call.says("four eight two seven one six")
    call.says("two four seven one eight")
    assert told in call.says("yes")


def test_knowledge_is_answered_from_passages(call: Conversation) -> None:
    answer = call.says("when are you open")
    assert "Monday to Friday" in answer
    assert answer.endswith("Is there anything else I can do for you?")
    request = next(action for action in call.done if isinstance(action, Generate))
    assert request.question == "when are you open"
    assert "Answer in one or two short spoken sentences" in request.instruction


def test_the_history_holds_what_was_said_and_heard(call: Conversation) -> None:
    call.says("when are you open")
    who = [speaker for speaker, _ in call.state.history]
    assert who[:4] == ["agent", "agent", "caller", "agent"]
    assert call.state.history[2] == ("caller", "when are you open")


def test_a_turn_can_be_tried_and_thrown_away(known: Conversation) -> None:
    before = known.fork()
    early, _ = known.dialogue.step(known.state, Heard(Transcript("five")))
    assert known.state == before
    assert early != before
    assert "three payments" in known.says("three payments").lower()


def test_after_the_end_nothing_happens(call: Conversation) -> None:
    call.says("goodbye")
    ended = call.state
    assert call.says("hello") == ""
    assert call.is_silent() == ""
    assert call.presses("1") == ""
    assert call.state == ended


def test_a_result_that_nobody_waits_for_changes_nothing(call: Conversation) -> None:
    before = call.state
    for event in (ToolReturned("t99", {}), ToolFailed("t99", "tool-timeout"), Generated("g99", "hello")):
        assert call.dialogue.step(before, event) == (before, ())


def test_what_is_no_event_is_refused(call: Conversation) -> None:
    with pytest.raises(UnexpectedEvent):
        call.dialogue.step(call.state, "hello")  # type: ignore[arg-type]


PHRASES = """why is my bill so high|i want to pay in installments|when are you open|yes|no|no thank you
operator|that's all|four eight two seven one six|four eight two|seven one six|two four seven one eight
three payments|five
december first|tomorrow|starting december third|no make it four payments|change the date|goodbye|repeat that
go back|cancel|help|what was that|no four eight two seven one eight|the first one|neither|nothing|!?|uh
ten thousand payments|the thirty first of february|how much do i owe|is there a fee|my number is wrong
i would like to pay in five payments starting december third|actually five payments""".replace(
    "\n", "|"
).split("|")
WAY_IN = (
    "i want to pay in installments",
    "four eight two seven one six",
    "two four seven one eight",
    "three payments",
    "december first",
    "no",
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)
RESULTS = st.one_of(
    st.sampled_from(list(BACKEND.values())),
    st.dictionaries(
        st.sampled_from(["found", "verified", "charges", "accepted", "open_cents"]), VALUES, max_size=4
    ),
)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    text = draw(st.one_of(st.sampled_from(PHRASES), st.text(max_size=30)))
    words = tuple(Word(word, 0.0, 1.0, draw(st.floats(0, 1))) for word in text.split())
    alternatives = tuple(draw(st.lists(st.sampled_from(PHRASES), max_size=2)))
    return Transcript(text, words, True, draw(st.floats(0, 1)), alternatives)


EVENTS = st.one_of(
    transcripts().map(Heard),
    st.text("0123456789*#A", max_size=7).map(Pressed),
    st.just(NoInput()),
    st.tuples(st.booleans(), RESULTS),
    st.text(max_size=20),
    st.tuples(st.integers(0, 3), st.floats(0, 1)),
)


def _event(drawn: object, actions: tuple[object, ...], said: list[Say]) -> Event | None:
    """An event from what was drawn: results and deliveries answer what the agent did."""
    waiting = next((a for a in reversed(actions) if isinstance(a, CallTool | Generate)), None)
    match drawn:
        case Heard() | Pressed() | NoInput():
            return drawn
        case (bool(ok), dict(result)) if waiting is not None:
            return ToolReturned(waiting.id, result) if ok else ToolFailed(waiting.id, "tool-timeout")
        case str(text) if waiting is not None:
            return Generated(waiting.id, text)
        case (int(back), float(share)) if said:
            spoken = said[-1 - back % len(said)]
            heard = spoken.text[: int(len(spoken.text) * share)]
            return Delivered(spoken.id, heard, complete=share > 0.9)
    return None


@settings(max_examples=120, deadline=None)
@given(st.integers(0, len(WAY_IN)), st.lists(EVENTS, max_size=20))
def test_any_events_keep_the_promises(dialogue: Dialogue, deep: int, drawn: list[object]) -> None:
    call = Conversation(dialogue, BACKEND)
    for text in WAY_IN[:deep]:
        call.says(text)
    state, actions, said = call.state, tuple(call.done), list[Say]()
    confirming = isinstance(state.waiting, Confirming)
    for each in drawn:
        said += [action for action in actions if isinstance(action, Say)]
        event = _event(each, actions, said)
        if event is None:
            continue
        before = repr(state)
        after, actions = dialogue.step(state, event)
        assert dialogue.step(state, event) == (after, actions)
        assert repr(state) == before
        assert isinstance(after.expectation, Expectation)
        assert all(action.text.strip() for action in actions if isinstance(action, Say))
        confirming = isinstance(state.waiting, Confirming) or (confirming and isinstance(event, ToolFailed))
        assert confirming or not any(isinstance(a, CallTool) and not a.read_only for a in actions)
        state = after


@pytest.fixture(scope="session")
def dialogue(agent: Agent, index: IntentIndex) -> Dialogue:
    return Dialogue(agent, index, TODAY)


def test_relative_dates_follow_the_given_day(agent: Agent, index: IntentIndex) -> None:
    call = Conversation(Dialogue(agent, index, date(2027, 2, 27)), BACKEND)
    call.says("i would like to pay in five payments starting tomorrow")
    call.says("four eight two seven one six")
    assert "the first on February twenty-eighth" in call.says("two four seven one eight")


def test_embeddings_are_used_where_words_say_nothing(agent: Agent) -> None:
    def embed(texts: object) -> np.ndarray:
        rows = [[1.0, 0.0] if "bill so high" in text else [0.0, 1.0] for text in texts]  # type: ignore[attr-defined]
        return np.array(rows, np.float32)

    dialogue = Dialogue(agent, IntentIndex.build(agent, embed), TODAY)
    state, _ = dialogue.start()
    vector = np.array([1.0, 0.0], np.float32)
    after, _ = dialogue.step(state, Heard(Transcript("mon dieu"), vector))
    assert after.intent == "explain_charge"
    assert after.expectation.kind is SlotKind.DIGITS
