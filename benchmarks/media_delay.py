"""``voicecore bench media``: how long the endpoint keeps a caller's sound, packet in to packet out.

A caller made of plain sockets (``rtp_peer``) sends chirps; the agent writes back at once what it reads.
Sound is placed by the RTP timestamps of its packets, and by the tick in which the agent had it; the
codec's own delay in the caller is taken off.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np

from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from benchmarks.rtp_peer import PACKET_MS, Exchange, RtpPeer
from sip.remote import RemoteCall, SipEndpoint
from voicecore.audio import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from voicecore.config import SipSettings
from voicecore.console import charts
from voicecore.types import RATE, TICK, CallEventKind, Floats, MediaFrame, Pcm

GOAL_MS = 35
CALLS = 20
CHIRPS = 6
CHIRP_MS, EVERY_MS, LEAD_MS = 20, 250, 1000
LONGEST_MS = 220
JITTERS = (0, 10, 20)
LOSS = 0.02
JITTER_PACKETS = 500
JITTER_CALLS = 3
_EVENT_S = 20.0
_HEARD = 0.7
"""Normalised correlation from which a frame counts as heard whole."""
_ROUND_TRIPS: dict[str, list[float]] = {}
_PARTS: list[tuple[str, dict[str, float]]] = []


@dataclass(frozen=True, slots=True)
class Line:
    """A codec as the caller speaks it."""

    name: str
    payload_type: int
    rate: int
    encode: Callable[[Pcm], bytes]
    decode: Callable[[bytes], Pcm]


@dataclass(frozen=True, slots=True)
class Heard:
    """A call's media at both ends."""

    exchange: Exchange
    frames: list[MediaFrame]
    wake_ms: list[float]
    """From each tick to the agent's reading it."""


def g722_encode(pcm: Pcm) -> bytes:
    """G.722 at 64 kbit/s, 16 kHz int16."""
    codec = av.CodecContext.create("g722", "w")
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.sample_rate = RATE
    return b"".join(bytes(packet) for part in (frame, None) for packet in codec.encode(part))


def g722_decode(data: bytes) -> Pcm:
    """The inverse of ``g722_encode``, its filters' 1.4 ms later."""
    codec = av.CodecContext.create("g722", "r")
    codec.sample_rate, codec.layout = RATE, "mono"
    return np.concatenate([frame.to_ndarray().ravel() for frame in codec.decode(av.Packet(data))])


LINES = (
    Line("PCMU", 0, 8_000, lambda pcm: bytes(ulaw_encode(pcm)), lambda data: ulaw_decode(_octets(data))),
    Line("PCMA", 8, 8_000, lambda pcm: bytes(alaw_encode(pcm)), lambda data: alaw_decode(_octets(data))),
    Line("G722", 9, RATE, g722_encode, g722_decode),
)


def run() -> list[Figure]:
    """All figures, in about four minutes."""
    figures = [part for line in LINES for part in _delay_figures(line)]
    return [*figures, *(part for jitter in JITTERS for part in _jitter_figures(LINES[0], jitter))]


def plots(_figures: Sequence[Figure]) -> list[Plot]:
    """Round trips by codec, and by part."""
    stages = {"hearing": "packet in to tick", "answering": "tick to packet out"}
    return [
        Plot("Round trip through the endpoint", charts.cdf(_ROUND_TRIPS, "ms", {"goal": float(GOAL_MS)})),
        Plot("By part, median", charts.bars(_PARTS, stages, "ms")),
    ]


def _delay_figures(line: Line) -> list[Figure]:
    signal = chirps(line.rate)
    calls = asyncio.run(converse(line, [(signal, _steady(signal, line.rate))] * CALLS))
    own = _own_delay_ms(line, signal)
    trips, hearings = [], []
    for heard in calls:
        for number in range(CHIRPS):
            trip, hearing = _delays(line, heard, number)
            trips.append(trip - own)
            hearings.append(hearing)
    wakes = [ms for heard in calls for ms in heard.wake_ms]
    name, n = line.name.lower(), len(trips)
    _ROUND_TRIPS[line.name] = trips
    total, hearing = float(np.median(trips)), float(np.median(hearings))
    _PARTS.append((line.name, {"hearing": hearing, "answering": total - hearing}))
    return [
        figure(f"endpoint_round_trip_ms_{name}", total, "ms", n, f"<= {GOAL_MS}"),
        figure(f"endpoint_round_trip_p95_ms_{name}", np.percentile(trips, 95), "ms", n),
        figure(f"hearing_ms_{name}", hearing, "ms", n),
        figure(f"answering_ms_{name}", total - hearing, "ms", n),
        figure(f"agent_wake_up_p50_ms_{name}", np.median(wakes), "ms", len(wakes)),
        figure(f"agent_wake_up_p99_ms_{name}", np.percentile(wakes, 99), "ms", len(wakes)),
    ]


