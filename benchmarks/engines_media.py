"""The media path while a language model decodes: four calls over SIP beside an engine process with four more.

Callers of plain sockets send noise, which is looked for frame by frame in what the agent read; what the
agent says comes back in RTP packets, of which none may be missing, and no tick may lack speech that was due.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from benchmarks.figures import Figure, figure
from benchmarks.media_delay import LEAD_MS, LINES, Heard, heard_frames, next_event, speak
from benchmarks.processes import tree_usage
from benchmarks.report import Plot
from benchmarks.rtp_peer import PACKET_MS, PACKET_TS, Exchange
from benchmarks.stages.budgets import choose_profile
from benchmarks.weights import synthetic
from models.choice import Choice
from models.serving.clients import RemoteConversationLlm
from models.serving.host import EngineHost
from models.serving.spec import Spec
from sip.remote import RemoteCall, SipEndpoint
from voicecore.config import SipSettings
from voicecore.console import charts
from voicecore.types import CallEventKind, MediaFrame, Message, Pcm

CALLS = 4
PACKETS = 1000
"""Of each call: 20 s."""
REPLY_TOKENS = 64
AHEAD = 6400
"""Samples that the agent keeps written ahead of what is played, at 16 kHz: 400 ms, as it does of speech."""
LINE = LINES[0]
QUESTION = "Tell me everything that you know about invoices."


@dataclass(slots=True)
class Kept:
    """A call as the agent process had it."""

    call: RemoteCall
    frames: list[MediaFrame] = field(default_factory=list)
    underruns: int = 0


@dataclass(frozen=True, slots=True)
class Missed:
    """Frames of all calls, of ``sent`` each way."""

    sent: int
    unheard: int
    unsaid: int
    """Packets that never left, and ticks without the speech that was due."""
    longest_ms: float
    p99_ms: float
    """Between two ticks of the media clock."""

    @property
    def frames(self) -> int:
        return self.unheard + self.unsaid


@dataclass(slots=True)
class Decoding:
    """What the engine process did meanwhile."""

    replies: int = 0
    cores: float = 0.0


def run() -> list[Figure]:
    """The same calls without anything beside them, and beside a model that decodes all the time."""
    return asyncio.run(_run())


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """How punctual the media clock was."""
    rows = [(f["name"], {"ms": f["value"]}) for f in figures if f["name"].startswith("media_tick_")]
    note = "A tick is due every 20 ms. Frames that were missed are among the figures."
    return [
        Plot("The media clock while four calls decode", charts.bars(rows, {"ms": "interval"}, "ms"), note)
    ]


async def _run() -> list[Figure]:
    alone = await _calls()
    async with _decoding() as done:
        beside = await _calls()
    said = f"{beside.unheard} unheard, {beside.unsaid} unsaid"
    n, ticks = 2 * beside.sent, beside.sent
    figures = [
        figure("media_frames_missed", beside.frames, f"frames ({said})", n, "<= 0"),
        figure("media_tick_p99_ms", beside.p99_ms, "ms", ticks),
        figure("media_tick_longest_ms", beside.longest_ms, "ms", ticks),
        figure("decoded_meanwhile", done.replies, f"replies of {REPLY_TOKENS} tokens", CALLS),
        figure("decoding_cores", done.cores, "cores busy", CALLS),
    ]
    weights = {"weights": f"synthetic weights of {choose_profile()[1].llm.model}'s shape"}
    return [
        *(one | weights for one in figures),
        figure("media_frames_missed_alone", alone.frames, "frames", n),
        figure("media_tick_longest_alone_ms", alone.longest_ms, "ms", ticks),
    ]


@contextlib.asynccontextmanager
async def _decoding() -> AsyncIterator[Decoding]:
    """An engine process, placed as an appliance's, in which ``CALLS`` calls decode without a pause."""
    llm = choose_profile()[1].llm
    settings = {"reply_tokens": REPLY_TOKENS, "placement": dict(llm.placement)}
    choice = Choice(llm.engine, llm.model, {"device": llm.device, "settings": settings})
    host = EngineHost("llm", Spec({"llm": choice}, synthetic(llm.model)))
    await asyncio.to_thread(host.start)
    assert host.pid is not None
    done, talking = Decoding(), list[asyncio.Task[None]]()
    try:
        remote = RemoteConversationLlm(host)
        talking += [asyncio.ensure_future(_talk(remote, f"decoding {n}", done)) for n in range(CALLS)]
        await asyncio.sleep(1)
        before, begun = tree_usage(host.pid).cpu_s, time.monotonic()
        yield done
        done.cores = (tree_usage(host.pid).cpu_s - before) / (time.monotonic() - begun)
    finally:
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        await asyncio.to_thread(host.stop)


