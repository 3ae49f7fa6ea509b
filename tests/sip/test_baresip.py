"""Another SIP peer that is not ours: baresip calls us, is called, holds, presses keys and is transferred."""

from __future__ import annotations

import shutil
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from sip.remote import RemoteCall, SipEndpoint
from tests.sip.baresip import ADDRESS, Baresip, may_have_a_network, own_network
from tests.sip.conftest import event, listen, needs_pjsua2, strength, tone
from voicecore.config import SipSettings
from voicecore.types import RATE, Pcm

pytestmark = [
    pytest.mark.interop,
    pytest.mark.apt,
    needs_pjsua2,
    pytest.mark.skipif(shutil.which("baresip") is None, reason="no baresip (Debian: baresip-core)"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="no ip (Debian: iproute2)"),
    pytest.mark.skipif(not may_have_a_network(), reason="a network namespace needs root"),
]


@pytest.fixture
def network() -> Iterator[None]:
    with own_network():
        yield


@pytest.fixture
async def agent(network: None) -> AsyncIterator[SipEndpoint]:
    endpoint = SipEndpoint(SipSettings(address=ADDRESS, port=5060))
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


@pytest.fixture(params=["g722", "g711"])
async def baresip(
    request: pytest.FixtureRequest, agent: SipEndpoint, tmp_path: Path
) -> AsyncIterator[Baresip]:
    peer = await Baresip.start(tmp_path, request.param)
    yield peer
    await peer.stop()


async def called(agent: SipEndpoint, baresip: Baresip) -> RemoteCall:
    baresip.command("dial", f"sip:agent@{ADDRESS}:5060")
    call = agent.call((await event(agent, "incoming")).call_id)
    call.answer()
    await event(agent, "answered")
    return call


def heard_by(baresip: Baresip) -> Pcm:
    """What baresip has recorded of us, at its codec's rate."""
    (path,) = baresip.home.glob("dump-*-dec.wav")
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


async def test_calls_us_and_both_hear_each_other(agent: SipEndpoint, baresip: Baresip) -> None:
    call = await called(agent, baresip)
    call.write(tone(440, 1.5))
    heard = await listen(agent, call, 1.5)
    assert strength(heard[-RATE // 2 :], 700) > 0.95
    baresip.command("hangup")
    ended = await event(agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (200, "caller")
    await baresip.saw("CALL_CLOSED")
    recorded = heard_by(baresip)
    rate = 16_000 if "G722" in (baresip.home / "accounts").read_text() else 8_000
    spectrum = np.abs(np.fft.rfft(recorded[rate // 2 : rate].astype(float)))
    assert int(spectrum.argmax()) * 2 == pytest.approx(440, abs=2)


async def test_is_called_and_we_hang_up(agent: SipEndpoint, baresip: Baresip) -> None:
    call = agent.dial(f"sip:baresip@{ADDRESS}:5090")
    await event(agent, "answered")
    assert strength((await listen(agent, call, 1.0))[-RATE // 4 :], 700) > 0.9
    call.hangup()
    assert (await event(agent, "ended")).detail["by"] == "agent"
    await baresip.saw("CALL_CLOSED")


async def test_holds_and_resumes(agent: SipEndpoint, baresip: Baresip) -> None:
    call = await called(agent, baresip)
    baresip.command("hold")
    assert (await event(agent, "held")).detail == {"by": "caller"}
    baresip.command("resume")
    await event(agent, "resumed")
    assert strength((await listen(agent, call, 0.8))[-RATE // 4 :], 700) > 0.9


async def test_is_held_and_resumed_by_us(agent: SipEndpoint, baresip: Baresip) -> None:
    call = await called(agent, baresip)
    call.hold()
    assert (await event(agent, "held")).detail == {"by": "agent"}
    call.resume()
    await event(agent, "resumed")
    assert strength((await listen(agent, call, 0.8))[-RATE // 4 :], 700) > 0.9


async def test_presses_keys(agent: SipEndpoint, baresip: Baresip) -> None:
    await called(agent, baresip)
    for key in "5#":
        baresip.command("sndcode", key)
        assert (await event(agent, "dtmf")).detail["digit"] == key


async def test_is_transferred_by_us(agent: SipEndpoint, baresip: Baresip) -> None:
    human = SipEndpoint(SipSettings(address=ADDRESS, port=5070, rtp_port=21_000))
    await human.start()
    call = await called(agent, baresip)
    call.transfer(f"sip:human@{ADDRESS}:5070")
    arrived = human.call((await event(human, "incoming")).call_id)
    arrived.answer()
    await event(human, "answered")
    while not (progress := (await event(agent, "transfer")).detail)["final"]:
        pass
    assert progress["code"] == 200
    call.hangup()
    assert strength((await listen(human, arrived, 0.8))[-RATE // 4 :], 700) > 0.9
    await human.stop()
