"""Turns a conversation into tokens: in the model's chat format, without letting anybody's text pose as it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain

from models.llm_llama.grammar import described
from models.llm_llama.library import Library, Tokens
from voicecore.errors import EngineError
from voicecore.types import Message, ToolOffer

ROLES = {"system": "system", "caller": "user", "agent": "assistant", "tool": "user"}
"""What models are trained to call them."""
_MARK = "\x01{}\x01"
_UNSPOKEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CACHED = 4096
"""Texts whose tokens are kept."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is to read."""

    tokens: Tokens
    shared: int
    """The first so many are the system prompt and tools, alike in many calls."""
    shortened: bool = False
    """Whether old messages were left out for want of room."""


class Prompter:
    """Tokenises the chat format and each text apart.

    So control tokens spelled out in a caller's, a tool's or a passage's text stay text, and what was
    said before keeps its tokens whatever is said next.
    """

    def __init__(self, library: Library, most: int) -> None:
        """``most``: longest prompt in tokens. Raises EngineError("llm-chat-format")."""
        self._library = library
        self._most = most
        self._text = lru_cache(_CACHED)(partial(library.tokenize, special=False))
        self._frame = lru_cache(_CACHED)(partial(library.tokenize, special=True))
        self._frames = lru_cache(256)(self._render)
        self._frames(("system", "user", "assistant", "user"))

    def whole(self, messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> Prompt:
        """Up to where the agent begins to speak. Raises EngineError("llm-prompt-too-long")."""
        return self._build(messages, tools, closed=True)

    def growing(self, messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> Prompt:
        """Up to the last word of the last message, which may go on."""
        return self._build(messages, tools, closed=False)

    def _build(self, messages: Sequence[Message], tools: Sequence[ToolOffer], closed: bool) -> Prompt:
        if not messages:
            raise EngineError("llm-no-messages", "a prompt needs at least one message")
        system = [message for message in messages if message.role == "system"]
        talk = [message for message in messages if message.role != "system"]
        if tools:
            text = "\n\n".join(message.text for message in system) + described(tools)
            system = [Message("system", text)]
        prompt = self._parts(system, talk, closed)
        total, step = sum(map(len, prompt)), max(1, self._most // 4)
        if total <= self._most:
            return self._joined(prompt, len(system), False)
        talk = self._shorter(talk, -(-(total - self._most) // step) * step)
        prompt = self._parts(system, talk, closed)
        if sum(map(len, prompt)) > self._most:
            raise EngineError("llm-prompt-too-long", f"{sum(map(len, prompt))} tokens, {self._most} fit")
        return self._joined(prompt, len(system), True)

    def _parts(self, system: Sequence[Message], talk: Sequence[Message], closed: bool) -> list[Tokens]:
        """Frames and texts in turn, beginning with a frame."""
        messages = [*system, *talk]
        frames = self._frames(tuple(ROLES[message.role] for message in messages))
        texts = [self._text(cleaned(message)) for message in messages]
        parts = list(chain.from_iterable(zip(frames, texts, strict=False)))
        return [*parts, frames[-1]] if closed else parts

    def _shorter(self, talk: Sequence[Message], surplus: int) -> list[Message]:
        """Without the oldest messages; the surplus comes in large steps, so that it stays for many turns."""
        left = list(talk)
        while len(left) > 1 and (surplus > 0 or left[0].role != "caller"):
            surplus -= len(self._text(cleaned(left.pop(0))))
        return left

    @staticmethod
    def _joined(parts: Sequence[Tokens], system: int, shortened: bool) -> Prompt:
        shared = sum(map(len, parts[: 2 * system])) if system else 0
        return Prompt(tuple(chain.from_iterable(parts)), shared, shortened)

    def _render(self, roles: tuple[str, ...]) -> tuple[Tokens, ...]:
        """What the chat format puts before, between and after texts of these ``roles``."""
        marks = [_MARK.format(n) for n in range(len(roles))]
        rest = self._library.render(list(zip(roles, marks, strict=True)))
        frames = []
        for mark in marks:
            before, found, rest = rest.partition(mark)
            if not found:
                raise EngineError("llm-chat-format", f"the model's chat format loses a message: {roles}")
            frames.append(before)
        return tuple(self._frame(frame) for frame in [*frames, rest])


def cleaned(message: Message) -> str:
    """Its text without control characters and outer space; a tool's is marked as such."""
    text = _UNSPOKEN.sub("", message.text).strip()
    return f"[tool result] {text}" if message.role == "tool" else text


def asked(instruction: str, question: str, passages: Sequence[str]) -> tuple[Message, ...]:
    """A question about passages as a conversation; the question comes last, so that it may grow."""
    known = "\n".join(f"- {passage}" for passage in passages)
    return (
        Message("system", instruction),
        Message("caller", f"What is known:\n{known}\n\n{question}" if passages else question),
    )
