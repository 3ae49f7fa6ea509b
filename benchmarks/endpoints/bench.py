"""Runs the end-of-turn benchmark: turns of voices nobody trained on, policies swept, figures and curves."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.endpoints.pauses import Score, listen
from benchmarks.endpoints.policies import Heard, Outcome, Silence, joined, scored, silences, sweep
from benchmarks.endpoints.sweep import Point, cutoff_at, detector, frontier, latency_at, timing
from benchmarks.endpoints.turns import (
    KINDS,
    Turn,
    digit_string,
    digits,
    hesitation,
    natural,
    on_the_line,
    sentences,
)
from benchmarks.figures import Figure, figure
from benchmarks.perception import area_under_curve
from benchmarks.report import Plot
from benchmarks.sounds import NoiseKind, Speaker, Split, speakers
from models.engines import load
from voicecore.config import TurnSettings, data_dir
from voicecore.console import charts
from voicecore.ports import Vad

BUDGETS_MS = (200, 300, 500, 800)
CUTOFFS = (0.05, 0.10)
LINES = ((None, NoiseKind.HUM), (20.0, NoiseKind.STREET), (10.0, NoiseKind.BABBLE))
"""SNR in dB (None: clean) and noise; every turn is heard on one of these lines, in rotation."""
SHORTEST_S = 0.2
"""Hold spans that eot-bench counts; with those from ``BRIEF_S`` on there are figures of their own."""
BRIEF_S = 0.1
NATURAL, HESITATIONS, LONGEST_S = 24, 18, 15.0
GROUPS = ((3, 3), (4, 4), (3, 3, 4), (2, 2, 2, 2), (3, 4), (5, 3))
OURS = "blend"
MODELS = {OURS: "_model_alone", "smart-turn": "_smart_turn"}
"""Turn engines by name, and what the names of their figures end in."""
FEWEST = 20
"""Sentences of a person worth measuring."""
FIRST_SCORE_S = 0.14
"""Silence until a score of the sound up to ``soft_end_ms`` is there."""


def run() -> list[Figure]:
    """All figures. Raises EngineError("model-missing"), ConfigError("no-prompts")."""
    figures: list[Figure] = measure()["figures"]
    return figures


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """The curve, and how each voice fares, from the figures alone; those without a value are not drawn."""
    value = {f["name"]: f["value"] for f in figures if f["value"] is not None}
    curves = {
        title: [
            (budget, 100 * value[name])
            for budget in BUDGETS_MS
            if (name := f"false_cutoff_rate{suffix}_at_{budget}ms") in value
        ]
        for title, suffix in (
            ("appliance", ""),
            ("its turn model alone", "_model_alone"),
            ("smart-turn alone", "_smart_turn"),
            ("voice activity alone", "_vad"),
        )
    }
    by_voice = [
        (name.removeprefix("false_cutoff_rate_at_300ms_"), {"share": 100 * share})
        for name, share in value.items()
        if name.startswith("false_cutoff_rate_at_300ms_")
    ]
    return [
        Plot(
            "False cut-offs against mean latency",
            charts.lines({name: points for name, points in curves.items() if points}, "ms", "%"),
            "Each line at budgets of 200, 300, 500 and 800 ms. Lower and further left is better.",
        ),
        Plot(
            "False cut-offs at 300 ms, by voice and kind of turn",
            charts.bars(by_voice, {"share": "cut"}, "%"),
        ),
    ]


def measure(split: Split = "test", seed: int = 1) -> dict[str, Any]:
    """Figures (as the runner wants them) and ``curves``: {policy: [[latency ms, false cut-offs], ...]}."""
    folder = data_dir()
    vad = load("vad", "silero", folder)
    models = {name: load("turn", name, folder).probability for name in MODELS}
    people = [speaker for speaker in speakers(split) if len(sentences(speaker)) >= FEWEST]
    heard = [one for speaker in people for one in hear_speaker(speaker, vad, models, seed)]
    return report(silences(heard, SHORTEST_S), silences(heard, BRIEF_S))


def report(decisions: Sequence[Silence], brief: Sequence[Silence]) -> dict[str, Any]:
    """``measure`` of decisions with pauses from ``SHORTEST_S`` and, ``brief``, from ``BRIEF_S`` on."""
    swept = sweep(lambda settings: joined(decisions, settings, OURS))
    curves = {
        "": [outcome.point for outcome in swept],
        "_without_slots": [
            outcome.point
            for outcome in sweep(lambda settings: joined(decisions, settings, OURS, slots=False))
        ],
        "_vad": timing(scored(decisions, OURS)),
    }
    curves |= {suffix: detector(scored(decisions, name), FIRST_SCORE_S) for name, suffix in MODELS.items()}
    figures = [*_budgets(curves, decisions), *_deployed(decisions), *_parts(swept, decisions)]
    figures += [*_brief(brief), *_areas(decisions)]
    drawn = {
        suffix: [[round(1000 * p.latency_s), round(p.cutoff, 4)] for p in frontier(points)]
        for suffix, points in curves.items()
    }
    return {"figures": figures, "curves": drawn}


def hear_speaker(speaker: Speaker, vad: Vad, models: Mapping[str, Score], seed: int) -> list[Heard]:
    """One person's turns as one call after the other hears them, in an order of chance."""
    rng = np.random.default_rng([seed, zlib.crc32(speaker.name.encode())])
    heard = []
    for nth, turn in enumerate(turns_of(speaker, rng)):
        snr_db, kind = LINES[nth % len(LINES)]
        arrived = on_the_line(turn, snr_db, kind, rng)
        heard.append(Heard(turn, snr_db, tuple(listen(turn, arrived, vad, models))))
    return heard


