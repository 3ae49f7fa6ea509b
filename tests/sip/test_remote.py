"""The real endpoint: codecs, transports, admission, registration, and what survives a crash."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from sip.remote import RemoteCall, SipEndpoint
from tests.sip.conftest import event, listen, needs_pjsua2, strength, tone
from tests.sip.plain import ask, invite, request
from tests.sip.registrar import Registrar
from voicecore.config import Registration, SipSettings
from voicecore.errors import SipError
from voicecore.types import RATE

pytestmark = [pytest.mark.interop, needs_pjsua2]

Make = Callable[..., Awaitable[SipEndpoint]]


async def connect(caller: SipEndpoint, agent: SipEndpoint, suffix: str = "") -> tuple[RemoteCall, RemoteCall]:
    """An answered call: the caller's end and the agent's."""
    out = caller.dial(f"sip:agent@127.0.0.1:{agent.port}{suffix}")
    call = agent.call((await event(agent, "incoming")).call_id)
    call.answer()
    await asyncio.gather(event(caller, "answered"), event(agent, "answered"))
    return out, call


async def gone(pid: int) -> None:
    """Wait until a process is no more (or a zombie)."""
    async with asyncio.timeout(10):
        while True:
            try:
                state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return
            if state == "Z":
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("codec", "rate"), [("G722", 16_000), ("PCMA", 8_000), ("PCMU", 8_000)])
async def test_every_codec_carries_sound_both_ways(endpoints: Make, codec: str, rate: int) -> None:
    agent, caller = await endpoints(), await endpoints(codecs=(codec,))
    out = caller.dial(f"sip:agent@127.0.0.1:{agent.port}")
    call = agent.call((await event(agent, "incoming")).call_id)
    call.answer()
    for end in (agent, caller):
        assert (await event(end, "answered")).detail == {"codec": codec, "clock_rate": rate}
    call.write(tone(440, 1))
    out.write(tone(1200, 1))
    heard, _ = await asyncio.gather(listen(caller, out, 1), listen(agent, call, 1))
    assert strength(heard[-RATE // 2 :], 440) > 0.95
    assert np.abs(heard[-RATE // 2 :]).max() == pytest.approx(8000, rel=0.1)


async def test_calls_over_tcp(endpoints: Make) -> None:
    agent, caller = await endpoints(), await endpoints()
    out, call = await connect(caller, agent, ";transport=tcp")
    call.write(tone(440, 0.5))
    assert strength((await listen(caller, out, 0.5))[-RATE // 4 :], 440) > 0.9
    out.hangup()
    assert (await event(agent, "ended")).detail["code"] == 200


async def test_no_common_codec_is_488(endpoints: Make) -> None:
    agent, caller = await endpoints(codecs=("PCMA",)), await endpoints(codecs=("PCMU",))
    caller.dial(f"sip:agent@127.0.0.1:{agent.port}")
    assert (await event(caller, "ended")).detail["code"] == 488
    await connect_again(caller, agent, codecs_differ=True)


async def connect_again(caller: SipEndpoint, agent: SipEndpoint, codecs_differ: bool) -> None:
    """The agent still answers: with 488 again, or with a call."""
    if codecs_differ:
        caller.dial(f"sip:agent@127.0.0.1:{agent.port}")
        assert (await event(caller, "ended")).detail["code"] == 488
    else:
        await connect(caller, agent)


@pytest.mark.parametrize("max_calls", [1, 4])
async def test_one_call_too_many_gets_503_with_retry_after(endpoints: Make, max_calls: int) -> None:
    agent = await endpoints(max_calls=max_calls, retry_after_s=7)
    caller = await endpoints()
    calls = [await connect(caller, agent) for _ in range(max_calls)]
    answer = await ask(agent.port, invite(agent.port))
    assert answer.startswith("SIP/2.0 503 ")
    assert "\r\nRetry-After: 7\r\n" in answer
    assert (await ask(agent.port, request("OPTIONS", agent.port))).startswith("SIP/2.0 200 ")
    calls[0][0].hangup()
    await asyncio.gather(event(agent, "ended"), event(caller, "ended"))
    await connect(caller, agent)
    assert (await agent.usage()).stats.refused == 1


async def test_dialling_with_all_lines_taken_ends_with_503(endpoints: Make) -> None:
    agent, caller = await endpoints(), await endpoints(max_calls=1)
    await connect(caller, agent)
    caller.dial(f"sip:agent@127.0.0.1:{agent.port}")
    ended = await event(caller, "ended")
    assert (ended.detail["code"], ended.detail["by"]) == (503, "agent")


async def test_only_trunks_may_call_in(endpoints: Make) -> None:
    agent, caller = await endpoints(trunks=("192.0.2.0/24",)), await endpoints()
    caller.dial(f"sip:agent@127.0.0.1:{agent.port}")
    assert (await event(caller, "ended")).detail["code"] == 403
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(agent.next_event(), 0.2)


async def test_one_press_sent_by_both_methods_counts_once(endpoints: Make) -> None:
    agent, caller = await endpoints(), await endpoints()
    out, _ = await connect(caller, agent)
    out.send_dtmf("5")
    out.send_dtmf("5", "info")
    await asyncio.sleep(0.4)
    out.send_dtmf("6")
    digits = [(await event(agent, "dtmf")).detail["digit"] for _ in range(2)]
    assert digits == ["5", "6"]


async def test_registers_with_digest_and_leaves(tmp_path: Path) -> None:
    registrar, port = await Registrar.start("desk", "s3cret")
    secret = tmp_path / "password"
    secret.write_text("s3cret\n", encoding="utf-8")
    login = Registration(registrar=f"127.0.0.1:{port}", user="desk", password_file=secret)
    endpoint = SipEndpoint(SipSettings(port=0, rtp_port=22_800, register=login))
    await endpoint.start()
    async with asyncio.timeout(5):
        while endpoint.registration is None:
            await asyncio.sleep(0.02)
    assert (endpoint.registration.code, endpoint.registration.expires_s) == (200, 60)
    await endpoint.stop()
    assert registrar.granted == [300, 0]
    registrar.transport.close()


async def test_a_wrong_password_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    registrar, port = await Registrar.start("desk", "s3cret")
    monkeypatch.setenv("SIP_SECRET", "wrong")
    login = Registration(registrar=f"127.0.0.1:{port}", user="desk", password_env="SIP_SECRET")
    endpoint = SipEndpoint(SipSettings(port=0, rtp_port=22_800, register=login))
    await endpoint.start()
    async with asyncio.timeout(5):
        while endpoint.registration is None:
            await asyncio.sleep(0.02)
    assert (endpoint.registration.code, endpoint.registration.expires_s) == (403, 0)
    await endpoint.stop()
    assert (registrar.granted, registrar.refused) == ([], 1)
    registrar.transport.close()


async def test_blind_transfer_reports_its_progress(endpoints: Make) -> None:
    agent, caller = await endpoints(), await endpoints()
    out, call = await connect(caller, agent)
    call.transfer(f"sip:human@127.0.0.1:{agent.port}")
    progress = await event(agent, "transfer")
    assert progress.detail["final"]
    assert progress.detail["code"] == 603  # our own endpoints let nobody move them
    call.write(tone(440, 0.5))
    assert strength((await listen(caller, out, 0.6))[-RATE // 4 :], 440) > 0.9


async def test_a_taken_port_is_named(endpoints: Make) -> None:
    agent = await endpoints()
    other = SipEndpoint(SipSettings(port=agent.port))
    with pytest.raises(SipError, match="port-in-use"):
        await other.start()
    assert other.pid is None


async def test_a_killed_media_process_ends_its_calls_and_is_replaced(endpoints: Make) -> None:
    agent, caller = await endpoints(), await endpoints()
    _, call = await connect(caller, agent)
    port, pid = agent.port, agent.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ended = await event(agent, "ended")
    assert (ended.call_id, ended.detail["by"]) == (call.info.id, "media-died")
    with pytest.raises(SipError, match="media-down"):
        agent.dial("sip:somebody@127.0.0.1")
    call.hangup()
    call.read()
    async with asyncio.timeout(10):
        while agent.pid is None:
            await asyncio.sleep(0.02)
    assert agent.port == port
    assert agent.pid != pid
    other = await endpoints()
    await connect(other, agent)
    assert (await agent.usage()).restarts == 1


AGENT = textwrap.dedent("""
    import asyncio, signal, sys
    from sip.remote import SipEndpoint
    from voicecore.config import SipSettings

    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may ignore it

    async def main():
        endpoint = SipEndpoint(SipSettings(port=0, rtp_port=22_600))
        await endpoint.start()
        print(endpoint.port, endpoint.pid, flush=True)
        while True:
            event = await endpoint.next_event()
            if event.kind == "incoming":
                endpoint.call(event.call_id).answer()

    asyncio.run(main())
