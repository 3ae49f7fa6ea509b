"""Answers by a language model: the conversation is stated as it was heard, and read while it is held."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.pipeline.fakes import Conversant, Desk, Follower, SilentLlm
from tests.pipeline.test_session import ANSWERS, Stage
from voicecore.config import TurnSettings
from voicecore.dialogue import Generate
from voicecore.pipeline.privacy import Privacy, Redaction
from voicecore.pipeline.wording import Wording, conversation, informed
from voicecore.redaction import Rules
from voicecore.types import Message, ToolRequest, Transcript

ASKED = Generate("g1", "Be brief.", "when are you open", ("From eight to six.", "Not on Sundays."))
HISTORY = (("agent", "Hello."), ("agent", "How can I help you?"))


class Librarian(SilentLlm):
    """A language model that answers single questions."""

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        yield f"{instruction} {question} {len(passages)}"


def test_a_conversation_is_told_speaker_by_speaker() -> None:
    assert conversation("Be brief.", HISTORY, "when are") == (
        Message("system", "Be brief."),
        Message("agent", "Hello. How can I help you?"),
        Message("caller", "when are"),
    )
    assert conversation("Be brief.", HISTORY, "")[-1] == Message("agent", "Hello. How can I help you?")
    assert conversation("Be brief.", (), "") == (Message("system", "Be brief."),)


def test_what_is_read_ahead_is_what_the_question_begins_with() -> None:
    llm = Conversant()
    Wording(llm, "call-1", Privacy()).read_along("Be brief.", HISTORY, "when are you")
    (read,) = llm.prepared
    whole = conversation("Be brief.", HISTORY, informed(ASKED))
    assert whole[:-1] == read[:-1]
    assert whole[-1].text.startswith(read[-1].text)
    assert whole[-1].text.endswith("What is known:\n- From eight to six.\n- Not on Sundays.")


async def test_the_question_is_not_told_twice() -> None:
    llm = Conversant("From eight.", "To six.")
    wording = Wording(llm, "call-1", Privacy())
    history = (*HISTORY, ("caller", "when are you open"))
    assert [said async for said in wording.answer(ASKED, history)] == ["From eight.", "To six."]
    assert llm.asked == [conversation("Be brief.", HISTORY, informed(ASKED))]


async def test_a_question_put_earlier_is_put_again() -> None:
    llm = Conversant("Yes.")
    history = (("caller", "when are you open"), ("agent", "Who are you?"), ("caller", "mary"))
    assert [said async for said in Wording(llm, "call-1", Privacy()).answer(ASKED, history)] == ["Yes."]
    assert llm.asked[0][-1].text.startswith("mary when are you open")


async def test_only_sentences_are_said_and_closing_stops_the_engine() -> None:
    llm = Conversant(ToolRequest("pay", {}), "Yes.", "No.")
    answer = Wording(llm, "call-1", Privacy()).answer(ASKED, HISTORY)
    assert await anext(answer) == "Yes."
    await answer.aclose()  # type: ignore[attr-defined]
    assert llm.closed == 1


async def test_an_engine_for_single_questions_gets_just_those() -> None:
    wording = Wording(Librarian(), "call-1", Privacy())
    wording.read_along("Be brief.", HISTORY, "when")
    assert [said async for said in wording.answer(ASKED, HISTORY)] == ["Be brief. when are you open 2"]
    wording.forget()


def test_a_call_that_is_over_is_forgotten() -> None:
    llm = Conversant()
    Wording(llm, "call-1", Privacy()).forget()
    assert llm.forgotten == ["call-1"]


async def test_the_language_model_reads_along_and_hears_what_the_caller_heard(tmp_path: Path) -> None:
    answer = "We are open from eight in the morning until six in the evening."
    llm = Conversant(answer)
    async with Stage(tmp_path, Desk(ANSWERS), TurnSettings(), Follower(), llm) as call:
        await call.until_listening()
        assert llm.prepared[-1][-1].role == "agent"
        await call.say("what are your opening hours", ms=1000)
        await call.wait(0.1)
        assert [messages[-1].text for messages in llm.prepared[-3:]] == [
            "what are your",
            "what are your opening",
            "what are your opening hours",
        ]
        while call.floor != "speaking":
            await call.wait(0.1)
        (asked,) = llm.asked
        assert asked[-1].text.startswith("what are your opening hours\n\nWhat is known:\n- We are open")
        assert asked[:-1] == llm.prepared[-1][:-1]
        await call.wait(1.5)
        await call.say("are you open on saturday", ms=1600)
        heard = llm.prepared[-1][-2].text
        assert heard.startswith("We are open from eight")
        assert "evening" not in heard
        assert answer.startswith(heard)
        call.call.far_hangup()
        await call.settle()
        await call.kept()
        assert llm.forgotten == [call.call.info.id]


async def test_a_turn_that_goes_on_is_asked_anew(tmp_path: Path) -> None:
    llm = Conversant("We are.")
    async with Stage(tmp_path, Desk(ANSWERS), TurnSettings(), Follower(), llm) as call:
        await call.until_listening()
        await call.say("are you open", ms=800)
        await call.wait(0.2)
        assert len(llm.asked) == 1
        await call.say("are you open on saturday", ms=1000)
        assert llm.closed == 1
        await call.until_listening()
        assert [asked[-1].text.partition("\n")[0] for asked in llm.asked] == [
            "are you open",
            "are you open on saturday",
        ]
        assert all("are you open are" not in message.text for asked in llm.asked for message in asked)


async def test_it_reads_no_private_data() -> None:
    llm = Conversant("Yes.")
    privacy = Redaction(Rules(), lambda *_: None)
    wording = Wording(llm, "call-1", privacy)
    privacy.spoken("What is your card number?")
    privacy.heard(1, Transcript("it is 4111 1111 1111 1111", final=True), "", (1.0, 2.0))
    privacy.spoken("I heard 4111 1111 1111 1111. Is that right?")
    history = (
        ("agent", "What is your card number?"),
        ("caller", "it is 4111 1111 1111 1111"),
        ("agent", "I heard 4111 1111"),
    )
    asked = replace(
        ASKED, question="yes, and my telephone number is oh seven seven double oh nine hundred one two three"
    )
    assert [said async for said in wording.answer(asked, history)] == ["Yes."]
    wording.read_along(
        "Be brief.", history, "when are you open on sundays and can I ring oh seven seven double oh"
    )
    for read in (*llm.asked, *llm.prepared):
        told = " ".join(message.text for message in read)
        assert "4111" not in told
        assert "oh seven" not in told
        assert "[CARD_1]" in told
