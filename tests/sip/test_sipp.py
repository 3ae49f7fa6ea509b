"""A SIP peer that is not ours: SIPp plays its scenarios against the endpoint."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from sip.remote import RemoteCall, SipEndpoint
from sip.sockets import free_port
from tests.sip.conftest import event, listen, needs_pjsua2, strength, tone
from voicecore.audio import ulaw_encode
from voicecore.types import RATE

pytestmark = [
    pytest.mark.interop,
    pytest.mark.apt,
    needs_pjsua2,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="the Debian package sip-tester is not installed"),
]

SCENARIOS = Path(__file__).parent / "scenarios"
Make = Callable[..., Awaitable[SipEndpoint]]


async def sipp(where: Path, scenario: str, *target: str, **options: str) -> asyncio.subprocess.Process:
    """SIPp, playing one call of ``scenario`` in ``where``."""
    mu_law = ulaw_encode(tone(700, 1.0)[::2].copy())
    (where / "tone.ul").write_bytes(bytes(mu_law))
    arguments = {
        "-sf": str(SCENARIOS / f"{scenario}.xml"),
        "-s": "agent",
        "-i": "127.0.0.1",
        "-mi": "127.0.0.1",
    }
    arguments |= {"-p": "0", "-mp": str(free_port("127.0.0.1") & ~1), "-m": "1", "-timeout": "15s"} | options
    return await asyncio.create_subprocess_exec(
        *("sipp", *(word for pair in arguments.items() for word in pair), "-nostdin", "-timeout_error"),
        *("-trace_err", "-error_file", "errors.log", *target),
        cwd=where,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def passed(peer: asyncio.subprocess.Process, where: Path) -> None:
    """SIPp has seen all it wanted to see."""
    code = await asyncio.wait_for(peer.wait(), 20)
    errors = where / "errors.log"
    assert code == 0, errors.read_text() if errors.exists() else f"sipp ended with {code}"


async def answered(agent: SipEndpoint) -> RemoteCall:
    call = agent.call((await event(agent, "incoming")).call_id)
    call.answer()
    await event(agent, "answered")
    return call


@pytest.fixture
async def agent(endpoints: Make) -> SipEndpoint:
    return await endpoints(codecs=("G722", "PCMU"))


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_a_call_with_speech(agent: SipEndpoint, tmp_path: Path, transport: str) -> None:
    peer = await sipp(tmp_path, "call", f"127.0.0.1:{agent.port}", **{"-t": transport})
    call = await answered(agent)
    assert call.info.headers == {"X-Customer": "4711"}
    heard = await listen(agent, call, 1.0)
    assert strength(heard[-RATE // 2 :], 700) > 0.9
    ended = await event(agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (200, "caller")
    await passed(peer, tmp_path)


async def test_a_reinvite_does_not_disturb_the_media(agent: SipEndpoint, tmp_path: Path) -> None:
    peer = await sipp(tmp_path, "reinvite", f"127.0.0.1:{agent.port}")
    call = await answered(agent)
    heard = await listen(agent, call, 1.1)
    assert strength(heard[-RATE // 4 :], 700) > 0.9
    await event(agent, "ended")  # nothing in between: no hold, no second answer
    await passed(peer, tmp_path)


async def test_held_and_resumed_by_the_peer(agent: SipEndpoint, tmp_path: Path) -> None:
    peer = await sipp(tmp_path, "hold", f"127.0.0.1:{agent.port}")
    call = await answered(agent)
    assert (await event(agent, "held")).detail == {"by": "caller"}
    call.read()
    await asyncio.sleep(0.2)
    assert not np.concatenate([frame.caller for frame in call.read()]).any()
    await event(agent, "resumed")
    assert strength((await listen(agent, call, 0.4))[-RATE // 4 :], 700) > 0.9
    await event(agent, "ended")
    await passed(peer, tmp_path)


async def test_the_peer_cancels(agent: SipEndpoint, tmp_path: Path) -> None:
    peer = await sipp(tmp_path, "cancel", f"127.0.0.1:{agent.port}")
    await event(agent, "incoming")
    ended = await event(agent, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (487, "caller")
    await passed(peer, tmp_path)


@pytest.mark.parametrize(
    ("scenario", "method", "digits"),
    [
        ("info", "info", "4#"),
        pytest.param(
            *("dtmf", "rfc4733", "19"),
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="SIPp needs root for a raw socket"),
        ),
    ],
)
async def test_digits_of_the_peer(
    agent: SipEndpoint, tmp_path: Path, scenario: str, method: str, digits: str
) -> None:
    peer = await sipp(tmp_path, scenario, f"127.0.0.1:{agent.port}")
    await answered(agent)
    for digit in digits:
        detail = (await event(agent, "dtmf")).detail
        assert (detail["digit"], detail["method"]) == (digit, method)
    await event(agent, "ended")
    await passed(peer, tmp_path)


@pytest.mark.parametrize("scenario", ["options", "codec", "malformed"])
async def test_the_peer_gets_the_proper_answer(agent: SipEndpoint, tmp_path: Path, scenario: str) -> None:
    await passed(await sipp(tmp_path, scenario, f"127.0.0.1:{agent.port}"), tmp_path)


async def test_the_peer_is_told_when_to_try_again(endpoints: Make, tmp_path: Path) -> None:
    agent, caller = await endpoints(max_calls=1), await endpoints()
    caller.dial(f"sip:agent@127.0.0.1:{agent.port}")
    await answered(agent)
    await passed(await sipp(tmp_path, "busy", f"127.0.0.1:{agent.port}"), tmp_path)


async def test_a_blind_transfer_that_the_peer_carries_out(agent: SipEndpoint, tmp_path: Path) -> None:
    peer = await sipp(tmp_path, "refer", f"127.0.0.1:{agent.port}")
    call = await answered(agent)
    call.transfer("sip:human@127.0.0.1")
    progress = []
    while not progress or not progress[-1]["final"]:
        progress.append((await event(agent, "transfer")).detail)
    assert [step["code"] for step in progress[-2:]] == [180, 200]
    call.hangup()
    await event(agent, "ended")
    await passed(peer, tmp_path)


async def test_the_peer_answers_our_call(agent: SipEndpoint, tmp_path: Path) -> None:
    port = free_port("127.0.0.1")
    peer = await sipp(tmp_path, "answer", **{"-p": str(port)})
    await asyncio.sleep(0.3)
    call = agent.dial(f"sip:desk@127.0.0.1:{port}", {"X-Ticket": "7"})
    assert (await event(agent, "ringing")).call_id == call.info.id
    assert (await event(agent, "answered")).detail["codec"] == "PCMU"
    assert strength((await listen(agent, call, 0.8))[-RATE // 4 :], 700) > 0.9
    call.hangup()
    assert (await event(agent, "ended")).detail["by"] == "agent"
    await passed(peer, tmp_path)
