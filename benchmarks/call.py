"""``voicecore bench call``: what callers hear, under load and over hundreds of calls, over real SIP and RTP.

The engines are the embedded ones (real, not synthetic): PocketSphinx, Silero, smart-turn, MiniLM, espeak-ng.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from benchmarks import conversations, load
from benchmarks.figures import Figure, figure
from benchmarks.human import Codec, Judged, carry, judge
from benchmarks.prompts import Prompt, list_prompts, list_sentences
from benchmarks.report import Plot
from benchmarks.wer import reference_texts, word_errors
from models import engines as engine_table
from voicecore.config import data_dir
from voicecore.console import charts
from voicecore.console.latency import STAGE_NAMES
from voicecore.console.latency import figures as turn_figures
from voicecore.ports import Asr

GOAL_P50_MS, GOAL_P95_MS = 250, 700
EN_PROMPTS, OTHER_PROMPTS = 40, 15
_MEASURED: dict[str, dict[str, float]] = {}
_LATENCIES: dict[str, list[float]] = {}


def run() -> list[Figure]:
    """All figures of the whole path; about half an hour, most of it the calls in a row."""
    return [*_pace(), *_at_once(), *_people(), *_in_a_row()]


def plots(_figures: Sequence[Figure]) -> list[Plot]:
    """The distribution of what was heard, and where the time of the median and the late turn went."""
    goals = {"p50 goal": float(GOAL_P50_MS), "p95 goal": float(GOAL_P95_MS)}
    note = "From the caller's last voiced sample to the agent's first, in the recording at the caller's ear."
    return [
        Plot("Audible latency", charts.cdf(_LATENCIES, "ms", goals), note),
        Plot("Where the time goes", charts.bars(list(_MEASURED.items()), STAGE_NAMES, "ms")),
    ]


def _pace() -> list[Figure]:
    """Whole conversations: audible latency, by stage, and whether the errands were done."""
    held = conversations.hold()
    known, n = turn_figures(held.turns), held.answered
    _LATENCIES["scripted callers"] = [t.latency_ms for t in held.turns if t.latency_ms is not None]
    for share in ("p50", "p95"):
        _MEASURED[share] = {stage: known.get(f"{stage}_{share}_ms", 0.0) for stage in STAGE_NAMES}
    stages = [
        figure(key, known[key], "ms", n)
        for stage in STAGE_NAMES
        for share in ("p50", "p95")
        if (key := f"{stage}_{share}_ms") in known
    ]
    done = sum(conversation.done for conversation in held.held)
    return [
        figure("audible_p50_ms", known["audible_p50_ms"], "ms", n, f"<= {GOAL_P50_MS}"),
        figure("audible_p95_ms", known["audible_p95_ms"], "ms", n, f"<= {GOAL_P95_MS}"),
        *stages,
        figure("cut_offs", known["cut_offs"], "turns", n),
        figure("silent_p50_ms", known["silent_p50_ms"], "ms", int(known["interruptions"])),
        figure("wer_scripted_callers", known["wer"], "share", n),
        figure("errands_done", done / len(held.held), "share", len(held.held), ">= 1"),
    ]


def _at_once() -> list[Figure]:
    """Four calls side by side; then the same beside a busy Python thread in the agent process."""
    together = asyncio.run(load.at_once())
    beside = asyncio.run(load.beside_a_busy_thread())
    calls = len(together.results)
    finished = sum(result.outcome in ("hung-up", "agent-hung-up") for result in together.results)
    return [
        figure("calls_at_once_finished", finished, "calls", calls, f">= {calls}"),
        figure("cpu_per_call_percent", together.cpu_percent_per_call, "% of a core", calls),
        figure("rss_at_4_calls_mb", together.rss_mb, "MB", together.processes, "<= 800"),
        figure("late_frames_p99_ms", beside.p99_ms, "ms", beside.ticks, "<= 30"),
        figure("underruns_beside_busy_thread", beside.underruns, "ticks", beside.ticks, "<= 0"),
        figure("late_frames_longest_ms", beside.longest_ms, "ms", beside.ticks),
    ]


def _people() -> list[Figure]:
    """Recorded human prompts through SIP: the floor's decisions, and word errors as they are."""
    folder, texts = data_dir(), reference_texts()
    vad = engine_table.load("vad", "silero", folder)
    turn = engine_table.load("turn", "smart-turn", folder)
    asr = engine_table.load("asr", "pocketsphinx", folder)
    sentences = [prompt for prompt in list_sentences() if prompt.name in texts]
    spanish, french = ([p for p in list_prompts(code) if p.speech][::20] for code in ("es", "fr"))
    sets: tuple[tuple[str, list[Prompt], Codec, Asr | None], ...] = (
        ("human_16k", sentences[:EN_PROMPTS], "G722", asr),
        ("human_8k", sentences[: EN_PROMPTS // 2], "PCMU", asr),
        ("human_es", spanish[:OTHER_PROMPTS], "G722", None),
        ("human_fr", french[:OTHER_PROMPTS], "G722", None),
    )
    figures: list[Figure] = []
    for name, prompts, codec, reader in sets:
        carried = asyncio.run(carry(prompts, codec))
        judged = [judge(prompt, vad, turn, reader) for prompt in carried]
        figures += _floor_figures(name, judged, [prompt.speech_s for prompt in carried])
        if reader is not None:
            errors = [word_errors(texts[c.prompt.name], j.text) for c, j in zip(carried, judged, strict=True)]
            wrong, words = (sum(column) for column in zip(*errors, strict=True))
            figures.append(figure(f"wer_{name}", wrong / words, "share", words))
    asr.close()
    return figures


def _floor_figures(name: str, judged: Sequence[Judged], ends: Sequence[float]) -> list[Figure]:
    n = len(judged)
    early = [any(at < end for at in turn.commits) for turn, end in zip(judged, ends, strict=True)]
    waits = [
        (min(at for at in turn.commits if at >= end) - end) * 1000
        for turn, end in zip(judged, ends, strict=True)
        if any(at >= end for at in turn.commits)
    ]
    soft = [sum(at < end for at in turn.soft_ends) for turn, end in zip(judged, ends, strict=True)]
    return [
        figure(f"{name}_heard", sum(turn.onset is not None for turn in judged) / n, "share", n, ">= 0.95"),
        figure(f"{name}_turns_cut_inside", sum(early) / n, "share", n),
        figure(f"{name}_early_work_discarded_per_turn", float(np.mean(soft)), "times", n),
        figure(f"{name}_commit_after_end_p50_ms", float(np.median(waits)), "ms", len(waits)),
    ]


def _in_a_row() -> list[Figure]:
    """Hundreds of calls through one appliance: all served, and memory that stays where it is."""
    row = asyncio.run(load.in_a_row())
    return [
        figure("calls_in_a_row", row.completed, "calls", load.CALLS_IN_A_ROW, f">= {load.CALLS_IN_A_ROW}"),
        figure("rss_slope_kb_per_100_calls", row.slope_kb_per_100, "KB", len(row.rss_kb), "<= 1024"),
    ]
