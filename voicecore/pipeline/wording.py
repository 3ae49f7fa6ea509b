"""Has a language model word answers; where it can, it reads along while the caller speaks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, cast

from voicecore.dialogue import Generate
from voicecore.pipeline.privacy import HIDDEN, Privacy
from voicecore.ports import ConversationLlm, Llm
from voicecore.types import Message

History = Sequence[tuple[str, str]]
"""("caller" or "agent", text), of the agent only what was heard: ``dialogue.State.history``."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One call's use of the language model.

    The conversation is stated whole every time, as it was heard: what was cut off, said again or taken back
    is simply not in it any more, and the engine forgets what it had read of it.
    """

    llm: Llm
    call: str
    privacy: Privacy

    def read_along(self, instruction: str, history: History, words: str) -> None:
        """The caller has said ``words`` so far, which will stay so, and may go on; "" before the first."""
        if isinstance(self.llm, ConversationLlm):
            said = self.privacy.so_far(words).removesuffix(HIDDEN).strip()
            self.llm.prepare(self.call, conversation(instruction, self._shown(history), said))

    async def answer(self, asked: Generate, history: History) -> AsyncIterator[str]:
        """The answer in whole sentences; closing the iterator stops the engine. Raises EngineError."""
        async with aclosing(cast("AsyncGenerator[Any, None]", self._reply(asked, history))) as reply:
            async for said in reply:
                if isinstance(said, str):
                    yield said

    def _reply(self, asked: Generate, history: History) -> AsyncIterator[Any]:
        question = self.privacy.shown("caller", asked.question)
        if not isinstance(self.llm, ConversationLlm):
            return self.llm.generate(asked.instruction, question, asked.passages)
        before = history[:-1] if history and history[-1] == ("caller", asked.question) else history
        known = informed(replace(asked, question=question))
        return self.llm.reply(self.call, conversation(asked.instruction, self._shown(before), known))

    def _shown(self, history: History) -> History:
        """It reads no private data: what it needs of that, it can hand on by its name."""
        return [(who, self.privacy.shown(who, text)) for who, text in history]

    def forget(self) -> None:
        """The call is over."""
        if isinstance(self.llm, ConversationLlm):
            self.llm.forget(self.call)


def conversation(instruction: str, history: History, words: str) -> tuple[Message, ...]:
    """What a language model is to read; who says several things in a row says them in one message."""
    told = [*history, ("caller", words)] if words else list(history)
    runs = ((role, " ".join(text for _, text in run)) for role, run in groupby(told, key=lambda one: one[0]))
    said = (Message("caller" if role == "caller" else "agent", text) for role, text in runs)
    return (Message("system", instruction), *said)


def informed(asked: Generate) -> str:
    """The question with what is known behind it, so that all before it can be read while it is asked."""
    known = "\n".join(f"- {passage}" for passage in asked.passages)
    return f"{asked.question}\n\nWhat is known:\n{known}" if known else asked.question
