"""``voicecore bench redaction``: what is found of private data in spoken text, what wrongly, and how fast.

Private data comes from ``dev.txt``, ``test.txt`` and ``blind.txt``, each once as spoken and once with
recognition errors (``noise.py``); ordinary speech from ``ordinary_*.txt``. Figures named ``*_unseen`` are of
``unseen.txt`` and ``ordinary_unseen.txt`` alone, which were written when the finders were done and led to no
change. Presidio gets the same turns. Times are of the processor, so that
neighbours on the machine do not count.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, quantiles
from typing import Any

from benchmarks.figures import figure
from benchmarks.redaction.corpus import Case, cases
from benchmarks.redaction.noise import misheard
from benchmarks.redaction.presidio import analyse
from benchmarks.redaction.score import Score, Span, scored
from benchmarks.report import Plot
from voicecore.console import charts
from voicecore.redaction import Pattern, RedactionSettings, Redactor, Rules

Figure = dict[str, Any]
SEED = 20_261_120
PARTS = ("dev", "test", "blind")
PATTERNS = (
    Pattern(name="order", cues=("order number", "order"), shape="[A-Z]{2}[0-9]{6}"),
    Pattern(name="customer", cues=("customer number", "customer i d", "customer"), shape="[0-9]{8}"),
)
GOALS = {"recall_digit_entities": ">= 0.98", "precision_digit_entities": ">= 0.98"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a redactor found in some calls: for each its turns' spans; and processor time a turn, ms."""

    spans: list[list[list[Span]]]
    took: list[float]


def run() -> list[Figure]:
    """All figures; about half a minute."""
    parts = {name: cases(name) for name in (*PARTS, "unseen")}
    spoken = [case for name in PARTS for case in parts[name]]
    ordinary = [case for name in PARTS for case in cases(f"ordinary_{name}")]
    unseen = cases("ordinary_unseen")
    random = Random(SEED)
    noisy = [misheard(case, random) for case in spoken]
    ours = {name: redact(sets) for name, sets in (("", spoken), ("noisy", noisy), ("ordinary", ordinary))}
    score, worse = scored(spoken, ours[""].spans), scored(noisy, ours["noisy"].spans)
    took = [ms for found in ours.values() for ms in found.took]
    return [
        *_main(score, worse),
        _false_positives("false_positive_rate_ordinary", ours["ordinary"].spans, "<= 0.002"),
        {**figure("ms_per_utterance", fmean(took), "ms", len(took), "<= 1"), **_spread(took)},
        *_unseen(parts["unseen"], unseen),
        *_by_entity(score, "", "as spoken"),
        *_by_entity(worse, "_noisy", "with recognition errors"),
        *_presidio(spoken, noisy, ordinary),
    ]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Recall by entity, ours and Presidio's."""
    share = {f["name"]: 100 * (f["value"] or 0.0) for f in figures if f["unit"] == "share"}
    names = [n for n in share if n.startswith("recall_") and "digit" not in n and "all" not in n]
    ours = [(n.removeprefix("recall_"), {"share": share[n]}) for n in names if not n.endswith("_presidio")]
    theirs = [(n.removeprefix("recall_"), {"share": share[n]}) for n in names if n.endswith("_presidio")]
    return [
        Plot("Private data hidden", charts.bars(ours, {"share": "recall"}, "%")),
        Plot("Private data hidden by Presidio", charts.bars(theirs, {"share": "recall"}, "%")),
    ]


def redact(calls: Sequence[Case]) -> Found:
    """What our redactor finds, as each call reads at its end."""
    rules, spans, took = Rules(RedactionSettings(patterns=PATTERNS)), [], list[float]()
    for case in calls:
        redactor = Redactor(rules)
        for turn in case:
            began = time.thread_time()
            (redactor.spoken if turn.agent else redactor.heard)(turn.text)
            took.append((time.thread_time() - began) * 1000)
        turns = [redactor.turn(number) for number in range(len(case))]
        spans.append([[(f.entity, f.start, f.end) for f in turn.findings] for turn in turns])
    return Found(spans, took)


def _main(score: Score, worse: Score) -> list[Figure]:
    figures = []
    for group, name in (("digits", "digit_entities"), ("all", "all_entities")):
        for suffix, each in (("", score), ("_noisy", worse)):
            goals = GOALS if not suffix else {}
            values = {"recall": each.recall(group), "precision": each.precision(group)}
            values["naming"] = each.naming(group)
            counts = {"recall": each.planted[group]}
            for what, value in values.items():
                n = counts.get(what, each.found[group])
                figures.append(
                    figure(f"{what}_{name}{suffix}", value, "share", n, goals.get(f"{what}_{name}"))
                )
    return figures


def _unseen(private: Sequence[Case], ordinary: Sequence[Case]) -> list[Figure]:
    score = scored(private, redact(private).spans)
    noisy = [misheard(case, random) for random in [Random(SEED)] for case in private]
    worse = scored(noisy, redact(noisy).spans)
    return [
        figure("recall_digit_entities_unseen", score.recall("digits"), "share", score.planted["digits"]),
        figure("precision_digit_entities_unseen", score.precision("digits"), "share", score.found["digits"]),
        figure("recall_all_entities_unseen", score.recall("all"), "share", score.planted["all"]),
        figure(
            "recall_digit_entities_noisy_unseen", worse.recall("digits"), "share", worse.planted["digits"]
        ),
        _false_positives("false_positive_rate_unseen", redact(ordinary).spans),
    ]


def _by_entity(score: Score, suffix: str, how: str) -> list[Figure]:
    """Recall and precision of each entity, ``how`` they were spoken."""
    figures = []
    for name in sorted(score.planted.keys() - {"digits", "all"}):
        recall = figure(f"recall_{name}{suffix}", score.recall(name), "share", score.planted[name])
        precision = figure(f"precision_{name}{suffix}", score.precision(name), "share", score.found[name])
        figures += [recall | {"how": how}, precision | {"how": how}]
    return figures


def _false_positives(name: str, spans: Sequence[Sequence[Sequence[Span]]], goal: str | None = None) -> Figure:
    return figure(name, sum(any(turns) for turns in spans) / len(spans), "share", len(spans), goal)


def _spread(took: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(took, n=100)
    return {"p50": round(cuts[49], 4), "p99": round(cuts[98], 4)}


def _presidio(spoken: Sequence[Case], noisy: Sequence[Case], ordinary: Sequence[Case]) -> list[Figure]:
    """The same of Presidio; without values when it is not installed."""
    every = analyse([*spoken, *noisy, *ordinary])
    if every is None:
        names = ("recall_digit_entities", "precision_digit_entities", "false_positive_rate_ordinary")
        return [{**figure(f"{n}_presidio", 0.0, "share", 0), "value": None} for n in names]
    spans, took = every
    size = len(spoken)
    score, worse = scored(spoken, spans[:size]), scored(noisy, spans[size : 2 * size])
    groups = {f"{f['name']}_presidio": f for f in _main(score, worse)}
    return [
        *({**f, "name": name, "goal": None, "ok": None} for name, f in groups.items()),
        _false_positives("false_positive_rate_ordinary_presidio", spans[2 * size :]),
        {**figure("ms_per_utterance_presidio", fmean(took), "ms", len(took)), **_spread(took)},
        *_by_entity(score, "_presidio", "as spoken"),
    ]