def _jitter_figures(line: Line, jitter_ms: int) -> list[Figure]:
    """What the agent heard of packets up to ``jitter_ms`` late, 2 % of them lost; how late it heard it."""
    random = np.random.default_rng(jitter_ms)
    frame = line.rate * PACKET_MS // 1000
    scripts = []
    for _ in range(JITTER_CALLS):
        signal = (random.normal(size=JITTER_PACKETS * frame) * 3000).astype(np.int16)
        late = random.uniform(0, jitter_ms, JITTER_PACKETS) if jitter_ms else np.zeros(JITTER_PACKETS)
        lost = random.random(JITTER_PACKETS) < LOSS
        scripts.append(
            (
                signal,
                [
                    None if gone else i * PACKET_MS + ms
                    for i, (gone, ms) in enumerate(zip(lost, late, strict=True))
                ],
            )
        )
    missing, sent, delays = 0, 0, []
    for (signal, at), heard in zip(scripts, asyncio.run(converse(line, scripts)), strict=True):
        found = heard_frames(signal.reshape(-1, frame), at, heard)
        missing += sum(delay is None for delay in found)
        sent += len(found)
        delays += [delay for delay in found if delay is not None]
    return [
        figure(f"missing_frames_jitter_{jitter_ms}", missing / sent, "share", sent),
        figure(f"hearing_ms_jitter_{jitter_ms}", np.median(delays), "ms", len(delays)),
    ]


# ---- the calls ----


async def converse(line: Line, scripts: Sequence[tuple[Pcm, Sequence[float | None]]]) -> list[Heard]:
    """One call after the other, each with its signal and when to send its packets."""
    endpoint = SipEndpoint(SipSettings(port=0, rtp_port=24_600, codecs=(line.name,)))
    await endpoint.start()
    try:
        return [await _one(endpoint, line, signal, at) for signal, at in scripts]
    finally:
        await endpoint.stop()


async def _one(endpoint: SipEndpoint, line: Line, signal: Pcm, at: Sequence[float | None]) -> Heard:
    calling = asyncio.ensure_future(asyncio.to_thread(speak, endpoint.port, line, signal, at))
    call = endpoint.call((await next_event(endpoint, CallEventKind.INCOMING)).call_id)
    call.answer()
    await next_event(endpoint, CallEventKind.ANSWERED)
    frames: list[MediaFrame] = []
    wakes: list[float] = []
    echoing = asyncio.ensure_future(_echo(endpoint, call, frames, wakes))
    exchange = await calling
    echoing.cancel()
    await next_event(endpoint, CallEventKind.ENDED)
    return Heard(exchange, frames, wakes)


async def _echo(
    endpoint: SipEndpoint, call: RemoteCall, frames: list[MediaFrame], wakes: list[float]
) -> None:
    """Write back what is heard; after a tick missed, what is heard then."""
    while True:
        await endpoint.tick()
        now = time.monotonic_ns()
        new = call.read()
        frames += new
        wakes += [(now - frame.tick_ns) / 1e6 for frame in new]
        if new and call.written <= new[-1].played:
            call.write(new[-1].caller)


async def next_event(endpoint: SipEndpoint, kind: CallEventKind) -> Any:
    """The next event of ``kind``; others are passed over."""
    while True:
        event = await asyncio.wait_for(endpoint.next_event(), _EVENT_S)
        if event.kind is kind:
            return event


