"""Replies: answers spoken as they are worded, cut short on demand, owned up to when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date

import pytest

from tests.pipeline.fakes import Desk
from tests.pipeline.test_filler import AGENT, DIALOGUE
from tests.pipeline.test_mouth import Rig
from voicecore.dialogue import Dialogue, Heard, IntentIndex
from voicecore.errors import EngineError
from voicecore.pipeline.mouth import Speech
from voicecore.pipeline.reply import Mind, Reply, Thread
from voicecore.types import Transcript


class Author:
    """A language model that writes one sentence each time it is told to; then fails or ends."""

    def __init__(self, *sentences: str, fails: bool = False) -> None:
        self.written = 0
        self.may: asyncio.Queue[None] = asyncio.Queue()
        self._sentences = sentences
        self._fails = fails

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        for sentence in self._sentences:
            await self.may.get()
            self.written += 1
            yield sentence
        await self.may.get()
        if self._fails:
            raise EngineError("llm-failed", "out of ideas")


class Told:
    """A reply to a question that the language model answers."""

    def __init__(self, author: Author) -> None:
        self.author = author
        self.said: list[Speech] = []
        mind = Mind(Dialogue(AGENT, IntentIndex.build(AGENT), date(2026, 11, 20)), Desk({}), author)
        thread = Thread(DIALOGUE.start()[0])
        self.reply = Reply("call-1", mind, thread, Rig().mouth, self.said.append, lambda _: None)
        self.reply.start(Heard(Transcript("when are you open", final=True)))

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def writes(self, times: int = 1) -> None:
        for _ in range(times):
            self.author.may.put_nowait(None)
            await self.settle()

    @property
    def texts(self) -> list[str]:
        return [speech.text for speech in self.said]


async def test_each_sentence_is_spoken_as_it_comes() -> None:
    told = Told(Author("On weekdays.", "From nine to five."))
    told.reply.commit()
    await told.writes()
    assert told.texts == ["On weekdays."]
    assert told.reply.running
    await told.writes()
    assert told.texts == ["On weekdays.", "From nine to five."]
    await told.writes()
    assert told.texts[2:] == ["Is there anything else I can do for you?"]
    assert not told.reply.running


async def test_nothing_is_spoken_before_the_commit() -> None:
    told = Told(Author("On weekdays."))
    await told.writes()
    assert told.texts == []
    assert not told.reply.bound
    told.reply.commit()
    assert told.texts == ["On weekdays."]


async def test_a_caller_who_wants_something_else_does_not_wait_for_the_end() -> None:
    told = Told(Author("On weekdays.", "From nine to five."))
    told.reply.commit()
    await told.writes()
    told.reply.hush()
    await asyncio.wait_for(told.reply.finished(), 1)
    assert told.author.written == 1
    assert told.texts == ["On weekdays.", "Is there anything else I can do for you?"]


async def test_a_discarded_reply_stops_the_language_model() -> None:
    told = Told(Author("On weekdays.", "From nine to five."))
    await told.writes()
    told.reply.discard()
    await told.settle()
    await told.writes(2)
    assert (told.author.written, told.texts) == (1, [])


@pytest.mark.parametrize(
    ("sentences", "texts"),
    [((), ["I'm afraid I don't know that."]), (("On weekdays.",), ["On weekdays."])],
)
@pytest.mark.parametrize("fails", [False, True])
async def test_an_answer_that_ends_early_is_no_end_of_the_call(
    sentences: tuple[str, ...], texts: list[str], fails: bool
) -> None:
    told = Told(Author(*sentences, fails=fails))
    told.reply.commit()
    await told.writes(len(sentences) + 1)
    assert told.texts == [*texts, "Is there anything else I can do for you?"]
    assert not told.reply.running
