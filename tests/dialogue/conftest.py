"""A conversation as a script: what the caller says and does, what the agent says and does back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from voicecore.dialogue import (
    Action,
    Agent,
    CallTool,
    Delivered,
    Dialogue,
    Event,
    Generate,
    Generated,
    HangUp,
    Heard,
    IntentIndex,
    NoInput,
    Pressed,
    Say,
    State,
    ToolFailed,
    ToolReturned,
    Transfer,
    load_agent,
)
from voicecore.types import Transcript, Word

EXAMPLE = Path(__file__).parents[2] / "voicecore" / "examples" / "billing"
TODAY = date(2026, 11, 20)
BACKEND: dict[str, dict[str, Any]] = {
    "find_customer": {"found": True, "first_name": "Anna", "last_name": "Keller"},
    "verify_customer": {"verified": True},
    "latest_invoice": {
        "found": True,
        "invoice_id": "4102",
        "total_cents": 8640,
        "open_cents": 8640,
        "issued_on": "2026-11-10",
        "due_on": "2026-12-01",
        "status": "open",
    },
    "explain_invoice": {
        "charges": [
            {"description": "the monthly plan", "amount_cents": 3990},
            {"description": "calls to other countries", "amount_cents": 4650},
        ],
        "difference_cents": 4650,
        "reason": "calls to other countries",
    },
    "create_arrangement": {"accepted": True, "reference": "2741", "instalment_cents": 2880},
}


class Conversation:
    """Plays the pipeline: delivers speech, runs tools and the language model, keeps what was done."""

    def __init__(self, dialogue: Dialogue, backend: Mapping[str, dict[str, Any] | str]) -> None:
        self.dialogue = dialogue
        self.backend = dict(backend)
        self.done: list[Action] = []
        self.delivering = True
        self.state, actions = dialogue.start()
        self._perform(actions)

    def says(
        self,
        text: str,
        confidence: float = 1.0,
        alternatives: tuple[str, ...] = (),
        word_confidences: tuple[float, ...] = (),
    ) -> str:
        """The caller says ``text``; returns what the agent answers, as one string."""
        words = tuple(
            Word(word, float(at), at + 1.0, score)
            for at, (word, score) in enumerate(zip(text.split(), word_confidences, strict=False))
        )
        return self.send(Heard(Transcript(text, words, True, confidence, alternatives)))

    def presses(self, keys: str) -> str:
        return self.send(Pressed(keys))

    def is_silent(self) -> str:
        return self.send(NoInput())

    def interrupts(self, heard: str) -> None:
        """The caller cuts the agent's latest answer after ``heard``, which is its beginning."""
        before, rest = "", heard
        for spoken in self.state.queued:
            if not rest.startswith(spoken.text):
                self.state, _ = self.dialogue.step(self.state, Delivered(spoken.id, rest, complete=False))
                return
            self.state, _ = self.dialogue.step(self.state, Delivered(spoken.id, spoken.text, complete=True))
            rest = rest[len(spoken.text) :].strip()
            before += spoken.text
        raise AssertionError(f"the agent never said {heard!r}, but {before!r}")

    def hears_out(self) -> None:
        """All that the agent said is played to its end."""
        for spoken in self.state.queued:
            self.state, _ = self.dialogue.step(self.state, Delivered(spoken.id, spoken.text, complete=True))

    def send(self, event: Event) -> str:
        mark = len(self.done)
        self.state, actions = self.dialogue.step(self.state, event)
        self._perform(actions)
        return " ".join(action.text for action in self.done[mark:] if isinstance(action, Say))

    def _perform(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            self.done.append(action)
            match action:
                case Say(id, text) if self.delivering:
                    self._follow(Delivered(id, text, complete=True))
                case CallTool(id, name):
                    result = self.backend.get(name, {})
                    if isinstance(result, str):
                        self._follow(ToolFailed(id, result))
                    elif result:
                        self._follow(ToolReturned(id, result))
                case Generate(id, _, _, passages):
                    self._follow(Generated(id, passages[0] if passages else ""))

    def _follow(self, event: Event) -> None:
        self.state, actions = self.dialogue.step(self.state, event)
        self._perform(actions)

    @property
    def said(self) -> str:
        """Everything the agent said."""
        return " ".join(action.text for action in self.done if isinstance(action, Say))

    def calls(self, tool: str) -> list[dict[str, Any]]:
        """The arguments of all calls of ``tool``."""
        return [dict(a.arguments) for a in self.done if isinstance(a, CallTool) and a.name == tool]

    @property
    def last(self) -> Action:
        return self.done[-1]

    @property
    def transferred(self) -> bool:
        return isinstance(self.last, Transfer)

    @property
    def hung_up(self) -> str | None:
        return self.last.reason if isinstance(self.last, HangUp) else None

    def fork(self) -> State:
        """A copy of where we are, to go back to."""
        return replace(self.state)


@pytest.fixture(scope="session")
def agent() -> Agent:
    return load_agent(EXAMPLE)


@pytest.fixture(scope="session")
def index(agent: Agent) -> IntentIndex:
    return IntentIndex.build(agent)


@pytest.fixture
def call(agent: Agent, index: IntentIndex) -> Conversation:
    return Conversation(Dialogue(agent, index, TODAY), BACKEND)


@pytest.fixture
def call_with(agent: Agent, index: IntentIndex) -> Callable[..., Conversation]:
    """A conversation whose back-end answers some tools differently; a string is a failure's code."""

    def make(**answers: dict[str, Any] | str) -> Conversation:
        return Conversation(Dialogue(agent, index, TODAY), {**BACKEND, **answers})

    return make


@pytest.fixture
def known(call: Conversation) -> Conversation:
    """A caller who is identified and asked for the number of payments."""
    call.says("i want to pay in installments")
    call.says("four eight two seven one six")
    call.says("two four seven one eight")
    return call


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """The example's texts by relative path."""
    paths = [*EXAMPLE.glob("*.yaml"), *EXAMPLE.glob("flows/*.yaml"), *EXAMPLE.glob("knowledge/*.md")]
    return {path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8") for path in paths}
