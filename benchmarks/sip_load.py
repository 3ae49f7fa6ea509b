"""``voicecore bench sip-load``: whole calls over SIP, several at once: pace, missed frames, admission.

The appliance runs as it is served, its engines in processes of their own; pace is measured in the callers'
recordings. A media process has four lines, so that is the largest load.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import load
from benchmarks.figures import Figure, figure
from benchmarks.processes import tree_usage
from benchmarks.report import Plot
from benchmarks.rtp_peer import RtpPeer
from voicecore.config import EngineSettings
from voicecore.console import charts
from voicecore.demo import Served, appliance, backend
from voicecore.errors import VoicecoreError
from voicecore.pipeline.feed import follow
from voicecore.simulation import CallerResult
from voicecore.simulation.measure import measure
from voicecore.simulation.recording import load_recording
from voicecore.types import TICK_MS

ROUNDS = {1: 4, 2: 2, 4: 2}
"""Calls at a time, and how often."""
LINES = max(ROUNDS)
PROCESSES = {"place": "processes"}
SLOW = {"late_ms": 1, "fewest_turns": 2, "window_s": 600, "retry_after_s": 10}
"""A budget that no reply keeps: from the second turn on, no call is taken beside those that are up."""
TALKERS = 2
RINGS = 5
"""Further callers, once there is no room."""
RING_EVERY_S = 1.0
PATIENCE_S = 30.0
GOAL_P50_MS, GOAL_P95_MS = 250, 700
"""The design's, for embedded and fast engines; here with every pause that the agent takes to be sure."""
ENGINES = "real, embedded: " + ", ".join(EngineSettings().labels.values())
_LATENCIES: dict[int, list[float]] = {}


@dataclass(frozen=True, slots=True)
class Loaded:
    """All calls of one load."""

    calls: int
    results: tuple[CallerResult, ...]
    latencies_ms: tuple[float, ...]
    """From the caller's last sound to the agent's first, of every turn that was answered."""
    unmeasured: int
    """Calls whose recording is not what the script says: sound was lost."""
    cores: float


@dataclass(frozen=True, slots=True)
class Rung:
    """A call that found no room, or did: its answer, and after how long."""

    answer: str
    ms: float

    @property
    def refused(self) -> bool:
        """503 that says when to come again."""
        told = re.search(r"^Retry-After: \d+", self.answer, re.M)
        return told is not None and self.answer.startswith("SIP/2.0 503 ")


