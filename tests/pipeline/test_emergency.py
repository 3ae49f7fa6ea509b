"""Calls whose engines fail: one sentence, then a person, on the audio clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sip.memory import MemoryCall
from tests.pipeline.fakes import Desk, SlowSpeaker
from tests.pipeline.test_session import AGENT, ANSWERS, Stage, identified
from voicecore.config import TurnSettings
from voicecore.errors import EngineError
from voicecore.pipeline.emergency import LATEST_S, TAKEN_S, Emergency, Recorded
from voicecore.pipeline.runner import Runner
from voicecore.types import RATE, SpeechChunk

PERSON = "sip:person@test"
SORRY = "I'm sorry. I'll put you through."
GOODBYE = "Nobody is there. Goodbye."


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Stage]:
    def make(target: str | None = PERSON, sorry: str = SORRY) -> Stage:
        made = Stage(tmp_path, Desk(ANSWERS), TurnSettings())
        ready = Emergency.prepared(SlowSpeaker(), sorry, GOODBYE, target)
        house = dataclasses.replace(made.runner._house, emergency=ready)
        made.runner = Runner(made.endpoint, house, tmp_path, {"agent": "billing"})
        return made

    return make


async def transferred(call: Stage, within_s: float) -> float:
    """Seconds until the call was passed on."""
    begun = call.call.seconds
    while not call.call.transfers:
        assert call.call.seconds - begun < within_s
        await call.wait(0.02)
    return call.call.seconds - begun


def heard(call: MemoryCall, since_s: float) -> float:
    """Seconds of sound at the caller's ear."""
    _, agent = call.recording()
    return np.count_nonzero(agent[round(since_s * RATE) :]) / RATE


@pytest.mark.parametrize("moment", ["speaking", "listening", "hearing"])
async def test_whatever_the_call_was_at(stage: Callable[..., Stage], moment: str) -> None:
    async with stage() as call:
        if moment == "speaking":
            await call.wait(1.0)
        else:
            await call.until_listening()
        if moment == "hearing":
            await call.say("look up my", ms=300)
        assert call.floor == moment
        begun, silenced = call.call.seconds, len(call.said())
        call.runner.engine_failed("engine-died")
        assert await transferred(call, 3.0) == pytest.approx(6 * 0.2, abs=0.05)
        assert heard(call.call, begun) == pytest.approx(6 * 0.2, abs=0.05)
        assert call.said()[silenced:] == [SORRY]
        assert call.call.transfers == [PERSON]
        assert [event["code"] for event in call.events if event["type"] == "error"] == ["engine-died"]
        await call.say("hello")
        call.call.far_press("1")
        await call.wait(1.0)
        assert len(call.said()) == silenced + 1
        call.call.far_notify(200, final=True)
        await call.settle()
        assert call.call.state == "ended"
        await call.kept()
        assert call.turns[-1].by == "failure"
        assert call.turns[-1].heard_text == SORRY


async def test_an_engine_that_fails_by_itself(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise EngineError("asr-failed")

    async with stage() as call:
        await call.until_listening()
        monkeypatch.setattr(call.reader, "open", broken)
        await call.say("look up my invoice")
        await transferred(call, 3.0)
        assert call.said()[-1] == SORRY
        assert [event["code"] for event in call.events if event["type"] == "error"] == ["asr-failed"]


async def test_speech_that_fails(stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> Iterator[SpeechChunk]:
        raise EngineError("engine-died")
        yield

    async with stage() as call:
        await call.until_listening()
        monkeypatch.setattr(call.session._house.engines.tts, "synthesize", broken)
        await call.say("look up my invoice")
        await transferred(call, 3.0)
        assert call.said()[-1] == SORRY


async def test_a_ducked_voice_is_loud_again(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.wait(1.0)
        await call.say("mm", ms=100)
        call.runner.engine_failed("engine-died")
        begun = call.call.seconds
        await transferred(call, 3.0)
        _, agent = call.call.recording()
        assert np.median(agent[round((begun + 0.2) * RATE) : round((begun + 1.0) * RATE)]) == 5000


async def test_nobody_takes_over(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await identified(call)
        call.runner.engine_failed("engine-died")
        await transferred(call, 3.0)
        call.call.far_notify(486, "Busy Here", final=True)
        await call.wait(2.0)
        assert call.said()[-2:] == [SORRY, GOODBYE]
        assert call.call.state == "ended"


async def test_nobody_answers(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        call.runner.engine_failed("engine-died")
        await call.wait(TAKEN_S + 4)
        assert call.said()[-1] == GOODBYE
        assert call.call.state == "ended"


async def test_without_a_person_there_is_a_goodbye(stage: Callable[..., Stage]) -> None:
    async with stage(target=None) as call:
        await call.until_listening()
        call.runner.engine_failed("engine-died")
        await call.wait(3.0)
        assert call.said()[-2:] == [SORRY, GOODBYE]
        assert call.call.transfers == []
        assert call.call.state == "ended"


async def test_a_long_sentence_does_not_delay_the_transfer(
    stage: Callable[..., Stage], caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(sorry="word " * 30) as call:
        await call.until_listening()
        call.runner.engine_failed("engine-died")
        assert await transferred(call, 3.0) == pytest.approx(LATEST_S, abs=0.05)
    assert "engine_failed takes 6.0 s" in caplog.text


async def test_who_is_being_transferred_is_left_alone(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        await call.say("operator")
        await call.until_listening()
        await call.wait(5)
        call.runner.engine_failed("engine-died")
        await call.wait(4)
        assert call.call.transfers == [AGENT.persona.handoff.target]
        assert SORRY not in call.said()


async def test_the_next_call_works(stage: Callable[..., Stage]) -> None:
    async with stage() as call:
        await call.until_listening()
        call.runner.engine_failed("engine-died")
        await transferred(call, 3.0)
        call.call.far_notify(200, final=True)
        await call.settle()
        call.call = call.endpoint.invite()
        await call.settle()
        await call.until_listening()
        await identified(call)
        assert [name for name, _, _ in call.desk.calls][:2] == ["find_customer", "verify_customer"]


def test_a_recorded_utterance_may_be_said_by_several_calls_at_once() -> None:
    recorded = Recorded.made(SlowSpeaker(), SORRY)
    one, other = recorded.speech("sorry"), recorded.speech("sorry")
    one.waiting.popleft()
    one.marks.clear()
    assert other.waiting
    assert other.marks == list(recorded.marks)
    assert other.samples == len(recorded.pcm)
