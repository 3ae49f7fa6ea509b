"""Two ends of a call, in memory or over real SIP on loopback, behind one face."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import numpy as np
import pytest

from sip.memory import MemoryCall, MemoryEndpoint
from sip.remote import RemoteCall, SipEndpoint
from voicecore.config import SipSettings
from voicecore.ports import Call, Endpoint
from voicecore.types import RATE, CallEvent, CallEventKind, Pcm

DEADLINE_S = 10.0

needs_pjsua2 = pytest.mark.skipif(
    importlib.util.find_spec("pjsua2") is None, reason="the pjsua2 wheel is not installed"
)


async def event(endpoint: Endpoint, *kinds: str) -> CallEvent:
    """The next event, which must be of one of ``kinds``; RINGING is passed over unless asked for."""
    while True:
        got = await asyncio.wait_for(endpoint.next_event(), DEADLINE_S)
        if got.kind in kinds or got.kind is not CallEventKind.RINGING:
            assert got.kind in kinds, got
            return got


async def listen(endpoint: Endpoint, call: Call, seconds: float) -> Pcm:
    """What ``call`` hears over the next ``seconds`` of its audio clock."""
    heard: list[Pcm] = []
    while len(heard) * 320 < seconds * RATE:
        await asyncio.wait_for(endpoint.tick(), DEADLINE_S)
        heard += [frame.caller for frame in call.read()]
    return np.concatenate(heard)


def tone(hertz: float, seconds: float) -> Pcm:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


def strength(pcm: Pcm, hertz: float) -> float:
    """Share of the energy of ``pcm`` that lies within 20 Hz of ``hertz``."""
    spectrum = np.abs(np.fft.rfft(pcm.astype(float))) ** 2
    near = np.abs(np.fft.rfftfreq(len(pcm), 1 / RATE) - hertz) < 20
    return float(spectrum[near].sum() / max(spectrum.sum(), 1.0))


class Far(Protocol):
    """The other end of the agent's call."""

    async def answer(self) -> None: ...
    async def reject(self, code: int) -> None: ...
    async def hangup(self) -> None: ...
    async def press(self, digits: str, method: str) -> None: ...
    async def pressed(self, count: int) -> list[tuple[str, str]]: ...
    async def hold(self) -> None: ...
    async def resume(self) -> None: ...
    async def talk(self, pcm: Pcm) -> Pcm: ...
    async def ended(self) -> int: ...


class MemoryFar:
    def __init__(self, call: MemoryCall) -> None:
        self.call = call

    async def answer(self) -> None:
        self.call.far_answer()

    async def reject(self, code: int) -> None:
        self.call.far_reject(code)

    async def hangup(self) -> None:
        self.call.far_hangup()

    async def press(self, digits: str, method: str) -> None:
        self.call.far_press(digits, method)

    async def pressed(self, count: int) -> list[tuple[str, str]]:
        assert len(self.call.sent_digits) == count
        return self.call.sent_digits

    async def hold(self) -> None:
        self.call.far_hold()

    async def resume(self) -> None:
        self.call.far_resume()

    async def talk(self, pcm: Pcm) -> Pcm:
        return self.call.hear(pcm)

    async def ended(self) -> int:
        assert self.call.state == "ended"
        return self.call.rejection[0] if self.call.rejection else 200


class RealFar:
    def __init__(self, endpoint: SipEndpoint, call: RemoteCall) -> None:
        self.endpoint = endpoint
        self.call = call

    async def answer(self) -> None:
        self.call.answer()

    async def reject(self, code: int) -> None:
        self.call.reject(code)

    async def hangup(self) -> None:
        self.call.hangup()

    async def press(self, digits: str, method: str) -> None:
        await event(self.endpoint, "answered")
        self.call.send_dtmf(digits, method)

    async def pressed(self, count: int) -> list[tuple[str, str]]:
        await event(self.endpoint, "answered")
        details = [(await event(self.endpoint, "dtmf")).detail for _ in range(count)]
        return [(detail["digit"], detail["method"]) for detail in details]

    async def hold(self) -> None:
        await event(self.endpoint, "answered")
        self.call.hold()
        await event(self.endpoint, "held")

    async def resume(self) -> None:
        self.call.resume()

    async def talk(self, pcm: Pcm) -> Pcm:
        self.call.write(pcm)
        return await listen(self.endpoint, self.call, len(pcm) / RATE)

    async def ended(self) -> int:
        before = ("answered", "held", "resumed", "dtmf")
        while (got := await event(self.endpoint, *before, "ended")).kind != "ended":
            pass
        return int(got.detail["code"])


class MemoryRig:
    """The agent's endpoint is the twin."""

    def __init__(self) -> None:
        self.agent = MemoryEndpoint()
        self._dialled: MemoryCall | None = None

    async def start(self) -> None:
        await self.agent.start()

    async def stop(self) -> None:
        await self.agent.stop()

    async def calls_in(self, headers: dict[str, str] | None = None) -> Far:
        return MemoryFar(self.agent.invite(headers=headers))

    async def dials(self) -> tuple[Call, Far]:
        call = self.agent.dial("sip:far@memory")
        return call, MemoryFar(call)


class RealRig:
    """The agent's endpoint is a media process, and so is the far end's."""

    def __init__(self) -> None:
        self.agent = SipEndpoint(SipSettings(port=0, rtp_port=22_000))
        self.far = SipEndpoint(SipSettings(port=0, rtp_port=22_200))

    async def start(self) -> None:
        await asyncio.gather(self.agent.start(), self.far.start())

    async def stop(self) -> None:
        await asyncio.gather(self.agent.stop(), self.far.stop())

    async def calls_in(self, headers: dict[str, str] | None = None) -> Far:
        call = self.far.dial(f"sip:agent@127.0.0.1:{self.agent.port}", headers)
        return RealFar(self.far, call)

    async def dials(self) -> tuple[Call, Far]:
        call = self.agent.dial(f"sip:far@127.0.0.1:{self.far.port}")
        incoming = await event(self.far, "incoming")
        return call, RealFar(self.far, self.far.call(incoming.call_id))


Rig = MemoryRig | RealRig


@pytest.fixture(params=["memory", pytest.param("real", marks=[pytest.mark.interop, needs_pjsua2])])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    made = MemoryRig() if request.param == "memory" else RealRig()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def endpoints() -> AsyncIterator[Callable[..., Awaitable[SipEndpoint]]]:
    """Makes started endpoints on free ports, all stopped at the end."""
    made: list[SipEndpoint] = []

    async def make(**settings: Any) -> SipEndpoint:
        endpoint = SipEndpoint(SipSettings(**({"port": 0, "rtp_port": 22_400 + 40 * len(made)} | settings)))
        await endpoint.start()
        made.append(endpoint)
        return endpoint

    yield make
    for endpoint in made:
        await endpoint.stop()
