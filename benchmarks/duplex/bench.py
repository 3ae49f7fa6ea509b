"""``voicecore bench duplex``: full-duplex turn-taking over SIP at 8 kHz, measured at the caller's ear.

Three systems take the same calls in turn: the product, the product with a plain floor, and the product with
Pipecat's turn handling. All else is one code. Everything is measured in the recording of both directions that
the calling endpoint makes on one media clock (constant to 20 ms, and later than a packet capture: nothing is
subtracted). ``DUPLEX_CALLS`` shortens the run; ``DUPLEX_KEEP`` names a folder for recordings and the log of
events.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import endpoints
from benchmarks.duplex import tables
from benchmarks.duplex.cast import CALLS, background, digit_calls, full_calls
from benchmarks.duplex.metrics import Measure, panel
from benchmarks.duplex.script import Script
from benchmarks.duplex.stage import Run, play
from benchmarks.figures import Figure, figure
from benchmarks.peers.link import PIPECAT
from benchmarks.report import Plot
from voicecore.console import charts

SUFFIXES = {"ours": "", "baseline": "_baseline", "pipecat": "_pipecat"}
GOALS = {
    "L_R_p50_ms": "<= 250",
    "L_R_p95_ms": "<= 700",
    "L_Y_p50_ms": "<= 250",
    "L_Y_p95_ms": "<= 400",
    "yield_rate": ">= 0.95",
    "selectivity_backchannel": ">= 0.9",
    "selectivity_vocal_tic": ">= 0.85",
    "selectivity_non_directed": ">= 0.85",
    "false_cutoff_rate": "<= 0.05",
    "false_cutoff_rate_at_300ms": "<= 0.1",
    "events": ">= 300",
}
_LOWER = ("L_", "I_A", "false_cutoff")
"""Lines of which less is better."""
_UNITS = {"I_A": "per turn", "events": "events"}
_CUTOFFS = {"": "", "_baseline": "_vad", "_pipecat": "_smart_turn"}
"""What stands for each system in the end-of-turn benchmark, where nothing but the end of a turn is asked."""
_RUNS: list[Run] = []
_DIGITS: list[Run] = []
_ENDPOINTS: list[Figure] = []


def run() -> list[Figure]:
    """All figures; about half an hour. Raises ConfigError that names missing Debian packages."""
    calls = int(os.environ.get("DUPLEX_CALLS", CALLS))
    keep = os.environ.get("DUPLEX_KEEP")
    _RUNS[:], _DIGITS[:] = measure(full_calls(calls), digit_calls(), Path(keep) if keep else None)
    _ENDPOINTS[:] = endpoints.run()
    return [*figures(_RUNS), *_cutoffs(_ENDPOINTS), *_digits(_DIGITS)]


def measure(
    full: Sequence[Script], digits: Sequence[Script], keep: Path | None = None
) -> tuple[list[Run], list[Run]]:
    """Every script with every system that is installed; the calls of either sort."""
    systems = [name for name in SUFFIXES if name != "pipecat" or Path(PIPECAT[0]).exists()]
    scripts = [*full, *digits]
    noises = {script.name: pcm for script in scripts if (pcm := background(script)) is not None}
    runs = asyncio.run(play(systems, scripts, noises, keep))
    of = {question: [r for r in runs if r[1].script.question == question] for question in ("open", "digits")}
    return of["open"], of["digits"]


def figures(runs: Sequence[Run]) -> list[Figure]:
    """The panel of each system, and in how many of its lines ours is the best."""
    panels = {system: panel(tables.verdicts(runs, system)) for system in SUFFIXES}
    out = []
    for system, suffix in SUFFIXES.items():
        there = any(name == system for name, _ in runs)
        for name, line in panels[system].items():
            goal = GOALS.get(name) if system == "ours" else None
            out.append(_figure(name, suffix, line if there else None, goal))
    for system, suffix in SUFFIXES.items():
        if suffix and any(name == system for name, _ in runs):
            better, lines = _better(panels["ours"], panels[system])
            out.append(figure(f"lines_better_than{suffix}", better, "lines", lines, f">= {lines}"))
    for system, suffix in SUFFIXES.items():
        left = {held.rest.name: len(held.rest.steps) for name, held in runs if name == system}
        out.append(figure(f"events_not_reached{suffix}", sum(left.values()), "events", len(left)))
    return out


def _figure(name: str, suffix: str, line: Measure | None, goal: str | None) -> Figure:
    unit = "ms" if name.endswith("_ms") else _UNITS.get(name, "share")
    if line is None:
        return {"name": name + suffix, "value": None, "unit": unit, "n": 0, "goal": goal, "ok": None}
    return figure(name + suffix, line.value, unit, line.n, goal)


def _better(ours: Mapping[str, Measure], theirs: Mapping[str, Measure]) -> tuple[int, int]:
    """Lines in which ours is better, or as good where it can't be better; and all that can be compared."""
    better = lines = 0
    for name, line in ours.items():
        a, b = line.value, theirs[name].value
        if name == "events" or math.isnan(a) or math.isnan(b):
            continue
        sign, best = (-1, 0.0) if name.startswith(_LOWER) else (1, 1.0)
        lines += 1
        better += sign * (a - b) > 0 or a == b == best
    return better, lines


