"""The benchmark ``stages``: p50, p95 and p99 of every stage at every load, and what fails its budget."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from itertools import takewhile

import numpy as np

from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from benchmarks.stages.budgets import ANSWER, Profile, Stage, choose_profile
from benchmarks.stages.engines import Engines, loaded
from benchmarks.stages.load import Line, Load, Samples
from models.engines import load
from voicecore.audio import resample
from voicecore.config import data_dir
from voicecore.console import charts
from voicecore.console.page import short, table
from voicecore.types import RATE

SAID = (
    "I would like to know why this invoice is so much higher than the last one.",
    "Can you tell me when my payment has to arrive, please?",
    "I am moving house in June, what do I have to do now?",
)
NAMES = {
    Stage.VAD: "voice activity, a frame of all calls",
    Stage.TURN_MODEL: "turn model",
    Stage.ASR_PARTIAL: "recognition, partial",
    Stage.ASR_FINAL: "recognition, final",
    Stage.LLM: "language model, first sentence",
    Stage.TTS: "speech, first audio",
}
NOT_MEASURED = "The output guardrail is not there yet. Playout is measured by `voicecore bench media`."
SHARES = (50, 95, 99)
LINE_RATE = 8000


def run() -> list[Figure]:
    """All figures of the chosen profile. Raises ConfigError (``bad-budgets``, ``unknown-profile``) and
    EngineError (``model-missing``, ``device-missing``, ...).
    """
    name, profile = choose_profile()
    cores = len(os.sched_getaffinity(0))
    busy = _figure("load_average_before", os.getloadavg()[0], f"on {cores} cores", 1)
    with loaded(profile) as engines:
        lines = [spoken(text) for text in SAID]
        asyncio.run(Load(engines, lines, 1, 1, profile.seconds).run())
        measured = [_measure(engines, lines, calls, profile) for calls in profile.loads]
        return [busy, *figures(name, profile, measured, engines.weights)]


def figures(
    name: str, profile: Profile, measured: Sequence[Samples], weights: Mapping[Stage, str]
) -> list[Figure]:
    """What was measured against the budgets: up to ``profile.calls`` at a time they are goals."""
    out: list[Figure] = []
    for samples in measured:
        out += [_stage(stage, samples, profile, weights[stage]) for stage in Stage]
        out += _whole(samples, profile)
    failures = sum(f["ok"] is False for f in out)
    held = [s.calls for s in takewhile(lambda samples: _holds(samples, profile), measured)]
    facts = {"profile": name, "about": profile.about}
    aimed = sum(f["ok"] is not None for f in out)
    return [
        *out,
        _figure("calls_within_budgets", max(held, default=0), "calls", len(measured)) | facts,
        _figure("budget_failures", failures, "of all goals", aimed, 0) | facts,
    ]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Every stage's latency against load with its budget, where the time goes, and all percentiles."""
    staged = [f for f in figures if "stage" in f]
    about = next(f"{f['profile']}: {f['about']}" for f in figures if "profile" in f)
    return [_time_plot(staged, about), *(_latency_plot(staged, stage) for stage in Stage), _all(staged)]


def _measure(engines: Engines, lines: list[Line], calls: int, profile: Profile) -> Samples:
    return asyncio.run(Load(engines, lines, calls, profile.turns, profile.seconds).run())


def spoken(text: str) -> Line:
    """A caller's words as they come over a telephone line, spoken by espeak-ng."""
    chunks = load("tts", "espeak", data_dir()).synthesize(text)
    sound = np.concatenate([chunk.pcm for chunk in chunks]).astype(np.float32)
    narrow = resample(resample(sound, RATE, LINE_RATE), LINE_RATE, RATE)
    return Line(text, np.clip(np.rint(narrow), -32768, 32767).astype(np.int16))


def percentiles(values: Sequence[float]) -> tuple[float | None, ...]:
    """At ``SHARES``, each a value that was observed; None of nothing."""
    if not values:
        return (None,) * len(SHARES)
    return tuple(float(v) for v in np.percentile(values, SHARES, method="higher"))


