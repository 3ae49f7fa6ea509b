"""The agent never leaves a caller in unexplained silence, whatever is late, missing or broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pipeline.fakes import Desk, GatedLane
from tests.pipeline.test_session import AGENT, ANSWERS, INTENTS, Stage
from voicecore.config import TurnSettings
from voicecore.dialogue import Dialogue
from voicecore.errors import EngineError, ToolError
from voicecore.pipeline.engines import Lanes
from voicecore.pipeline.reply import Mind
from voicecore.pipeline.work import InlineLane
from voicecore.types import RATE, TICK, TICK_MS, Pcm

MOST_S = 1.5
"""Silence that needs no explanation."""
TURNS: dict[str, Any] = {
    "wait_max_ms": 700,
    "interrupt_ms": 240,
    "filler_again_ms": 4000,
    "no_input_ms": 7000,
    "hold_ms": 20_000,
}
WAITS = ("One moment, please.", "Just a moment, please.")
WAITS_ON = ("This is taking a little longer than usual.", "I'm sorry, I'm still working on it.")


class AudioClock:
    """What is slow in these calls takes time on the audio clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        self._sleepers.append((self.now + seconds, awake))
        await awake.wait()

    def advance(self) -> None:
        self.now += TICK_MS / 1000
        for due, awake in self._sleepers:
            if self.now >= due:
                awake.set()


class SlowDesk(Desk):
    """A back-end that takes its time, and may fail after it."""

    def __init__(self, clock: AudioClock, fails: str = "") -> None:
        super().__init__(ANSWERS)
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._fails = fails

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        if name in self.seconds:
            await self._clock.sleep(self.seconds[name])
            if self._fails:
                self.calls.append((name, dict(arguments), key))
                raise ToolError(self._fails, "as the test wishes")
        return await super().call(name, arguments, key)


class SlowAuthor:
    """A language model that takes ``first_s`` to its first sentence and ``next_s`` to each other one."""

    def __init__(self, clock: AudioClock, sentences: Sequence[str], first_s: float, next_s: float) -> None:
        self._clock = clock
        self._sentences = sentences
        self._seconds = (first_s, next_s)

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        for nth, sentence in enumerate(self._sentences):
            await self._clock.sleep(self._seconds[nth > 0])
            yield sentence
        if not self._sentences:
            await self._clock.sleep(self._seconds[0])
            raise EngineError("llm-failed", "as the test wishes")


class Scene(Stage):
    """A call whose engines and back-end are as slow as the test says."""

    def __init__(
        self, tmp_path: Path, fails: str = "", author: Callable[[AudioClock], Any] | None = None
    ) -> None:
        self.clock = AudioClock()
        self.slow = SlowDesk(self.clock, fails)
        super().__init__(tmp_path, self.slow, TurnSettings(**TURNS))
        house = self.runner._house
        llm = author(self.clock) if author else house.engines.llm
        dialogue = Dialogue(AGENT, INTENTS, date(2026, 11, 20))
        self.recogniser = GatedLane()
        lanes = Lanes(self.lane, InlineLane(), lambda _: self.recogniser)
        self.runner._house = replace(house, lanes=lanes, mind=lambda: Mind(dialogue, self.slow, llm))

    async def __aenter__(self) -> Scene:
        await super().__aenter__()
        return self

    async def hear(self, pcm: Pcm) -> None:
        for at in range(0, len(pcm), TICK):
            self.clock.advance()
            await super().hear(pcm[at : at + TICK])

    async def asked(self, text: str, ms: int = 600) -> float:
        """The caller says ``text`` and has the agent's whole answer; the longest silence until then, s."""
        await self.say(text, ms)
        begun = len(self.events)
        for _ in range(3000):
            await self.wait(TICK / RATE)
            states = [e["state"] for e in self.events[begun:] if e["type"] == "floor"]
            if states[-1:] == ["listening"] or self.call.state != "answered":
                break
        return max(self.silences())

    def silences(self) -> list[float]:
        """Silences of the agent from the caller's last sound to when the floor is the caller's again, s."""
        caller, agent = self.call.recording()
        last = int(np.flatnonzero(np.abs(caller) > 1000)[-1]) + 1
        over = next(
            (
                e["t"]
                for e in self.events
                if e["type"] == "floor" and e["state"] == "listening" and e["t"] * RATE > last
            ),
            len(agent) / RATE,
        )
        heard = np.flatnonzero(np.abs(agent[last : round(over * RATE)]) > 100)
        edges = np.concatenate([[0], heard, [heard[-1] if len(heard) else round(over * RATE) - last]])
        return [float(gap) / RATE for gap in np.diff(edges) if gap > TICK] or [0.0]

    def fillers(self) -> list[str]:
        return [text for text in self.said() if text in WAITS + WAITS_ON]

    def heard(self) -> list[tuple[str, bool]]:
        return [(e["text"], e["complete"]) for e in self.events if e["type"] == "agent.heard"]

    @property
    def history(self) -> list[str]:
        return [text for who, text in self.session._replies.state.history if who == "agent"]


