"""Four calls in real time whose engine process is killed: each hears the sentence and gets a person."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from benchmarks.processes import descendants
from sip.memory import MemoryCall, MemoryEndpoint
from sip.remote import RemoteCall, SipEndpoint
from voicecore.app import Running, running
from voicecore.config import Appliance, SipSettings
from voicecore.demo import EXAMPLE, caller_endpoint
from voicecore.ports import Endpoint
from voicecore.types import RATE, TICK, TICK_MS, CallEventKind, Pcm

pytestmark = pytest.mark.interop
PERSON = "sip:person@127.0.0.1:5090"
_PATIENCE_S = 60
_MOST_S = 3.0


@dataclass
class Line:
    """A caller on a media clock of its own, who says nothing."""

    call: MemoryCall
    transferred_at: float | None = None
    """On the call's audio clock."""
    silence: Pcm = field(default_factory=lambda: np.zeros(TICK, np.int16))

    async def hold(self) -> None:
        due = time.monotonic()
        while self.call.state != "ended":
            if self.call.state == "answered":
                self.call.hear(self.silence)
            if self.call.transfers and self.transferred_at is None:
                self.transferred_at = self.call.seconds
            due += TICK_MS / 1000
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def heard(self, sentence: Pcm) -> bool:
        """Whether all of ``sentence`` came out of the call, sample by sample."""
        _, agent = self.call.recording()
        loudest = int(np.argmax(np.abs(sentence)))
        for at in np.flatnonzero(agent == sentence[loudest]) - loudest:
            if at >= 0 and np.array_equal(agent[at : at + len(sentence)], sentence):
                return True
        return False


@dataclass
class House:
    running: Running
    endpoint: MemoryEndpoint
    holding: list[asyncio.Task[None]] = field(default_factory=list)

    async def called(self) -> Line:
        line = Line(self.endpoint.invite())
        self.holding.append(asyncio.ensure_future(line.hold()))
        return line

    @property
    def engines_up(self) -> bool:
        return self.running.house.admission.refusal() is None


def serving(
    folder: Path, model_data: Path, endpoint: Endpoint
) -> contextlib.AbstractAsyncContextManager[Running]:
    appliance = Appliance.model_validate(
        {
            "agent": EXAMPLE,
            "engines": {"place": "processes"},
            "store": {"url": f"sqlite:///{folder / 'calls.db'}", "recordings": folder / "recordings"},
            "run_dir": folder / "run",
            "data_dir": model_data,
            "backend": "http://127.0.0.1:9",
        }
    )
    return running(appliance, endpoint)


@pytest.fixture
async def house(tmp_path: Path, model_data: Path) -> AsyncIterator[House]:
    endpoint = MemoryEndpoint()
    async with serving(tmp_path, model_data, endpoint) as served:
        made = House(served, endpoint)
        yield made
        for task in made.holding:
            task.cancel()
        await asyncio.gather(*made.holding, return_exceptions=True)


def engine_process(name: str) -> int:
    """The engine process called so."""
    for pid in descendants(os.getpid()):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if [b"models.serving", name.encode()] == command[2:4]:
            return pid
    raise AssertionError(f"no process runs {name}")


async def until(condition) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("engine", ["asr", "tts", "llm"])
async def test_all_callers_are_handed_over_and_the_next_call_works(house: House, engine: str) -> None:
    lines = [await house.called() for _ in range(4)]
    await until(lambda: all(line.call.state == "answered" and line.call.seconds > 1.5 for line in lines))
    os.kill(engine_process(engine), signal.SIGKILL)
    killed = [line.call.seconds for line in lines]
    await until(lambda: all(line.transferred_at is not None for line in lines))
    ready = house.running.house.emergency
    assert ready is not None
    took = [line.transferred_at - at for line, at in zip(lines, killed, strict=True)]
    print(f"{engine}: killed to transferred, s: {[round(s, 2) for s in took]}")
    assert max(took) <= _MOST_S
    assert len(ready.sorry.pcm) / RATE <= min(took)
    assert all(line.heard(ready.sorry.pcm) for line in lines)
    for line in lines:
        assert line.call.transfers == [PERSON]
        line.call.far_notify(200, "OK", final=True)
    await until(lambda: all(line.call.state == "ended" for line in lines))
    await until(lambda: house.engines_up)
    following = await house.called()
    await until(lambda: following.call.seconds > 2.0)
    _, agent = following.call.recording()
    assert np.abs(agent).max() > 1000
    assert following.call.transfers == []
    assert following.call.state == "answered"


async def test_calls_are_refused_while_an_engine_is_started_again(house: House) -> None:
    os.kill(engine_process("asr"), signal.SIGKILL)
    await until(lambda: not house.engines_up)
    refused = house.endpoint.invite()
    await until(lambda: refused.rejection is not None)
    assert refused.rejection == (503, 10)
    await until(lambda: house.engines_up)


async def test_over_sip_too(tmp_path: Path, model_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer is our own endpoint, which lets nobody move it: so there is a goodbye behind the sentence."""
    pytest.importorskip("pjsua2")
    asked: list[float] = []
    transfer = RemoteCall.transfer

    def noted(call: RemoteCall, uri: str) -> None:
        asked.append(time.monotonic())
        transfer(call, uri)

    monkeypatch.setattr(RemoteCall, "transfer", noted)
    async with serving(tmp_path, model_data, SipEndpoint(SipSettings(port=0, rtp_port=24_000))) as served:
        endpoint = served.endpoint
        assert isinstance(endpoint, SipEndpoint)
        async with caller_endpoint() as caller:
            calls = [caller.dial(f"sip:agent@127.0.0.1:{endpoint.port}") for _ in range(4)]
            heard = [0] * len(calls)

            async def listen() -> None:
                while True:
                    await caller.tick()
                    for nth, call in enumerate(calls):
                        heard[nth] += sum(int(np.abs(frame.caller).max() > 500) for frame in call.read())

            listening = asyncio.ensure_future(listen())
            await until(lambda: min(heard) > 50)
            os.kill(engine_process("asr"), signal.SIGKILL)
            killed, before = time.monotonic(), list(heard)
            ended = {call.info.id: "" for call in calls}
            async with asyncio.timeout(_PATIENCE_S):
                while not all(ended.values()):
                    event = await caller.next_event()
                    if event.kind is CallEventKind.ENDED:
                        ended[event.call_id] = event.detail["by"]
            listening.cancel()
        took = [at - killed for at in asked]
        print(f"over SIP: killed to REFER, s: {[round(s, 2) for s in took]}")
        assert len(took) == 4
        assert max(took) <= _MOST_S
        ready = served.house.emergency
        assert ready is not None
        ticks = sum(len(said.pcm) for said in (ready.sorry, ready.goodbye)) / TICK
        assert min(now - then for now, then in zip(heard, before, strict=True)) > 0.6 * ticks
        assert set(ended.values()) == {"caller"}