async def _talk(llm: RemoteConversationLlm, call: str, done: Decoding) -> None:
    while True:
        async for _ in llm.reply(call, [Message("caller", f"{QUESTION} {done.replies}")]):
            pass
        done.replies += 1


async def _calls() -> Missed:
    """``CALLS`` calls at once, whose agent reads all and speaks all the time."""
    endpoint = SipEndpoint(SipSettings(port=0, rtp_port=24_800, codecs=(LINE.name,)))
    await endpoint.start()
    kept: list[Kept] = []
    serving = asyncio.ensure_future(_serve(endpoint, kept))
    try:
        talking = [await _call(endpoint, kept, sound) for sound in noise()]
        exchanges = await asyncio.gather(*talking)
        usage = await endpoint.usage()
    finally:
        serving.cancel()
        await endpoint.stop()
    pairs = list(zip(noise(), exchanges, kept, strict=True))
    unheard = sum(lost(sound, exchange, call.frames) for sound, exchange, call in pairs)
    unsaid = sum(gaps(exchange) + call.underruns for _, exchange, call in pairs)
    sent = CALLS * (PACKETS - 2 * LEAD_MS // PACKET_MS)
    return Missed(sent, unheard, unsaid, usage.stats.longest_ms, usage.interval_ms(0.99))


async def _call(endpoint: SipEndpoint, kept: list[Kept], sound: Pcm) -> asyncio.Task[Exchange]:
    """Place one more call; what its caller lived, when it is over."""
    at = [float(number * PACKET_MS) for number in range(PACKETS)]
    talking = asyncio.create_task(asyncio.to_thread(speak, endpoint.port, LINE, sound, at))
    call = endpoint.call((await next_event(endpoint, CallEventKind.INCOMING)).call_id)
    call.answer()
    await next_event(endpoint, CallEventKind.ANSWERED)
    kept.append(Kept(call))
    return talking


async def _serve(endpoint: SipEndpoint, kept: Sequence[Kept]) -> None:
    """Read what is there, and keep enough written ahead, at every tick."""
    voice = np.random.default_rng(1).normal(size=AHEAD).astype(np.int16)
    while True:
        await endpoint.tick()
        for one in kept:
            new = one.call.read()
            if new:
                one.frames += new
                one.underruns = one.call.underruns
                one.call.write(voice[: max(0, AHEAD - (one.call.written - new[-1].played))])
                one.call.streaming(True)


def noise() -> list[Pcm]:
    """What each caller says, at 8 kHz."""
    sounds = np.random.default_rng(0).normal(size=(CALLS, PACKETS * PACKET_TS)) * 3000
    return list(sounds.astype(np.int16))


def lost(sound: Pcm, exchange: Exchange, frames: list[MediaFrame]) -> int:
    """How many frames of ``sound``, but for its first and last second, are not in ``frames``."""
    at = [float(number * PACKET_MS) for number in range(PACKETS)]
    found = heard_frames(sound.reshape(-1, PACKET_TS), at, Heard(exchange, frames, []))
    return sum(late is None for late in found)


def gaps(exchange: Exchange) -> int:
    """Packets that are missing between those that came back."""
    steps = (after.timestamp - before.timestamp for before, after in pairwise(exchange.received))
    return sum(step // PACKET_TS - 1 for step in steps)
