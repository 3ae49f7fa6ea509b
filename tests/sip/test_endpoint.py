"""What every endpoint must do, the real one and its twin alike."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sip.conftest import Rig, event, strength, tone
from voicecore.errors import SipError
from voicecore.types import RATE


async def test_a_call_comes_in_and_the_caller_hangs_up(rig: Rig) -> None:
    far = await rig.calls_in({"X-Customer": "4711", "User-to-User": "00C8;encoding=hex"})
    incoming = await event(rig.agent, "incoming")
    call = rig.agent.call(incoming.call_id)
    assert call.info.direction == "in"
    assert call.info.headers == {"X-Customer": "4711", "User-to-User": "00C8;encoding=hex"}
    call.answer()
    answered = await event(rig.agent, "answered")
    assert answered.detail == {"codec": "G722", "clock_rate": 16_000}
    await far.hangup()
    ended = await event(rig.agent, "ended")
    assert (ended.call_id, ended.detail["code"], ended.detail["by"]) == (call.info.id, 200, "caller")


async def test_the_agent_calls_and_hangs_up(rig: Rig) -> None:
    call, far = await rig.dials()
    assert (await event(rig.agent, "ringing")).call_id == call.info.id
    await far.answer()
    await event(rig.agent, "answered")
    call.hangup()
    ended = await event(rig.agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (200, "agent")
    assert await far.ended() == 200


async def test_the_far_end_refuses(rig: Rig) -> None:
    _, far = await rig.dials()
    await far.reject(486)
    ended = await event(rig.agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (486, "caller")


async def test_the_agent_refuses(rig: Rig) -> None:
    far = await rig.calls_in()
    rig.agent.call((await event(rig.agent, "incoming")).call_id).reject(480, retry_after_s=3)
    ended = await event(rig.agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (480, "agent")
    assert await far.ended() == 480


async def test_the_caller_gives_up_before_the_answer(rig: Rig) -> None:
    far = await rig.calls_in()
    await event(rig.agent, "incoming")
    await far.hangup()
    ended = await event(rig.agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (487, "caller")


async def test_the_agent_cancels_what_it_dialled(rig: Rig) -> None:
    call, _ = await rig.dials()
    await event(rig.agent, "ringing")
    call.hangup()
    ended = await event(rig.agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (487, "agent")


@pytest.mark.parametrize("method", ["rfc4733", "info"])
async def test_digits_in(rig: Rig, method: str) -> None:
    far = await rig.calls_in()
    rig.agent.call((await event(rig.agent, "incoming")).call_id).answer()
    await event(rig.agent, "answered")
    await far.press("19*#", method)
    details = [(await event(rig.agent, "dtmf")).detail for _ in range(4)]
    assert [detail["digit"] for detail in details] == ["1", "9", "*", "#"]
    assert {detail["method"] for detail in details} == {method}
    assert all(detail["duration_ms"] > 0 for detail in details)


@pytest.mark.parametrize("method", ["rfc4733", "info"])
async def test_digits_out(rig: Rig, method: str) -> None:
    far = await rig.calls_in()
    call = rig.agent.call((await event(rig.agent, "incoming")).call_id)
    call.answer()
    await event(rig.agent, "answered")
    call.send_dtmf("7d", method)
    assert await far.pressed(2) == [("7", method), ("D", method)]


async def test_the_agent_holds_and_resumes(rig: Rig) -> None:
    await rig.calls_in()
    call = rig.agent.call((await event(rig.agent, "incoming")).call_id)
    call.answer()
    await event(rig.agent, "answered")
    call.hold()
    assert (await event(rig.agent, "held")).detail == {"by": "agent"}
    call.resume()
    await event(rig.agent, "resumed")


async def test_the_caller_holds_and_speech_waits(rig: Rig) -> None:
    far = await rig.calls_in()
    call = rig.agent.call((await event(rig.agent, "incoming")).call_id)
    call.answer()
    await event(rig.agent, "answered")
    await far.hold()
    assert (await event(rig.agent, "held")).detail == {"by": "caller"}
    call.read()
    call.write(tone(440, 0.2))
    await far.resume()
    await event(rig.agent, "resumed")
    heard = await far.talk(np.zeros(RATE, np.int16))
    assert strength(heard, 440) > 0.8
    assert call.read()[-1].played == call.written


async def test_both_hear_each_other(rig: Rig) -> None:
    far = await rig.calls_in()
    call = rig.agent.call((await event(rig.agent, "incoming")).call_id)
    call.answer()
    await event(rig.agent, "answered")
    call.write(tone(440, 1))
    assert call.written == RATE
    heard = await far.talk(tone(700, 1))
    assert strength(heard[-RATE // 2 :], 440) > 0.95
    frames = call.read()
    assert strength(np.concatenate([frame.caller for frame in frames])[-RATE // 2 :], 700) > 0.95
    said = np.concatenate([frame.agent for frame in frames])
    assert frames[-1].played == min(len(said), RATE)
    assert (said[: frames[-1].played] == tone(440, 1)[: frames[-1].played]).all()


async def test_flushed_speech_falls_silent_and_is_skipped(rig: Rig) -> None:
    far = await rig.calls_in()
    call = rig.agent.call((await event(rig.agent, "incoming")).call_id)
    call.answer()
    await event(rig.agent, "answered")
    call.write(tone(440, 5))
    await far.talk(np.zeros(RATE // 2, np.int16))
    before = call.read()
    call.flush()
    await far.talk(np.zeros(RATE // 2, np.int16))
    after = call.read()
    assert before[-1].agent.any()
    assert after[-1].played == call.written == 5 * RATE
    assert not np.concatenate([frame.agent for frame in after[3:]]).any()


async def test_the_gain_scales_what_is_played(rig: Rig) -> None:
    far = await rig.calls_in()
    call = rig.agent.call((await event(rig.agent, "incoming")).call_id)
    call.answer()
    await event(rig.agent, "answered")
    call.gain(0.25, ramp_ms=20)
    call.write(tone(440, 1))
    await far.talk(np.zeros(RATE // 2, np.int16))
    loudest = int(np.abs(call.read()[-1].agent).max())
    assert loudest == pytest.approx(2000, rel=0.02)


async def test_stopping_ends_the_calls(rig: Rig) -> None:
    far = await rig.calls_in()
    rig.agent.call((await event(rig.agent, "incoming")).call_id).answer()
    await event(rig.agent, "answered")
    await rig.agent.stop()
    assert (await event(rig.agent, "ended")).detail["by"] == "agent"
    assert await far.ended() == 200
    with pytest.raises(SipError, match="media-down"):
        rig.agent.dial("sip:somebody@elsewhere")


async def test_what_cannot_be_done_is_said(rig: Rig) -> None:
    with pytest.raises(SipError, match="bad-uri"):
        rig.agent.dial("sip:a b@c")
    with pytest.raises(SipError, match="bad-header"):
        rig.agent.dial("sip:a@127.0.0.1", {"X-A": "1\r\nVia: me"})
    with pytest.raises(SipError, match="unknown-call"):
        rig.agent.call("nobody")
    await rig.calls_in()
    call = rig.agent.call((await event(rig.agent, "incoming")).call_id)
    with pytest.raises(SipError, match="bad-digit"):
        call.send_dtmf("5x")
    with pytest.raises(SipError, match="bad-dtmf-method"):
        call.send_dtmf("5", "inband")
    with pytest.raises(SipError, match="bad-uri"):
        call.transfer("the moon")
