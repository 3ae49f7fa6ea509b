"""One device, two engines: the reading of a turn's end beside summaries that are being written, with the
engines keeping out of each other's way and without.

Both compute on all cores, so that they are in each other's way as on one GPU. Rounds with and without
alternate: the machine's own ups and downs meet both.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.engines_asr import ANYTHING
from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from benchmarks.stages.budgets import choose_profile
from benchmarks.weights import synthetic
from models.asr_whisper import Settings, WhisperAsr
from models.choice import Choice
from models.serving.clients import RemoteConversationLlm
from models.serving.host import EngineHost
from models.serving.spec import Spec
from models.sharing.board import Boards
from voicecore.console import charts
from voicecore.types import RATE, Expectation, Message, Pcm

THREADS = 2
SUMMARIES = 4
REPLY_TOKENS = 64
SPOKEN_S = 2.0
ROUNDS = 40
PAUSE_S = 0.15
"""Between two ends of turns: the summaries go on meanwhile."""
HEARD = Settings(tokens_per_s=3.5, partial_every_s=60, limits=ANYTHING)
"""Noise never ends by itself, and would be read again."""


@dataclass(slots=True)
class Written:
    """What the language model did meanwhile."""

    replies: int = 0
    talking: list[asyncio.Task[None]] = field(default_factory=list)


def run() -> list[Figure]:
    """How late the ends of turns are read, p95; each figure says of which weights."""
    profile = choose_profile()[1]
    with tempfile.TemporaryDirectory(prefix="voicecore-bench-") as folder:
        apart, beside = asyncio.run(_run(Path(folder)))
    late = {"with": np.percentile(beside, 95), "without": np.percentile(apart, 95)}
    place = f"on {profile.asr.device}"
    weights = {
        "weights": f"synthetic weights of {profile.asr.model}'s and {profile.llm.model}'s shapes, {place}"
    }
    figures = [
        figure("asr_final_shared_over_unshared", late["with"] / late["without"], "x", ROUNDS),
        *(
            figure(f"asr_final_{how}_giving_way_ms", ms, "ms", ROUNDS, p50=float(np.median(runs)))
            for (how, ms), runs in zip(late.items(), (beside, apart), strict=True)
        ),
    ]
    return [one | weights for one in figures]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """With and without, side by side."""
    rows = [(f["name"], {"ms": f["value"]}) for f in figures if f["name"].endswith("giving_way_ms")]
    note = "The end of a turn is read while summaries are written on the same device; 95 of 100 are faster."
    return [Plot("Who waits goes first", charts.bars(rows, {"ms": "p95"}, "ms"), note)]


async def _run(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds until the end was read, in ms: not sharing, sharing."""
    placed = choose_profile()[1].asr
    model, boards = synthetic(placed.model) / placed.model, Boards(folder)
    make = partial(WhisperAsr, model, placed.device, threads=THREADS, settings=HEARD)
    plain, sharing = make(), make(seat=boards.seat(placed.device))
    took: tuple[list[float], list[float]] = ([], [])
    try:
        async with _summaries(folder):
            for _ in range(ROUNDS):
                for asr, kept in zip((plain, sharing), took, strict=True):
                    kept.append(await asyncio.to_thread(_final_ms, asr))
                    await asyncio.sleep(PAUSE_S)
    finally:
        plain.close()
        sharing.close()
    return took


def _final_ms(asr: WhisperAsr) -> float:
    utterance = asr.open(Expectation())
    utterance.accept(_noise())
    begun = time.perf_counter()
    utterance.finish()
    return (time.perf_counter() - begun) * 1000


def _noise() -> Pcm:
    return np.random.default_rng(0).normal(0, 3000, round(SPOKEN_S * RATE)).astype(np.int16)


@contextlib.asynccontextmanager
async def _summaries(boards: Path) -> AsyncIterator[Written]:
    """A language model's process that writes ``SUMMARIES`` at a time, and gives way by ``boards``."""
    placed = choose_profile()[1].llm
    settings = {"reply_tokens": REPLY_TOKENS, "placement": dict(placed.placement)}
    options = {"settings": settings, "device": placed.device, "threads": THREADS}
    spec = Spec({"llm": Choice("llama", placed.model, options)}, synthetic(placed.model), boards)
    host = EngineHost("llm", spec)
    await asyncio.to_thread(host.start)
    written = Written()
    try:
        llm = RemoteConversationLlm(host)
        written.talking += [asyncio.ensure_future(_write(llm, n, written)) for n in range(SUMMARIES)]
        await asyncio.sleep(1)
        yield written
    finally:
        for task in written.talking:
            task.cancel()
        await asyncio.gather(*written.talking, return_exceptions=True)
        await asyncio.to_thread(host.stop)


async def _write(llm: RemoteConversationLlm, number: int, written: Written) -> None:
    while True:
        asked = Message("caller", f"Sum up call {number}, part {written.replies}.")
        async for _ in llm.reply(f"call {number}", [asked], urgent=False):
            pass
        written.replies += 1