def _stage(stage: Stage, samples: Samples, profile: Profile, weights: str) -> Figure:
    values = samples.ms.get(stage, [])
    p50, p95, p99 = percentiles(values)
    budget = profile.budgets_ms[stage]
    goal = budget if samples.calls <= profile.calls else None
    found = _figure(f"{stage}_p95_ms_at_{samples.calls}", p95, "ms", len(values), goal)
    spread = {"p50": _rounded(p50), "p99": _rounded(p99)}
    where = {"stage": str(stage), "calls": samples.calls, "budget": budget, "weights": weights}
    return found | spread | where


def _whole(samples: Samples, profile: Profile) -> list[Figure]:
    """Of the stages that a caller waits for, one after the other; and turns in which an engine failed."""
    p50, p95, p99 = percentiles(samples.answers_ms)
    n = len(samples.answers_ms)
    failed = samples.failed.total()
    goal = 0 if samples.calls <= profile.calls else None
    return [
        _figure(f"answer_p95_ms_at_{samples.calls}", p95, "ms", n)
        | {"p50": _rounded(p50), "p99": _rounded(p99)},
        _figure(f"failed_turns_at_{samples.calls}", failed, "turns", n + failed, goal)
        | {"codes": dict(samples.failed)},
    ]


def _holds(samples: Samples, profile: Profile) -> bool:
    worst = {stage: percentiles(samples.ms.get(stage, []))[SHARES.index(95)] for stage in Stage}
    return not samples.failed and all(
        p95 is not None and p95 <= profile.budgets_ms[stage] for stage, p95 in worst.items()
    )


def _figure(name: str, value: float | None, unit: str, n: int, most: float | None = None) -> Figure:
    return figure(name, value, unit, n, None if most is None else f"<= {most:g}")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _time_plot(staged: Sequence[Figure], about: str) -> Plot:
    parts = {str(stage): NAMES[stage] for stage in ANSWER}
    loads = sorted({f["calls"] for f in staged})
    rows = [
        (
            _calls(calls),
            {f["stage"]: f["p50"] or 0 for f in staged if f["calls"] == calls and f["stage"] in parts},
        )
        for calls in loads
    ]
    markup = charts.legend(list(parts.values())) + charts.bars(rows, parts, "ms, median")
    return Plot("Where the time goes, from the end of the caller's words", markup, f"{about}. {NOT_MEASURED}")


def _latency_plot(staged: Sequence[Figure], stage: Stage) -> Plot:
    mine = [f for f in staged if f["stage"] == stage]
    shares = {"p50": "p50", "p95": "value", "p99": "p99"}
    series = {
        name: [(float(f["calls"]), f[key]) for f in mine if f[key] is not None]
        for name, key in shares.items()
    }
    budget = mine[0]["budget"]
    held = [f["calls"] for f in mine if f["goal"] is not None]
    drawn = charts.lines(
        {name: points for name, points in series.items() if points},
        "calls at a time",
        "ms",
        {f"budget {short(budget)} ms": budget},
    )
    promise = f"must hold up to {_calls(max(held))}" if held else "no goal at these loads"
    note = f"Budget {short(budget)} ms, {promise}. Weights: {mine[0]['weights']}."
    return Plot(f"Latency against load: {NAMES[stage]}", charts.legend(list(shares), 1) + drawn, note)


def _all(staged: Sequence[Figure]) -> Plot:
    rows = [
        (
            NAMES[Stage(f["stage"])],
            str(f["calls"]),
            *("—" if f[key] is None else short(f[key]) for key in ("p50", "value", "p99", "budget")),
            str(f["n"]),
            f["weights"],
        )
        for f in sorted(staged, key=lambda f: list(Stage).index(f["stage"]))
    ]
    head = ("stage", "calls", "p50 ms", "p95 ms", "p99 ms", "budget ms", "observations", "weights")
    note = "Times with synthetic weights are those of published ones of the same shape; the words are noise."
    return Plot("All percentiles", table(head, rows, numbers=(1, 2, 3, 4, 5, 6)), note)


def _calls(number: int) -> str:
    return f"{number} call" if number == 1 else f"{number} calls"