def run() -> list[Figure]:
    """All figures, in about six minutes."""
    loaded = [asyncio.run(at_once(calls, rounds)) for calls, rounds in ROUNDS.items()]
    figures = [one | {"weights": ENGINES} for held in loaded for one in _figures(held)]
    full, slow = asyncio.run(over_lines()), asyncio.run(over_budget())
    return [*figures, *_refusals("lines", full), *_refusals("budget", slow)]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Pace against load, with its goals, and the distributions."""
    value = {f["name"]: f["value"] for f in figures}
    heard = [calls for calls, latencies in _LATENCIES.items() if latencies]
    series = {
        share: [(float(calls), value[f"response_{share}_ms_at_{calls}"]) for calls in heard]
        for share in ("p50", "p95")
    }
    goals = {f"goal p50 {GOAL_P50_MS} ms": GOAL_P50_MS, f"goal p95 {GOAL_P95_MS} ms": GOAL_P95_MS}
    drawn = charts.lines(series if heard else {}, "calls at a time", "ms", goals)
    note = "From the caller's last sound to the agent's first, in the recording at the caller's ear."
    by_load = {f"{calls} at a time": values for calls, values in _LATENCIES.items()}
    return [
        Plot("Response against load", charts.legend(list(series), 1) + drawn, note),
        Plot("Distribution", charts.legend(list(by_load)) + charts.cdf(by_load, "ms"), note),
    ]


async def at_once(calls: int, rounds: int) -> Loaded:
    """``calls`` callers at a time, ``rounds`` times, at one appliance."""
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name:
        folder = Path(name)
        async with backend(folder / "backend.db") as url, appliance(folder, url, engines=PROCESSES) as served:
            before, begun = tree_usage(served.pid).cpu_s, time.monotonic()
            results, latencies, unmeasured = [], list[float](), 0
            for _ in range(rounds):
                held = await load.talk(served, folder, calls)
                results += held
                measured = [_latencies(result) for result in held]
                unmeasured += measured.count(None)
                latencies += [ms for one in measured for ms in one or ()]
            cores = (tree_usage(served.pid).cpu_s - before) / (time.monotonic() - begun)
    _LATENCIES[calls] = latencies
    return Loaded(calls, tuple(results), tuple(latencies), unmeasured, cores)


def _latencies(result: CallerResult) -> list[float] | None:
    try:
        turns = measure(*load_recording(result.recording), result.lines, result.traces)
    except VoicecoreError:
        return None
    return [turn.latency_ms for turn in turns if turn.latency_ms is not None]


async def over_lines() -> list[Rung]:
    """One caller more than there are lines, while all are taken."""
    return await _beside(LINES, 1, {"engines": PROCESSES})


async def over_budget() -> list[Rung]:
    """Callers who come while replies are later than the budget allows."""
    return await _beside(TALKERS, RINGS, {"engines": PROCESSES, "admission": SLOW})


async def _beside(talkers: int, rings: int, sections: dict[str, Any]) -> list[Rung]:
    """``rings`` callers more, from the first refusal on, while ``talkers`` talk."""
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name:
        folder = Path(name)
        async with backend(folder / "backend.db") as url, appliance(folder, url, **sections) as served:
            up = asyncio.ensure_future(_all_up(served, talkers))
            talking = asyncio.ensure_future(load.talk(served, folder, talkers))
            try:
                await asyncio.wait_for(up, PATIENCE_S)
                return await _rung(served, rings, talking)
            finally:
                talking.cancel()
                await asyncio.gather(talking, return_exceptions=True)


async def _all_up(served: Served, calls: int) -> None:
    started = (event async for event in follow(served.feed) if event["type"] == "call.started")
    for _ in range(calls):
        await anext(started)


async def _rung(served: Served, rings: int, talking: asyncio.Future[list[CallerResult]]) -> list[Rung]:
    port = int(served.uri.rpartition(":")[2])
    found: list[Rung] = []
    begun = time.monotonic()
    while len(found) < rings and not talking.done() and time.monotonic() - begun < PATIENCE_S:
        await asyncio.sleep(RING_EVERY_S)
        rung = await asyncio.to_thread(ring, port)
        if rung.refused or found:
            found.append(rung)
    return found


def ring(port: int) -> Rung:
    """One call, hung up at once if it is taken."""
    begun = time.monotonic()
    with RtpPeer(0, "PCMU") as peer:
        answer = peer.ring(port)
        taken = Rung(answer, (time.monotonic() - begun) * 1000)
        if answer.startswith("SIP/2.0 200 "):
            peer.take(port, answer)
            peer.hang_up(port)
    return taken


def _figures(held: Loaded) -> list[Figure]:
    at, n, spoken = f"at_{held.calls}", len(held.results), len(held.latencies_ms)
    finished = sum(result.outcome in ("hung-up", "agent-hung-up") for result in held.results)
    refused = sum(result.outcome == "rejected" for result in held.results)
    missed = load.underruns(held.results) + sum(round(max(0.0, r.slip_ms) / TICK_MS) for r in held.results)
    p50, p95 = np.percentile(held.latencies_ms, (50, 95)) if spoken else (None, None)
    return [
        figure(f"response_p50_ms_{at}", p50, "ms", spoken, f"<= {GOAL_P50_MS}"),
        figure(f"response_p95_ms_{at}", p95, "ms", spoken, f"<= {GOAL_P95_MS}"),
        figure(f"calls_finished_{at}", finished, "calls", n, f">= {n}"),
        figure(f"calls_refused_{at}", refused, "calls, answers were late", n),
        figure(f"recordings_not_whole_{at}", held.unmeasured, "calls", n, "<= 0"),
        figure(f"missed_frames_{at}", missed, "frames of 20 ms", n, "<= 0"),
        figure(f"cores_per_call_{at}", held.cores / held.calls, "cores", n),
    ]


def _refusals(over: str, rung: Sequence[Rung]) -> list[Figure]:
    """How many of those who came over ``over`` were refused as they should be, and how soon."""
    n = len(rung)
    share = sum(one.refused for one in rung) / n if n else None
    soon = max((one.ms for one in rung), default=None)
    return [
        figure(f"refused_over_{over}", share, "of the callers", n, ">= 1"),
        figure(f"refused_over_{over}_ms", soon, "ms, the longest", n),
    ]