""")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
async def test_a_dead_agent_leaves_no_orphan_and_no_locked_port(
    endpoints: Make, number: signal.Signals
) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.Popen(
        [sys.executable, "-c", AGENT],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    with child, child.stdout:
        port, pid = (int(word) for word in child.stdout.readline().split())
        caller = await endpoints()
        caller.dial(f"sip:agent@127.0.0.1:{port};transport=tcp")
        await event(caller, "answered")
        child.send_signal(number)
        assert (await event(caller, "ended")).detail["by"] == "caller"  # the BYE that it still sent
        child.wait(10)
    await gone(pid)
    again = await endpoints(port=port)
    await connect(await endpoints(), again)


async def test_a_stuck_media_process_is_ended_by_its_watchdog(endpoints: Make) -> None:
    agent = await endpoints()
    pid = agent.pid
    assert pid is not None
    os.kill(pid, signal.SIGALRM)
    await gone(pid)
    stuck = "from sip import process; process.WATCHDOG_S = 1; process.feed_watchdog()\nwhile True: pass"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", stuck, env=environment)
    assert await asyncio.wait_for(child.wait(), 10) == -signal.SIGALRM


async def test_short_calls_in_a_row_leak_nothing(endpoints: Make) -> None:
    agent, caller = await endpoints(), await endpoints()
    used = []
    for number in range(20):
        out, call = await connect(caller, agent)
        call.write(tone(440, 0.1))
        await listen(caller, out, 0.1)
        (out if number % 2 else call).hangup()
        await asyncio.gather(event(agent, "ended"), event(caller, "ended"))
        used.append(len(os.listdir(f"/proc/{agent.pid}/fd")))
    await asyncio.sleep(2.5)
    usage = await agent.usage()
    assert (usage.stats.calls, usage.stats.live, usage.restarts) == (20, 0, 0)
    assert max(used[10:]) <= max(used[:10]) + 4
    assert usage.rss_kb < 80_000
    assert usage.stats.interval_ms[0:1] == [0]
    assert usage.interval_ms(0.5) in (20, 21)
