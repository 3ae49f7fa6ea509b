"""Audible latency as people read it: figures over many turns, and the table of one call by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from voicecore.types import STAGES, AudibleTurn

_NAMES = ("silence wait", "recognition", "understanding", "back-end", "synthesis", "playout", "line + VAD")
STAGE_NAMES: Mapping[str, str] = dict(zip(STAGES, _NAMES, strict=True))
"""Stages as people read them."""


def latency_table(turns: Sequence[AudibleTurn], goal_p50_ms: float = 250, goal_p95_ms: float = 700) -> Table:
    """A row per turn, milliseconds; audible latency is green up to the p50 goal, red beyond the p95 goal.

    ``silent``: how long the agent went on when it was interrupted.
    """
    legend = ", ".join(f"{key}: {name}" for key, name in STAGE_NAMES.items() if key != name)
    table = Table(
        title="Audible latency, ms (last voiced sample of the caller → first sample heard)",
        caption=legend,
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("#", justify="right", style="dim", no_wrap=True)
    table.add_column("caller said", overflow="fold")
    table.add_column("audible", justify="right", no_wrap=True)
    table.add_column("silent", justify="right", no_wrap=True, style="dim")
    for stage in STAGE_NAMES:
        table.add_column(stage, justify="right", style="dim", no_wrap=True)
    for turn in turns:
        cells = [_ms(turn.stages.get(stage)) for stage in STAGE_NAMES]
        said = f"⌨ {turn.said}" if turn.kind == "dtmf" else turn.said
        audible = _audible(turn, goal_p50_ms, goal_p95_ms)
        table.add_row(str(turn.index + 1), said, audible, _ms(turn.silent_ms), *cells)
    return table


def _audible(turn: AudibleTurn, goal_p50_ms: float, goal_p95_ms: float) -> Text:
    if turn.cut_off:
        return Text("cut off", style="bold red")
    if turn.latency_ms is None:
        return Text("no answer", style="dim")
    slow = turn.latency_ms > goal_p95_ms
    style = "green" if turn.latency_ms <= goal_p50_ms else "red" if slow else "yellow"
    return Text(f"{turn.latency_ms:.0f}", style=style)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def figures(turns: Sequence[AudibleTurn]) -> dict[str, float]:
    """Figures over many turns: counts, percentiles in milliseconds, word error rate.

    Latencies are those of spoken turns that were answered. A figure that has no turn to come from is
    absent: ``audible_p50_ms``, ``audible_p95_ms``, the same for each of ``STAGES`` and for ``silent`` (an
    interruption's first voiced sample to the agent's last audible one), ``wer``.
    """
    spoken = [turn for turn in turns if turn.kind != "dtmf"]
    answered = [turn for turn in spoken if turn.latency_ms is not None]
    found: dict[str, float] = {
        "turns": len(spoken),
        "answered": len(answered),
        "cut_offs": sum(turn.cut_off for turn in spoken),
        "interruptions": sum(turn.kind == "interruption" for turn in spoken),
    }
    found |= _percentiles("audible", [turn.latency_ms or 0.0 for turn in answered])
    found |= _percentiles("silent", [turn.silent_ms for turn in spoken if turn.silent_ms is not None])
    for stage in STAGES:
        found |= _percentiles(stage, [turn.stages[stage] for turn in answered if stage in turn.stages])
    compared = [turn for turn in spoken if turn.said and turn.trace is not None]
    if compared:
        steps = [step for turn in compared for step in turn.edits]
        found["wer"] = sum(a != b for a, b in steps) / max(1, sum(bool(a) for a, _ in steps))
    return found


def _percentiles(name: str, values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"{name}_p{p}_ms": round(float(np.percentile(values, p)), 1) for p in (50, 95)}