def turns_of(speaker: Speaker, rng: np.random.Generator) -> list[Turn]:
    """Turns of all kinds; no sentence is used both as it is and with a hesitation."""
    said = sentences(speaker)
    order = [said[nth] for nth in rng.permutation(len(said))]
    half = len(order) // 2
    plain = (natural(recording, rng) for recording in order[:half])
    halting = (hesitation(recording, rng) for recording in order[half:])
    turns = [turn for turn in plain if turn is not None and turn.end < LONGEST_S][:NATURAL]
    turns += [turn for turn in halting if turn is not None and turn.end < LONGEST_S][:HESITATIONS]
    spoken = digits(speaker)
    turns += [digit_string(spoken, groups, rng) for groups in GROUPS if spoken]
    return [turns[nth] for nth in rng.permutation(len(turns))]


def _holds(decisions: Sequence[Silence]) -> int:
    return sum(bool(np.isfinite(d.length_s)) for d in decisions)


def _budgets(curves: Mapping[str, Sequence[Point]], decisions: Sequence[Silence]) -> list[Figure]:
    holds = _holds(decisions)
    figures = []
    for suffix, points in curves.items():
        for budget in BUDGETS_MS:
            goal = "<= 0.1" if not suffix and budget == 300 else None
            rate = cutoff_at(points, budget / 1000)
            figures.append(figure(f"false_cutoff_rate{suffix}_at_{budget}ms", rate, "share", holds, goal))
        for share in CUTOFFS:
            late_ms, n = 1000 * latency_at(points, share), len(decisions) - holds
            figures.append(figure(f"latency{suffix}_at_{round(100 * share)}pct_ms", late_ms, "ms", n))
    return figures


def _deployed(decisions: Sequence[Silence]) -> list[Figure]:
    """The appliance as it is configured: one point of the curve."""
    outcome = joined(decisions, TurnSettings(), OURS)
    late_ms, n = 1000 * outcome.latency_s, len(outcome.latency_s)
    p50, p95 = np.percentile(late_ms, [50, 95])
    return [
        figure("deployed_false_cutoff_rate", outcome.cut.mean(), "share", len(outcome.cut), "<= 0.05"),
        figure("deployed_latency_mean_ms", late_ms.mean(), "ms", n),
        figure("deployed_latency_p50_ms", p50, "ms", n, "<= 250"),
        figure("deployed_latency_p95_ms", p95, "ms", n, "<= 700"),
    ]


def _parts(swept: Sequence[Outcome], decisions: Sequence[Silence]) -> list[Figure]:
    """Each voice, kind of turn and line by itself, at the budget of 300 ms."""
    figures = []
    for part in [*sorted({d.voice for d in decisions}), *KINDS]:
        own = [_of_part(outcome, part) for outcome in swept]
        rate = cutoff_at([outcome.point for outcome in own], 0.3)
        figures.append(figure(f"false_cutoff_rate_at_300ms_{part}", rate, "share", len(own[0].cut)))
    for snr_db, _ in LINES:
        own = [_on_line(outcome, snr_db) for outcome in swept]
        name = "clean" if snr_db is None else f"snr_{snr_db:.0f}"
        rate = cutoff_at([outcome.point for outcome in own], 0.3)
        figures.append(figure(f"false_cutoff_rate_at_300ms_{name}", rate, "share", len(own[0].cut)))
    return figures


def _of_part(outcome: Outcome, part: str) -> Outcome:
    return outcome.of(lambda decision: part in (decision.voice, decision.kind))


def _on_line(outcome: Outcome, snr_db: float | None) -> Outcome:
    return outcome.of(lambda decision: decision.snr_db == snr_db)


def _brief(decisions: Sequence[Silence]) -> list[Figure]:
    """With brief pauses counted as well."""
    points = [o.point for o in sweep(lambda settings: joined(decisions, settings, OURS))]
    outcome, n = joined(decisions, TurnSettings(), OURS), _holds(decisions)
    rates = [(f"at_{b}ms", cutoff_at(points, b / 1000)) for b in BUDGETS_MS]
    rates.append(("deployed", float(outcome.cut.mean())))
    return [figure(f"from_100ms_pauses_false_cutoff_rate_{name}", rate, "share", n) for name, rate in rates]


def _areas(decisions: Sequence[Silence]) -> list[Figure]:
    """What the turn models' scores are worth by themselves, where no slot helps."""
    spoken = [d for d in decisions if d.kind != "digits"]
    figures = []
    for name, suffix in MODELS.items():
        spans = scored(spoken, name)
        area = area_under_curve(spans.end_p, spans.hold_p)
        figures.append(figure(f"auc{suffix}", area, "", len(spans.hold_p)))
    return figures