def speak(port: int, line: Line, signal: Pcm, at: Sequence[float | None]) -> Exchange:
    """A whole call to an endpoint on ``port``: dial, say ``signal``, hang up. Blocks for as long."""
    with contextlib.suppress(OSError):  # punctual where we may: what is measured is the other end
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    coded = line.encode(signal)
    payloads = [coded[i : i + 160] for i in range(0, len(coded) // 160 * 160, 160)]
    with RtpPeer(line.payload_type, line.name) as peer:
        peer.dial(port)
        exchange = peer.talk(payloads, at[: len(payloads)])
        peer.hang_up(port)
    return exchange


# ---- the signals ----


def chirps(rate: int) -> Pcm:
    """A second of silence, then ``CHIRPS`` of 400 to 3,200 Hz, 20 ms each."""
    signal = np.zeros((LEAD_MS + CHIRPS * EVERY_MS) * rate // 1000, np.int16)
    one = _chirp(rate).astype(np.int16)
    for number in range(CHIRPS):
        at = _begin_ms(number) * rate // 1000
        signal[at : at + len(one)] = one
    return signal


def _begin_ms(number: int) -> int:
    return LEAD_MS + number * EVERY_MS


def _chirp(rate: int) -> Floats:
    t = np.arange(rate * CHIRP_MS // 1000) / rate
    sweep = np.sin(2 * np.pi * (400 * t + 2800 * t * t / (2 * CHIRP_MS / 1000)))
    return np.asarray(12_000 * np.hanning(len(t)) * sweep)


def _find(pcm: Pcm, rate: int, start: int) -> int:
    """Where the chirp is, up to ``LONGEST_MS`` after sample ``start``."""
    chirp = _chirp(rate)
    span = pcm[max(start, 0) : max(start, 0) + rate * LONGEST_MS // 1000 + len(chirp)].astype(float)
    return max(start, 0) + int(np.correlate(span, chirp, "valid").argmax())


def _delays(line: Line, heard: Heard, number: int) -> tuple[float, float]:
    """Of one chirp, ms: packet in to packet out, and packet in to the agent's tick."""
    sent = np.array(heard.exchange.sent_ns)
    begun = np.median(sent - np.arange(len(sent)) * PACKET_MS * 1e6) + _begin_ms(number) * 1e6
    back = heard.exchange.received
    step = line.rate * PACKET_MS // 1000
    pcm = line.decode(b"".join(packet.payload for packet in back))
    first = int(np.searchsorted([packet.at_ns for packet in back], begun))
    where = _find(pcm, line.rate, (first - 2) * step)
    packet = back[where // step]
    out = packet.at_ns + where % step / line.rate * 1e9
    first = int(np.searchsorted([frame.tick_ns for frame in heard.frames], begun))
    ear = np.concatenate([frame.caller for frame in heard.frames])
    where = _find(ear, RATE, (first - 2) * TICK)
    tick = heard.frames[where // TICK].tick_ns + where % TICK / RATE * 1e9
    return (out - begun) / 1e6, (tick - begun) / 1e6


def _own_delay_ms(line: Line, signal: Pcm) -> float:
    """What encoder and decoder of the caller's own put on top."""
    begin = _begin_ms(0) * line.rate // 1000
    looped = line.decode(line.encode(signal))
    return (_find(looped, line.rate, begin - line.rate // 100) - begin) * 1000 / line.rate


def heard_frames(sent: Pcm, at: Sequence[float | None], heard: Heard) -> list[float | None]:
    """For each frame that was not lost: how much later than its time the agent heard it, None if it did not.

    Its time is when its packet would have come without jitter. At 8 kHz.
    """
    ear = np.concatenate([frame.caller for frame in heard.frames])[::2].astype(float)
    ticks = np.array([frame.tick_ns for frame in heard.frames])
    begun = min(ns - ms * 1e6 for ns, ms in zip(heard.exchange.sent_ns, at, strict=True) if ms is not None)
    frame = sent.shape[1]
    found: list[float | None] = []
    for number, (pcm, ms) in enumerate(zip(sent, at, strict=True)):
        if ms is None or number < LEAD_MS // PACKET_MS or number >= len(sent) - LEAD_MS // PACKET_MS:
            continue
        due = begun + number * PACKET_MS * 1e6
        start = max(int(np.searchsorted(ticks, due)) - 1, 0) * frame
        span = ear[start : start + 16 * frame]
        energy = np.convolve(span**2, np.ones(frame), "valid") * float((pcm.astype(float) ** 2).sum())
        likeness = np.correlate(span, pcm.astype(float), "valid") / np.sqrt(energy + 1)
        best = int(likeness.argmax())
        where = start + best
        found.append(
            (ticks[where // frame] + where % frame * 125_000 - due) / 1e6 if likeness[best] > _HEARD else None
        )
    return found


def _steady(signal: Pcm, rate: int) -> list[float]:
    return [i * float(PACKET_MS) for i in range(len(signal) * 1000 // rate // PACKET_MS)]


def _octets(data: bytes) -> Any:
    return np.frombuffer(data, np.uint8)