@pytest.fixture
def scene(tmp_path: Path) -> Callable[..., Scene]:
    def make(**how: Any) -> Scene:
        return Scene(tmp_path, **how)

    return make


async def test_a_quick_reply_needs_no_filler(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        assert await call.asked("look up my invoice") <= MOST_S
        call.slow.seconds = {"find_customer": 0.2}
        assert await call.asked("two seven one eight three eight") <= MOST_S
        assert call.fillers() == []


@pytest.mark.parametrize(
    ("seconds", "fillers"),
    [(1.0, []), (3.0, list(WAITS[:1])), (9.0, [WAITS[0], WAITS_ON[0]])],
)
async def test_a_slow_tool_is_explained(
    scene: Callable[..., Scene], seconds: float, fillers: list[str]
) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.asked("look up my invoice")
        call.slow.seconds = {"verify_customer": seconds}
        await call.asked("two seven one eight three eight")
        before = len(call.said())
        await call.asked("one two three four five")
        assert call.fillers() == fillers
        silences = call.silences()
        assert silences[0] <= MOST_S
        assert max(silences) <= TURNS["filler_again_ms"] / 1000 + 0.1
        assert next(text for text in call.said()[before:] if text not in fillers).startswith(
            ("Thank", "Good")
        )
        assert not any(text in call.history for text in fillers)


async def test_after_the_first_words_of_a_reply_silence_is_explained_too(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.asked("look up my invoice")
        call.slow.seconds = {"find_customer": 4.0}
        assert await call.asked("two seven one eight three eight") <= 4.0
        assert call.said()[-3:] == [
            "Two seven one, eight three eight.",
            WAITS[0],
            "And your postcode, please?",
        ]
        assert all(silence <= MOST_S for silence in call.silences()[:2])


async def test_late_engines_are_explained(scene: Callable[..., Scene]) -> None:
    """Embeddings and synthesis of all calls share a lane: while it is stuck, only what is ready is said."""
    async with scene() as call:
        await call.until_listening()
        call.lane.close_gate()
        await call.say("look up my invoice")
        await call.wait(2.5)
        assert call.said()[-1] == WAITS[0]
        call.lane.open_gate()
        await call.until_listening()
        assert call.silences()[0] <= MOST_S
        assert "six digit customer number" in call.said()[-1]


async def test_a_late_recogniser_is_explained(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        call.recogniser.close_gate()
        await call.say("look up my invoice")
        await call.wait(3.5)
        assert call.said()[-1] == WAITS[0]
        assert call.floor == "thinking"
        call.recogniser.open_gate()
        await call.until_listening()
        assert call.silences()[0] <= MOST_S
        assert "six digit customer number" in call.said()[-1]
        await call.asked("two seven one eight three eight")
        turns = [turn.caller_text for turn in call.turns if turn.by == "speech"]
        assert turns == ["look up my invoice"]


@pytest.mark.parametrize(("ms", "turns"), [(100, [0]), (600, [1])])
async def test_who_speaks_on_before_the_turn_was_read_is_read_as_a_whole(
    scene: Callable[..., Scene], ms: int, turns: list[int]
) -> None:
    async with scene() as call:
        await call.until_listening()
        call.recogniser.close_gate()
        await call.say("look up my invoice")
        while call.said()[-1] not in WAITS:
            await call.wait(0.02)
        await call.say("look up my invoice", ms=ms)
        await call.wait(1.5)
        call.recogniser.open_gate()
        await call.until_listening()
        assert "six digit customer number" in call.said()[-1]
        await call.asked("two seven one eight three eight")
        assert "postcode" in call.said()[-1]
        assert [turn.reopened for turn in call.turns if turn.by == "speech"] == turns


@pytest.mark.parametrize(("first_s", "next_s"), [(0.3, 0.3), (3.0, 0.5), (0.3, 2.5)])
async def test_an_answer_is_heard_sentence_by_sentence(
    scene: Callable[..., Scene], first_s: float, next_s: float
) -> None:
    sentences = ["We are open on weekdays.", "From nine to five."]
    async with scene(author=lambda clock: SlowAuthor(clock, sentences, first_s, next_s)) as call:
        await call.until_listening()
        await call.asked("what are your opening hours")
        told = [text for text in call.said()[2:] if text not in WAITS]
        assert told == [*sentences, "Is there anything else I can do for you?"]
        assert max(call.silences()) <= max(MOST_S, first_s, next_s)
        assert call.silences()[0] <= MOST_S
        assert len(call.fillers()) == (first_s > 1) + (next_s > 1)


async def test_a_long_answer_is_given_up_for_a_caller_who_wants_something_else(
    scene: Callable[..., Scene],
) -> None:
    sentences = ["We are open on weekdays."] * 8
    async with scene(author=lambda clock: SlowAuthor(clock, sentences, 0.3, 2.0)) as call:
        await call.until_listening()
        await call.say("what are your opening hours")
        await call.wait(2)
        assert await call.asked("operator") <= MOST_S
        assert call.said()[-1].startswith("I'll put you through")
        assert call.said().count(sentences[0]) <= 2


async def test_a_language_model_that_fails_is_owned_up_to(scene: Callable[..., Scene]) -> None:
    async with scene(author=lambda clock: SlowAuthor(clock, [], 0.5, 0)) as call:
        await call.until_listening()
        assert await call.asked("what are your opening hours") <= MOST_S
        assert call.said()[2:3] == ["I'm afraid I don't know that."]


@pytest.mark.parametrize("seconds", [0.1, 2.0])
@pytest.mark.parametrize("code", ["tool-timeout", "tool-rejected"])
async def test_a_failing_tool_is_told(scene: Callable[..., Scene], code: str, seconds: float) -> None:
    async with scene(fails=code) as call:
        await call.until_listening()
        await call.asked("look up my invoice")
        call.slow.seconds = {"find_customer": seconds}
        await call.say("two seven one eight three eight")
        await call.wait(10)
        assert call.call.transfers == [AGENT.persona.handoff.target]
        assert all(silence <= MOST_S for silence in call.silences()[:2])
        assert len(call.slow.calls) == (2 if code == "tool-timeout" else 1)


async def test_words_that_could_not_be_read_are_asked_for_again(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        assert await call.asked("", ms=900) <= MOST_S
        assert call.said()[-1].startswith("Sorry, I didn't catch that.")


@pytest.mark.parametrize("ms", [300, 900])
async def test_a_false_interruption_goes_on_where_it_was_cut(scene: Callable[..., Scene], ms: int) -> None:
    """A long cough: the agent stops, there is nothing in it for us, and every word is told once."""
    async with scene() as call:
        await call.wait(1.2)
        await call.say("", ms=ms)
        await call.until_listening()
        assert max(call.silences()) <= MOST_S
        (greeting, cut), *_ = [(e["text"], e["complete"]) for e in call.events if e["type"] == "agent.heard"]
        assert not cut
        assert 0 < len(greeting) < len(call.said()[0])
        assert call.heard()[-2:] == [(call.said()[0], True), ("How can I help you?", True)]
        assert call.history == [call.said()[0], "How can I help you?"]
        state = call.session._replies.state
        assert (state.queued, state.missed, state.stopped, state.misses) == ((), (), (), 0)
        await call.asked("look up my invoice")
        first = call.turns[0]
        assert first.agent_text == first.heard_text.replace("  ", " ")
        assert (first.by, first.interrupted) == ("start", False)


async def test_after_a_real_interruption_nothing_goes_on(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.wait(1.0)
        assert await call.asked("look up my invoice") <= MOST_S
        await call.asked("", ms=900)
        assert sum("automated" in text for text in call.said()) == 1
        assert not any("automated" in text for text in call.history)


async def test_a_caller_being_put_through_is_not_left_in_silence(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.say("operator")
        await call.wait(12)
        assert call.call.transfers == [AGENT.persona.handoff.target]
        assert call.fillers()[0] == WAITS_ON[0]
        assert len(call.fillers()) == 2
        await call.say("hello")
        await call.wait(2)
        assert call.silences()[0] <= MOST_S
        call.call.far_notify(486, "Busy Here", final=True)
        await call.wait(10)
        assert call.said()[-1].startswith("I'm sorry, nobody can take your call")
        assert call.call.state == "ended"


async def test_a_result_follows_the_filler_that_it_overtakes(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.asked("look up my invoice")
        await call.asked("two seven one eight three eight")
        call.slow.seconds = {"verify_customer": 2.1}
        begun = len(call.said())
        await call.asked("one two three four five")
        assert call.said()[begun : begun + 2] == ["Thank you.", WAITS[0]]
        assert len(call.silences()) == 2
        assert max(call.silences()) <= MOST_S
        assert len(call.fillers()) == 1


async def test_a_caller_who_interrupts_a_filler_is_answered(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.asked("look up my invoice")
        call.slow.seconds = {"find_customer": 5.0}
        await call.say("two seven one eight three eight")
        while call.said()[-1] not in WAITS:
            await call.wait(0.02)
        await call.wait(0.1)
        assert await call.asked("operator", ms=500) <= 4.1
        await call.wait(3)
        assert call.call.transfers == [AGENT.persona.handoff.target]
        assert call.said().count(WAITS[0]) == 1
        assert [name for name, _, _ in call.slow.calls] == ["find_customer"]


async def test_a_cough_over_a_filler_does_not_make_it_stutter(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.asked("look up my invoice")
        call.slow.seconds = {"find_customer": 3.0}
        await call.say("two seven one eight three eight")
        while call.said()[-1] not in WAITS:
            await call.wait(0.02)
        assert await call.asked("", ms=300) <= 2.5
        assert call.fillers().count(WAITS[0]) == 1
        assert call.said()[-1] == "And your postcode, please?"


async def test_who_says_hold_on_is_left_in_peace(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.asked("look up my invoice")
        before = len(call.said())
        await call.asked("hold on")
        said = call.said()
        assert said[before:] in ([], ["Of course, take your time."])
        await call.wait(TURNS["hold_ms"] / 1000 - 1)
        assert call.said() == said
        await call.wait(1.2)
        assert call.said()[-1] == "Are you still there?"
        await call.asked("two seven one eight three eight")
        assert call.slow.calls[0][1] == {"customer_number": "271838"}


async def test_silence_is_checked_first_then_the_question_is_put_again(scene: Callable[..., Scene]) -> None:
    async with scene() as call:
        await call.until_listening()
        await call.wait(7.2)
        assert call.said()[-1] == "Are you still there?"
        assert await call.asked("yes") <= MOST_S
        assert call.said()[-1] == "Good. What can I do for you?"
        await call.wait(8)
        assert call.said()[-1] == "Hello, are you still there?"
        await call.until_listening()
        await call.wait(7.2)
        assert call.said()[-1].startswith("I can't hear you.")
