"""One call of the benchmark: dials, drives the scripted caller, gives what was said and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.duplex.caller import Caller
from benchmarks.duplex.metrics import Sound, Verdict, judge
from benchmarks.duplex.relay import relayed
from benchmarks.duplex.script import Script
from benchmarks.duplex.segments import speech_segments
from sip.remote import RemoteCall, SipEndpoint
from voicecore.simulation.recording import load_recording
from voicecore.types import CallEventKind, Pcm

FINISHED = "hung-up"
"""How a call ends that came to the end of its script."""
_EVENT_S = 20.0
_MEDIA_S = 5.0
_TICKS_S = 0.5


@dataclass(frozen=True, slots=True)
class Held:
    """One call as its recording has it."""

    script: Script
    sounds: tuple[Sound, ...]
    verdicts: tuple[Verdict, ...]
    rest: Script
    """What of the script the call did not come to."""
    ended: str
    """``FINISHED``, or why the call ended before the script did."""
    seconds: float
    drift_ms: float
    """Media ticks that the caller's side lost, as time."""
    lost: tuple[int, int]
    """RTP packets dropped towards the agent and towards the caller."""

    def told(self) -> dict[str, Any]:
        """The call for a log: what was done when (samples of the recording), and what came of it."""
        events = [asdict(verdict) for verdict in self.verdicts]
        return {"call": self.script.name, "seed": self.script.seed, "ended": self.ended, "events": events}


async def hold(endpoint: SipEndpoint, uri: str, script: Script, noise: Pcm | None, record: Path) -> Held:
    """Call ``uri`` as ``script`` says, over a lossy relay where its condition wants one, and measure.

    ``record`` gets the recording: stereo at 16 kHz on the caller's media clock, left what was sent.
    ``endpoint`` serves this call only.
    """
    caller = Caller(script, noise)
    async with _line(uri, script) as (dialled, lost):
        ended = await _converse(endpoint, dialled, caller)
    caller.recorder.save(record)
    sent, heard = load_recording(record)
    sounds = caller.sounds()
    verdicts = judge(sounds, speech_segments(heard), len(sent))
    return Held(
        script,
        tuple(sounds),
        tuple(verdicts),
        caller.rest,
        ended,
        len(sent) / 16_000,
        caller.recorder.drift_ms,
        (lost[0], lost[1]),
    )


@contextlib.asynccontextmanager
async def _line(uri: str, script: Script) -> AsyncIterator[tuple[str, list[int]]]:
    """What to dial, and the packets lost on the way."""
    if not script.condition.loss:
        yield uri, [0, 0]
        return
    user, _, address = uri.rpartition("@")
    host, _, port = address.rpartition(":")
    async with relayed((host, int(port)), script.condition.loss, script.seed) as relay:
        yield f"{user}@127.0.0.1:{relay.port}", relay.dropped


async def _converse(endpoint: SipEndpoint, uri: str, caller: Caller) -> str:
    """How the call ended."""
    call = endpoint.dial(uri)
    ended = asyncio.ensure_future(_ended(endpoint))
    try:
        return await _talk(endpoint, call, caller, ended)
    finally:
        if not ended.done():
            call.hangup()
            await asyncio.wait([ended], timeout=_EVENT_S)
        ended.cancel()


async def _ended(endpoint: SipEndpoint) -> str:
    while True:
        event = await endpoint.next_event()
        if event.kind is CallEventKind.ENDED:
            return f"{event.detail.get('by')}: {event.detail.get('code')} {event.detail.get('reason')}"


async def _talk(endpoint: SipEndpoint, call: RemoteCall, caller: Caller, ended: asyncio.Future[str]) -> str:
    deadline = time.monotonic() + _EVENT_S
    while not caller.over:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(endpoint.tick(), _TICKS_S)
        for frame in call.read():
            deadline = time.monotonic() + _MEDIA_S
            call.write(np.ascontiguousarray(caller.step(frame)))
        if ended.done():
            return ended.result()
        if time.monotonic() > deadline:
            return "no media"
    return FINISHED
