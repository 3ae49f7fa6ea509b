"""``voicecore bench replay``: how fast recorded calls go through the whole product again, and how alike.

The calls are held in memory between the billing agent and its scripted callers, with the embedded engines;
what the callers said is then replayed as ``voicecore replay`` does, in this process and in another.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from benchmarks.stopwatch import STAGES, Stopwatch
from models import engines as engine_table
from voicecore.config import Appliance, data_dir
from voicecore.console import charts
from voicecore.demo import EXAMPLE
from voicecore.examples.billing.backend import BillingBackend
from voicecore.pipeline.tools import HttpTools
from voicecore.replay import Backend, Played, Player, read_recording
from voicecore.replay.caller import ScriptedCaller
from voicecore.simulation import load_script
from voicecore.store.exports import from_json
from voicecore.types import RATE

SCRIPTS = ("main", "interrupts", "dtmf", "questions")
TODAY = date(2026, 11, 20)
ROUNDS = 3
HASH_SEEDS = ("1", "2")
"""Of the other processes that must decide alike."""
GOAL = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A call on disk, as an appliance leaves it: recording and export."""

    wav: Path
    export: Path
    digest: str
    """Of the call itself."""
    seconds: float


def run() -> list[Figure]:
    """All figures; about a minute on an idle machine. Raises EngineError("model-missing")."""
    with tempfile.TemporaryDirectory(prefix="voicecore-") as folder:
        kept = [_hold(Path(folder), name) for name in SCRIPTS]
        watch = Stopwatch()
        plain, watched = _player(), _player(watch)
        rounds = [[_again(plain, call) for call in kept] for _ in range(ROUNDS)]
        timed = [_again(watched, call) for call in kept]
        elsewhere = [[_in_another_process(call, seed) for call in kept] for seed in HASH_SEEDS]
    digests = [[played.digest for played in replays] for replays in (*rounds, timed)] + elsewhere
    same = [digest == first for replays in digests for digest, first in zip(replays, digests[0], strict=True)]
    as_live = [first == call.digest for first, call in zip(digests[0], kept, strict=True)]
    seconds, goal = sum(call.seconds for call in kept), f">= {GOAL}"
    return [
        figure("replay_speed", median(_speed(r, "took_s") for r in rounds), "x real time", ROUNDS, goal),
        figure("replay_speed_cpu", median(_speed(r, "cpu_s") for r in rounds), "x real time", ROUNDS),
        figure("replay_identical", sum(same) / len(same), "share", len(same), ">= 1"),
        figure("replay_as_live", sum(as_live) / len(as_live), "share", len(as_live)),
        figure("replayed_s", seconds, "s", len(kept)),
        *_costs(watch, timed),
    ]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """What a second of a call costs."""
    ends = "_cost_ms"
    costs = {f["name"].removesuffix(ends): f["value"] for f in figures if f["name"].endswith(ends)}
    note = f"Milliseconds of processor time per second of audio; {1000 / GOAL:.0f} are {GOAL}x real time."
    names = {**STAGES, "rest": "our own: ticks, floor, dialogue, playout"}
    goals = {f"{GOAL}x": 1000 / GOAL}
    picture = charts.bars([("a second of a call", costs)], names, "ms", goals)
    return [Plot("Where the time goes", picture, note)]


def _player(watch: Stopwatch | None = None) -> Player:
    appliance = Appliance(agent=EXAMPLE)
    return Player(appliance) if watch is None else Player(appliance, refit=watch.watch)


def _hold(folder: Path, name: str) -> Kept:
    """One scripted call in memory, with the example's back-end over HTTP."""
    script = load_script(EXAMPLE / "callers" / f"{name}.yaml", TODAY)
    tts = engine_table.load("tts", "espeak", data_dir(), voice=script.voice, rate=script.speed)
    player = _player()
    with BillingBackend(folder / f"{name}.db", today=TODAY) as backend:
        tools = Backend(live=HttpTools(player.agent.tools, backend.url))
        try:
            played = player.play(ScriptedCaller(script, tts), tools, TODAY)
        finally:
            asyncio.run(tools.close())
    return _keep(played, folder / name)


def _keep(played: Played, path: Path) -> Kept:
    wav, export = path.with_suffix(".wav"), path.with_suffix(".json")
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(played.caller.astype("<i2").tobytes())
    export.write_text(json.dumps(played.export))
    return Kept(wav, export, played.digest, played.seconds)


def _again(player: Player, call: Kept) -> Played:
    record = from_json(json.loads(call.export.read_text()))
    return player.play(read_recording(call.wav, record), Backend(record.tools), TODAY)


def _in_another_process(call: Kept, hash_seed: str) -> str:
    """The digest that ``voicecore replay`` prints."""
    command = [
        *(sys.executable, "-m", "voicecore", "replay", str(call.wav), "--agent", str(EXAMPLE)),
        *("--export", str(call.export), "--today", TODAY.isoformat(), "--json"),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout.splitlines()[-1])["digest"])


def _speed(replays: Sequence[Played], clock: str) -> float:
    took = sum(float(getattr(played, clock)) for played in replays)
    return sum(played.seconds for played in replays) / took


def _costs(watch: Stopwatch, replays: Sequence[Played]) -> list[Figure]:
    """Processor time per second of audio, by engine."""
    seconds, calls = sum(played.seconds for played in replays), len(replays)
    rest = sum(played.cpu_s for played in replays) - sum(watch.seconds.values())
    spent = {**{stage: watch.seconds[stage] for stage in STAGES}, "rest": rest}
    return [figure(f"{stage}_cost_ms", s / seconds * 1000, "ms per s", calls) for stage, s in spent.items()]
