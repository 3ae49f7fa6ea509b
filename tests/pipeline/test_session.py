"""Whole calls on the audio clock: memory endpoint, the billing agent, engines that do as they are told."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sip.memory import MemoryCall, MemoryEndpoint
from tests.pipeline.fakes import (
    Desk,
    EnergyVad,
    GatedLane,
    Reader,
    Shelf,
    SilentLlm,
    SlowSpeaker,
    UnsureSoundModel,
    UnsureTurnModel,
    ZeroEmbedder,
)
from voicecore.config import TurnSettings
from voicecore.dialogue import Dialogue, IntentIndex, load_agent
from voicecore.errors import EngineError
from voicecore.pipeline.engines import Engines, Lanes
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.house import House
from voicecore.pipeline.reply import Mind
from voicecore.pipeline.runner import Runner
from voicecore.pipeline.session import Session
from voicecore.pipeline.work import InlineLane
from voicecore.ports import Llm
from voicecore.types import RATE, TICK, Floats, Pcm, TurnTrace

AGENT = load_agent(Path("voicecore/examples/billing"))
INTENTS = IntentIndex.build(AGENT, None)
ANSWERS: dict[str, dict[str, Any]] = {
    "find_customer": {"found": True, "first_name": "Mary", "last_name": "Stone"},
    "verify_customer": {"verified": True},
    "latest_invoice": {
        "found": True,
        "invoice_id": "inv-1",
        "total_cents": 4250,
        "open_cents": 4250,
        "issued_on": "2026-11-01",
        "due_on": "2026-11-30",
        "status": "open",
    },
}


class Stage:
    """One call: the test speaks as the caller, tick by tick, and hears the agent."""

    def __init__(
        self,
        tmp_path: Path,
        desk: Desk,
        turns: TurnSettings,
        reader: Reader | None = None,
        llm: Llm | None = None,
        refit: Callable[[House], House] = lambda house: house,
    ) -> None:
        self.desk = desk
        self.shelf = Shelf()
        self.reader = reader or Reader()
        self.events: list[dict[str, Any]] = []
        self.endpoint = MemoryEndpoint()
        self.lane = GatedLane()
        feed = Feed()
        feed.publish = self._publish  # type: ignore[method-assign]
        engines = Engines(
            EnergyVad(),
            UnsureTurnModel(),
            UnsureSoundModel(),
            self.reader,
            SlowSpeaker(),
            ZeroEmbedder(),
            llm or SilentLlm(),
        )
        house = House(
            engines=engines,
            lanes=Lanes(self.lane, InlineLane(), lambda _: InlineLane()),
            mind=lambda: Mind(Dialogue(AGENT, INTENTS, date(2026, 11, 20)), desk, engines.llm),
            feed=feed,
            store=self.shelf,
            turns=turns,
        )
        self.runner = Runner(self.endpoint, refit(house), tmp_path, {"agent": "billing"})
        self.call: MemoryCall

    def _publish(self, kind: str, call: str, t: float, **data: Any) -> None:
        self.events.append({"type": kind, "t": t, **data})

    async def __aenter__(self) -> Stage:
        await self.endpoint.start()
        self._serving = asyncio.ensure_future(self.runner.run())
        self.call = self.endpoint.invite()
        await self.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def settle(self) -> None:
        """Let everything that is ready happen; only the audio clock makes time pass."""
        for _ in range(25):
            await asyncio.sleep(0)

    async def hear(self, pcm: Pcm) -> None:
        for at in range(0, len(pcm), TICK):
            if self.call.state != "answered":
                return
            self.call.hear(pcm[at : at + TICK])
            await self.settle()

    async def wait(self, seconds: float) -> None:
        await self.hear(np.zeros(round(seconds * RATE), np.int16))

    async def say(self, text: str, ms: int = 600) -> None:
        """Make a sound that the recogniser reads as ``text``."""
        self.reader.text = text
        t = np.arange(ms * RATE // 1000) / RATE
        await self.hear((8000 * np.sin(2 * np.pi * 300 * t)).astype(np.int16))

    async def until_listening(self, most_s: float = 60) -> None:
        for _ in range(round(most_s / 0.1)):
            await self.wait(0.1)
            if self.floor == "listening" or self.call.state != "answered":
                return
        raise AssertionError("the agent did not give the floor back")

    async def kept(self) -> None:
        """The record is kept by a thread: the one thing here that the audio clock does not drive."""
        await self.settle()
        while self.runner._ending:
            await asyncio.wait(self.runner._ending)

    @property
    def session(self) -> Session:
        return self.runner.sessions[self.call.info.id]

    @property
    def floor(self) -> str:
        return next((e["state"] for e in reversed(self.events) if e["type"] == "floor"), "listening")

    def said(self) -> list[str]:
        return [event["text"] for event in self.events if event["type"] == "agent.says"]

    @property
    def turns(self) -> list[TurnTrace]:
        return self.shelf.turns


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Stage]:
    def make(desk: Desk | None = None, **turns: Any) -> Stage:
        return Stage(tmp_path, desk or Desk(ANSWERS), TurnSettings(**turns))

    return make


async def test_the_agent_greets_and_gives_the_floor(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        assert call.said()[0].startswith("Hello, you have reached Northwind")
        assert any(event["type"] == "listening" for event in call.events)


async def identified(call: Stage) -> None:
    await call.until_listening()
    await call.say("look up my invoice")
    await call.until_listening()
    await call.say("two seven one eight three eight")
    await call.until_listening()
    await call.say("one two three four five")
    await call.until_listening()


async def test_a_task_is_done_by_talking(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await identified(call)
        assert [name for name, _, _ in call.desk.calls][:3] == [
            "find_customer",
            "verify_customer",
            "latest_invoice",
        ]
        assert call.desk.calls[0][1] == {"customer_number": "271838"}
        assert any("forty-two" in text for text in call.said())
        spoken = [turn for turn in call.turns if turn.by == "speech"]
        assert spoken[0].caller_text == "look up my invoice"
        order = [
            t
            for stage_name in ("speech_start", "speech_end", "soft_end", "commit", "queued", "played")
            if (t := spoken[0].times[stage_name]) is not None
        ]
        assert order == sorted(order)


async def test_the_reply_follows_the_commit_at_once(stage: Callable[..., Stage]) -> None:
    async with stage(wait_min_ms=320, wait_max_ms=320) as call:
        await call.until_listening()
        await call.say("look up my invoice")
        await call.until_listening()
        await call.wait(0.1)
        await call.say("two seven one eight three eight")
        await call.until_listening()
        await call.wait(8)
        times = next(turn.times for turn in call.turns if turn.caller_text.startswith("two"))
        assert times["commit"] - times["speech_end"] == pytest.approx(0.32, abs=0.021)
        assert times["planned"] < times["commit"]
        assert times["played"] - times["commit"] <= 0.041


async def test_going_on_within_the_pause_is_one_turn(stage: Callable[..., Stage]) -> None:
    async with stage(wait_min_ms=600, wait_max_ms=600) as call:
        await call.until_listening()
        await call.say("")
        await call.wait(0.3)
        await call.say("look up my invoice")
        await call.until_listening()
        await call.wait(8)
        turn = next(turn for turn in call.turns if turn.by == "speech")
        assert (turn.caller_text, turn.reopened) == ("look up my invoice", 1)


async def test_going_on_after_the_commit_takes_the_reply_back(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        call.lane.close_gate()
        await call.say("look up my invoice")
        await call.wait(0.8)
        assert call.floor == "thinking"
        said = len(call.said())
        await call.say("what are your opening hours")
        call.lane.open_gate()
        assert call.floor == "hearing"
        assert len(call.said()) == said
        await call.until_listening()
        await call.wait(8)
        turn = next(turn for turn in call.turns if turn.by == "speech")
        assert turn.caller_text == "what are your opening hours"
        assert turn.reopened == 1


async def test_speaking_while_a_tool_works_is_another_turn(stage: Callable[..., Stage]) -> None:
    class LateDesk(Desk):
        gate = asyncio.Event()

        async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
            await self.gate.wait()
            return await super().call(name, arguments, key)

    async with stage(desk=LateDesk(ANSWERS), filler_ms=9000) as call:
        await call.until_listening()
        await call.say("look up my invoice")
        await call.until_listening()
        await call.say("two seven one eight three eight")
        await call.wait(3)
        assert call.floor == "thinking"
        await call.say("operator")
        await call.wait(0.1)
        LateDesk.gate.set()
        await call.wait(3)
        assert call.call.transfers == [AGENT.persona.handoff.target]
        assert [name for name, _, _ in call.desk.calls] == ["find_customer"]
        call.call.far_hangup()
        await call.kept()
        turns = [turn for turn in call.turns if turn.by == "speech"]
        assert [turn.caller_text for turn in turns][1:] == ["two seven one eight three eight", "operator"]
        assert turns[-1].reopened == 0


async def test_an_interruption_keeps_only_what_was_heard(stage: Callable[..., Stage]) -> None:
    async with stage(interrupt_ms=240) as call:
        await call.wait(1.0)
        assert call.floor == "speaking"
        await call.say("look up my invoice")
        cut = [event for event in call.events if event["type"] == "agent.heard"]
        assert [(event["text"], event["complete"]) for event in cut] == [
            ("Hello, you have reached Northwind billing.", False),
            ("", False),
        ]
        await call.until_listening()
        await call.wait(8)
        greeting, turn = call.turns[:2]
        assert greeting.interrupted
        assert greeting.heard_text == "Hello, you have reached Northwind billing."
        assert turn.caller_text == "look up my invoice"
        history = call.session._replies.state.history
        assert ("agent", "Hello, you have reached Northwind billing.") in history
        assert not any("automated" in text for _, text in history)


async def test_the_agent_falls_silent_within_a_tick_of_the_decision(stage: Callable[..., Stage]) -> None:
    async with stage(start_ms=60, interrupt_ms=240) as call:
        await call.wait(1.0)
        await call.say("look up my invoice")
        caller, agent = call.call.recording()
        onset = int(np.argmax(np.abs(caller) > 1000))
        loud = np.flatnonzero(np.abs(agent[: onset + RATE]) > 50)
        assert (loud[-1] - onset) / RATE <= 0.32


async def test_a_short_sound_lets_the_agent_go_on(stage: Callable[..., Stage]) -> None:
    async with stage(interrupt_ms=240) as call:
        await call.wait(1.0)
        await call.say("mm", ms=140)
        await call.until_listening()
        heard = [event["text"] for event in call.events if event["type"] == "agent.heard"]
        assert heard == call.said()
        assert all(turn.by != "speech" for turn in call.turns)


async def test_a_cough_is_no_turn(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        said = len(call.said())
        await call.say("", ms=160)
        await call.wait(1.5)
        assert call.floor == "listening"
        assert len(call.said()) == said


async def test_keys_fill_a_slot_and_silence_the_agent(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        await call.say("look up my invoice")
        await call.wait(1.0)
        assert call.floor == "speaking"
        for digit in "271838":
            call.call.far_press(digit)
            await call.wait(0.2)
        await call.until_listening()
        assert call.desk.calls[0][:2] == ("find_customer", {"customer_number": "271838"})
        await call.wait(8)
        keyed = next(turn for turn in call.turns if turn.by == "dtmf")
        assert keyed.caller_text == "271838"


async def test_nobody_speaks(stage: Callable[..., Stage]) -> None:
    async with stage(no_input_ms=2000) as call:
        await call.until_listening()
        await call.wait(2.2)
        assert call.said()[-1].startswith("Are you still there?")


async def test_a_failing_engine_ends_the_call_instead_of_silence(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Sequence[str]) -> Floats:
        raise EngineError("embedder-broken")

    async with stage() as call:
        await call.until_listening()
        monkeypatch.setattr(call.session._house.engines.embedder, "embed", broken)
        await call.say("look up my invoice")
        await call.wait(1.0)
        assert call.call.state == "ended"
        assert [event["code"] for event in call.events if event["type"] == "error"] == ["embedder-broken"]
    assert "look up" not in caplog.text


async def test_a_person_takes_over(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        await call.say("operator")
        await call.until_listening()
        await call.wait(5)
        assert call.call.transfers == [AGENT.persona.handoff.target]
        call.call.far_notify(100, "Trying")
        await call.wait(0.1)
        assert call.call.state == "answered"
        call.call.far_notify(200, "OK", final=True)
        await call.wait(0.1)
        assert call.call.state == "ended"


async def test_nobody_takes_over(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        await call.say("operator")
        await call.until_listening()
        await call.wait(5)
        call.call.far_notify(486, "Busy Here", final=True)
        await call.wait(10)
        assert call.said()[-1].startswith("I'm sorry, nobody can take your call")
        assert call.call.state == "ended"


async def test_the_record_of_a_call(stage: Callable[..., Stage], tmp_path: Path) -> None:
    async with stage() as call:
        await identified(call)
        call.call.far_hangup()
        await call.kept()
        assert call.shelf.outcomes[0]["by"] == "caller"
        assert call.shelf.outcomes[0]["underruns"] == 0
        assert [tool.name for tool in call.shelf.tools][:2] == ["find_customer", "verify_customer"]
        assert [turn.index for turn in call.turns] == list(range(len(call.turns)))
        with wave.open(str(tmp_path / f"{call.call.info.id}.wav")) as wav:
            kept = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).reshape(-1, 2)
        caller, agent = call.call.recording()
        assert np.array_equal(kept[:, 0], caller)
        assert np.array_equal(kept[:, 1], agent)
