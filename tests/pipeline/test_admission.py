"""How many calls are taken: measured on a clock of the test's own, and done with calls in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline.fakes import Desk
from tests.pipeline.test_session import ANSWERS, Stage
from voicecore.config import AdmissionSettings, TurnSettings
from voicecore.pipeline.admission import Admission, Refusal, lateness_ms
from voicecore.pipeline.runner import Runner


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admission(clock: Clock) -> Callable[..., Admission]:
    return lambda **settings: Admission(AdmissionSettings(**settings), clock=clock)


def replies(admission: Admission, late_ms: float, count: int = 10) -> None:
    for _ in range(count):
        admission.note({"commit": 5.0, "played": 5.0 + late_ms / 1000})


@pytest.mark.parametrize(
    ("times", "late_ms"),
    [
        ({}, None),
        ({"played": 1.0}, None),
        ({"commit": 2.0, "played": 2.25}, 250),
        ({"commit": 2.0, "played": 3.0, "tool_start": 2.1, "tool_end": 2.9}, 200),
        ({"commit": 2.0, "played": 3.0, "tool_start": 1.5, "tool_end": 2.5}, 500),
        ({"commit": 2.0, "played": 2.1, "tool_start": 1.0, "tool_end": 1.9}, 100),
    ],
)
def test_lateness_is_what_the_machine_took(times: dict[str, float], late_ms: float | None) -> None:
    assert lateness_ms(times) == (None if late_ms is None else pytest.approx(late_ms))


def test_nothing_known_is_no_limit(admission: Callable[..., Admission]) -> None:
    gate = admission()
    gate.calls = 100
    replies(gate, 9000, count=9)
    assert gate.refusal() is None
    assert gate.p95_ms() is None


def test_slow_replies_lower_the_limit_below_the_calls_there_are(admission: Callable[..., Admission]) -> None:
    gate = admission(late_ms=700)
    gate.calls = 4
    replies(gate, 300, count=20)
    assert gate.refusal() is None
    replies(gate, 900, count=2)
    assert gate.limit == 3
    assert gate.refusal() is Refusal.FULL
    gate.calls = 2
    assert gate.refusal() is None


def test_one_bad_turn_in_a_hundred_is_no_reason(admission: Callable[..., Admission]) -> None:
    gate = admission(late_ms=700)
    gate.calls = 4
    replies(gate, 300, count=99)
    replies(gate, 5000, count=1)
    assert gate.refusal() is None


def test_each_good_window_raises_the_limit_by_one(admission: Callable[..., Admission], clock: Clock) -> None:
    gate = admission(late_ms=700, window_s=60)
    gate.calls = 4
    replies(gate, 900)
    clock.now = 59
    assert gate.refusal() is Refusal.FULL
    gate.calls = 3
    clock.now = 60
    assert gate.refusal() is None
    assert gate.limit == 4
    gate.calls = 4
    assert gate.refusal() is Refusal.FULL


def test_a_single_call_is_always_taken(admission: Callable[..., Admission]) -> None:
    gate = admission(late_ms=700)
    gate.calls = 1
    replies(gate, 5000)
    gate.calls = 0
    assert gate.refusal() is None


def test_old_turns_say_nothing(admission: Callable[..., Admission], clock: Clock) -> None:
    gate = admission(late_ms=700, window_s=60)
    gate.calls = 4
    replies(gate, 900, count=9)
    clock.now = 61
    replies(gate, 900, count=1)
    assert gate.limit is None


def test_the_configured_most_stays_the_most(admission: Callable[..., Admission], clock: Clock) -> None:
    gate = admission(most_calls=2, window_s=60)
    gate.calls = 2
    assert gate.refusal() is Refusal.FULL
    clock.now = 600
    assert gate.refusal() is Refusal.FULL
    assert gate.limit == 2


def test_no_calls_while_the_box_is_paused() -> None:
    paused = [True]
    gate = Admission(AdmissionSettings(), paused=lambda: paused[0])
    assert gate.refusal() is Refusal.PAUSED
    paused[0] = False
    assert gate.refusal() is None


def test_no_calls_while_an_engine_is_down() -> None:
    up = [False]
    gate = Admission(AdmissionSettings(), engines_up=lambda: up[0])
    assert gate.refusal() is Refusal.ENGINE_DOWN
    up[0] = True
    assert gate.refusal() is None


def stage(tmp_path: Path, **settings: object) -> Stage:
    made = Stage(tmp_path, Desk(ANSWERS), TurnSettings())
    admission = Admission(AdmissionSettings.model_validate(settings))
    house = dataclasses.replace(made.runner._house, admission=admission)
    made.runner = Runner(made.endpoint, house, tmp_path, {"agent": "billing"})
    return made


async def test_a_call_too_many_is_told_when_to_try_again(tmp_path: Path) -> None:
    async with stage(tmp_path, most_calls=1, retry_after_s=7) as call:
        second = call.endpoint.invite()
        await call.settle()
        assert second.rejection == (503, 7)
        assert call.call.state == "answered"
        call.call.far_hangup()
        await call.settle()
        third = call.endpoint.invite()
        await call.settle()
        assert third.state == "answered"


@pytest.mark.parametrize("code", [200, 486])
async def test_or_is_sent_elsewhere(tmp_path: Path, code: int) -> None:
    async with stage(tmp_path, most_calls=1, overflow="sip:others@test") as call:
        second = call.endpoint.invite()
        await call.settle()
        assert second.transfers == ["sip:others@test"]
        second.far_notify(180, "Ringing")
        await call.settle()
        assert second.state == "answered"
        second.far_notify(code, final=True)
        await call.settle()
        assert second.state == "ended"
        assert len(call.runner.sessions) == 1


async def test_every_turn_is_measured(tmp_path: Path) -> None:
    async with stage(tmp_path, fewest_turns=1) as call:
        await call.until_listening()
        await call.say("look up my invoice")
        await call.until_listening()
        assert call.session._house.admission.calls == 1
        assert 0 <= call.session._house.admission.p95_ms() <= 200