def _cutoffs(known: Sequence[Figure]) -> list[Figure]:
    """The end-of-turn benchmark's figures: the 300 ms budget of each system, then all of its own."""
    by_name = {f["name"]: f for f in known}
    out = []
    for suffix, theirs in _CUTOFFS.items():
        name = f"false_cutoff_rate_at_300ms{suffix}"
        if (f := by_name.pop(f"false_cutoff_rate{theirs}_at_300ms", None)) is not None:
            out.append(figure(name, f["value"], f["unit"], f["n"], None if suffix else GOALS[name]))
    return out + [{**f, "goal": None, "ok": None} for f in by_name.values()]


def _digits(runs: Sequence[Run]) -> list[Figure]:
    """Numbers that are read out: a voice that the tuning knew, so outside of the goals."""
    out = []
    for system, suffix in SUFFIXES.items():
        lines = panel(tables.verdicts(runs, system))
        for name in ("L_R_p50_ms", "L_R_p95_ms", "false_cutoff_rate"):
            line = lines[name] if lines[name].n else None
            out.append({**_figure(name, suffix, line, None), "name": f"digits_{name}{suffix}"})
    return out


def plots(_figures: Sequence[Figure]) -> list[Plot]:
    """Distributions, selectivity, what the agent did with each kind of sound, and by condition and voice."""
    systems = [system for system in SUFFIXES if any(name == system for name, _ in _RUNS)]
    of = {system: tables.verdicts(_RUNS, system) for system in systems}
    responses = {
        s: [v.response_ms for v in of[s] if v.response_ms is not None and v.sound.human] for s in systems
    }
    yields = {s: [v.yielded_ms for v in of[s] if v.yielded_ms is not None] for s in systems}
    keys = charts.legend(systems, first=1)
    heard = "At the caller's ear, in a recording of both directions on one clock; nothing subtracted."
    return [
        Plot(
            "Response latency L_R",
            keys + charts.cdf(responses, "ms", _marks("L_R")),
            heard,
        ),
        Plot("Yield latency L_Y", keys + charts.cdf(yields, "ms", _marks("L_Y")), heard),
        Plot("Selectivity", tables.selectivity(of), "Share of sounds that are no turn and had no effect."),
        *endpoints.plots(_ENDPOINTS),
        Plot("What the agent did with what it heard", tables.confusion_matrix(of), tables.CONFUSION_NOTE),
        Plot("By condition", tables.by_condition(_RUNS, systems)),
        Plot("By voice", tables.by_voice(of)),
        Plot("How it was measured", tables.method()),
        Plot("Calls", tables.calls(_RUNS + _DIGITS)),
    ]


def _marks(latency: str) -> dict[str, float]:
    return {f"{p} goal": float(GOALS[f"{latency}_{p}_ms"].split()[1]) for p in ("p50", "p95")}
