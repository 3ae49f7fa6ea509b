"""Several calls at once and hundreds in a row: punctuality, processor time, memory."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.processes import tree_usage
from models import engines as engine_table
from sip.remote import SipEndpoint
from voicecore.config import data_dir
from voicecore.demo import (
    EXAMPLE,
    Served,
    appliance,
    backend,
    caller_endpoint,
    child,
    first_line,
    write_config,
)
from voicecore.pipeline.feed import follow
from voicecore.simulation import CallerResult, Errand, load_script, run_callers
from voicecore.types import CallEventKind

CALLS_AT_ONCE = 4
CALLS_IN_A_ROW = 300
_CALL_TICKS = 50
_WARM_UP_CALLS = 50
_SAMPLE_EVERY = 10
_EVENT_S = 20.0


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Four conversations side by side."""

    results: tuple[CallerResult, ...]
    cpu_percent_per_call: float
    rss_mb: float
    processes: int


@dataclass(frozen=True, slots=True)
class Punctuality:
    """The media clock beside a CPU-bound Python thread in the agent process."""

    p99_ms: float
    longest_ms: float
    ticks: int
    underruns: int
    """Ticks in which speech was due and the agent process had not written it."""


@dataclass(frozen=True, slots=True)
class InARow:
    """Many short calls, one after the other."""

    completed: int
    rss_kb: tuple[int, ...]
    """The whole appliance, every ``_SAMPLE_EVERY`` calls."""
    slope_kb_per_100: float
    """Least squares over the samples after the warm-up."""


async def at_once() -> AtOnce:
    """Four callers talk with one appliance; its process tree is watched meanwhile."""
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name:
        folder = Path(name)
        async with backend(folder / "backend.db") as url, appliance(folder, url) as served:
            before, begun = tree_usage(served.pid), time.monotonic()
            talking = asyncio.ensure_future(talk(served, folder, CALLS_AT_ONCE))
            peak = before
            while not talking.done():
                await asyncio.wait([talking], timeout=0.5)
                now = tree_usage(served.pid)
                peak = now if now.rss_kb > peak.rss_kb else peak
            spent, seconds = tree_usage(served.pid).cpu_s - before.cpu_s, time.monotonic() - begun
            results = await talking
    per_call = 100 * spent / seconds / CALLS_AT_ONCE
    return AtOnce(tuple(results), per_call, peak.rss_kb / 1024, peak.processes)


async def beside_a_busy_thread() -> Punctuality:
    """The same four callers, while a Python thread in the agent process never rests."""
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name:
        folder = Path(name)
        async with backend(folder / "backend.db") as url:
            config = write_config(folder, url)
            async with child("-m", "benchmarks.busy_agent", str(config)) as process:
                ready = await first_line(process)
                served = Served(ready["uri"], Path(ready["feed"]), process.pid)
                results = await talk(served, folder, CALLS_AT_ONCE)
                process.terminate()
                late = await first_line(process)
    return Punctuality(late["p99_ms"], late["longest_ms"], late["ticks"], underruns(results))


def underruns(results: Sequence[CallerResult]) -> int:
    """Ticks of all calls in which speech was due and the agent process had not written it."""
    ends = [event for result in results for event in result.events if event["type"] == "call.ended"]
    return sum(event["outcome"]["underruns"] for event in ends)


async def talk(served: Served, folder: Path, calls: int) -> list[CallerResult]:
    """So many callers at once, who want to know things; their recordings are in ``folder``."""
    script = load_script(EXAMPLE / "callers" / "questions.yaml")
    tts = engine_table.load("tts", "espeak", data_dir(), voice=script.voice, rate=script.speed)
    async with caller_endpoint() as endpoint:
        errands = [Errand(served.uri, script, tts, folder / f"caller-{index}.wav") for index in range(calls)]
        return await run_callers(endpoint, errands, follow(served.feed))


async def in_a_row(count: int = CALLS_IN_A_ROW) -> InARow:
    """``count`` calls of about a second each, hung up by the caller."""
    samples: list[int] = []
    completed = 0
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name:
        folder = Path(name)
        async with (
            backend(folder / "backend.db") as url,
            appliance(folder, url) as served,
            caller_endpoint() as endpoint,
        ):
            for index in range(count):
                completed += await _short_call(endpoint, served.uri)
                if index % _SAMPLE_EVERY == _SAMPLE_EVERY - 1:
                    samples.append(tree_usage(served.pid).rss_kb)
    return InARow(completed, tuple(samples), _slope(samples))


async def _short_call(endpoint: SipEndpoint, uri: str) -> bool:
    """Whether the call was answered, carried sound and ended by our BYE."""
    call = endpoint.dial(uri)
    if await _awaited(endpoint, CallEventKind.ANSWERED) is CallEventKind.ENDED:
        return False
    heard = ticks = 0
    while ticks < _CALL_TICKS:
        await asyncio.wait_for(endpoint.tick(), _EVENT_S)
        frames = call.read()
        ticks += len(frames)
        heard += sum(bool(np.abs(frame.caller).max() > 500) for frame in frames)
    call.hangup()
    await _awaited(endpoint, CallEventKind.ENDED)
    return heard > 0


async def _awaited(endpoint: SipEndpoint, kind: CallEventKind) -> CallEventKind:
    """The first event of ``kind``, or the call's end."""
    while True:
        event = await asyncio.wait_for(endpoint.next_event(), _EVENT_S)
        if event.kind in (kind, CallEventKind.ENDED):
            return event.kind


def _slope(rss_kb: Sequence[int]) -> float:
    steady = np.asarray(rss_kb[_WARM_UP_CALLS // _SAMPLE_EVERY :], float)
    if len(steady) < 2:
        return float("nan")
    calls = np.arange(len(steady)) * _SAMPLE_EVERY
    return float(np.polyfit(calls, steady, 1)[0]) * 100
