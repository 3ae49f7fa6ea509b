"""The in-memory endpoint, seen from the caller's end."""

from __future__ import annotations

import numpy as np
import pytest

from sip.memory import MemoryCall, MemoryEndpoint
from voicecore.errors import SipError
from voicecore.ports import Call, Endpoint
from voicecore.types import TICK, CallEventKind, Pcm


async def answered() -> tuple[MemoryEndpoint, MemoryCall]:
    endpoint = MemoryEndpoint()
    await endpoint.start()
    call = endpoint.invite()
    call.answer()
    assert (await endpoint.next_event()).kind is CallEventKind.INCOMING
    assert (await endpoint.next_event()).kind is CallEventKind.ANSWERED
    return endpoint, call


def tone(ticks: int) -> Pcm:
    return (8000 * np.sin(np.arange(ticks * TICK) / 8)).astype(np.int16)


async def test_fits_the_ports() -> None:
    endpoint: Endpoint = MemoryEndpoint()
    await endpoint.start()
    call: Call = endpoint.dial("sip:somebody@elsewhere")
    assert call.info.direction == "out"


async def test_both_directions_are_on_one_clock() -> None:
    endpoint, call = await answered()
    caller, agent = tone(3), tone(2)
    call.write(agent)
    said = call.hear(caller[:-100])
    await endpoint.tick()
    frames = call.read()
    assert [frame.played for frame in frames] == [TICK, 2 * TICK, 2 * TICK]
    assert (said[: 2 * TICK] == agent).all()
    assert not said[2 * TICK :].any()
    heard, spoken = call.recording()
    assert (heard[:-100] == caller[:-100]).all()
    assert (spoken == said).all()
    assert call.seconds == pytest.approx(0.06)
    assert call.read() == []


async def test_speech_waits_through_a_hold() -> None:
    endpoint, call = await answered()
    speech = tone(2)
    call.write(speech)
    call.hear(tone(1))
    call.far_hold()
    assert not call.hear(tone(5)).any()
    assert not any(frame.caller.any() for frame in call.read()[1:])
    call.far_resume()
    assert (call.hear(tone(1)) == speech[TICK:]).all()
    assert [(await endpoint.next_event()).kind for _ in range(2)] == [
        CallEventKind.HELD,
        CallEventKind.RESUMED,
    ]


async def test_a_hold_from_both_sides_lasts_until_both_resume() -> None:
    endpoint, call = await answered()
    call.hold()
    call.far_hold()
    call.resume()
    assert not call.hear(tone(1)).any()
    call.far_resume()
    kinds = [(await endpoint.next_event()).kind for _ in range(2)]
    assert kinds == [CallEventKind.HELD, CallEventKind.RESUMED]


async def test_digits_both_ways_count_once() -> None:
    endpoint, call = await answered()
    call.send_dtmf("12a")
    assert call.sent_digits == [("1", "rfc4733"), ("2", "rfc4733"), ("A", "rfc4733")]
    call.far_press("55")
    call.far_press("55", "info")
    call.far_hangup()
    details = [(await endpoint.next_event()).detail for _ in range(3)]
    assert [detail.get("digit") for detail in details] == ["5", "5", None]


async def test_a_full_endpoint_refuses_with_retry_after_and_says_nothing() -> None:
    endpoint = MemoryEndpoint(max_calls=1, retry_after_s=7)
    await endpoint.start()
    first = endpoint.invite()
    assert endpoint.invite().rejection == (503, 7)
    assert (await endpoint.next_event()).call_id == first.info.id
    endpoint.dial("sip:somebody@elsewhere")
    ended = await endpoint.next_event()
    assert (ended.kind, ended.detail["code"]) == (CallEventKind.ENDED, 503)


async def test_a_call_is_forgotten_after_its_end_was_told() -> None:
    endpoint, call = await answered()
    call.far_hangup()
    call.hangup()
    event = await endpoint.next_event()
    assert event.detail == {"code": 200, "reason": "Normal call clearing", "by": "caller"}
    assert endpoint.call(event.call_id) is call
    endpoint.invite()
    assert (await endpoint.next_event()).kind is CallEventKind.INCOMING
    with pytest.raises(SipError, match="unknown-call"):
        endpoint.call(event.call_id)


async def test_transfer_and_its_progress() -> None:
    endpoint, call = await answered()
    call.transfer("sip:human@pbx")
    call.far_notify(180, "Ringing")
    call.far_notify(200, "OK", final=True)
    assert call.transfers == ["sip:human@pbx"]
    assert [(await endpoint.next_event()).detail["final"] for _ in range(2)] == [False, True]


async def test_media_need_an_answer() -> None:
    endpoint = MemoryEndpoint()
    await endpoint.start()
    with pytest.raises(SipError, match="not-answered"):
        endpoint.invite().hear(tone(1))
    with pytest.raises(SipError, match="bad-uri"):
        endpoint.dial("tel:123")
    await endpoint.stop()
    with pytest.raises(SipError, match="media-down"):
        endpoint.invite()
