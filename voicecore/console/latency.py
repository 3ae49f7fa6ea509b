"""The table of audible latency per turn, by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from voicecore.types import AudibleTurn

STAGE_NAMES: Mapping[str, str] = {
    "wait": "silence wait",
    "asr": "recognition",
    "plan": "understanding",
    "tool": "back-end",
    "tts": "synthesis",
    "playout": "playout",
    "rest": "line + VAD",
}
"""Stages of ``AudibleTurn.stages``, in order, as people read them."""


def latency_table(turns: Sequence[AudibleTurn], goal_p50_ms: float = 250, goal_p95_ms: float = 700) -> Table:
    """A row per turn, milliseconds; audible latency is green up to the p50 goal, red beyond the p95 goal."""
    table = Table(title="Audible latency, ms (last voiced sample of the caller → first sample heard)")
    table.add_column("#", justify="right", style="dim")
    table.add_column("caller said", overflow="ellipsis", max_width=34, no_wrap=True)
    table.add_column("audible", justify="right", no_wrap=True)
    for name in STAGE_NAMES.values():
        table.add_column(name, justify="right", style="dim")
    for turn in turns:
        cells = [_ms(turn.stages.get(stage)) for stage in STAGE_NAMES]
        said = f"⌨ {turn.said}" if turn.kind == "dtmf" else turn.said
        table.add_row(str(turn.index + 1), said, _audible(turn, goal_p50_ms, goal_p95_ms), *cells)
    return table


def _audible(turn: AudibleTurn, goal_p50_ms: float, goal_p95_ms: float) -> Text:
    if turn.cut_off:
        return Text("cut off", style="bold red")
    if turn.latency_ms is None:
        return Text("no answer", style="dim")
    slow = turn.latency_ms > goal_p95_ms
    style = "green" if turn.latency_ms <= goal_p50_ms else "red" if slow else "yellow"
    text = Text(f"{turn.latency_ms:.0f}", style=style)
    if turn.silent_ms is not None:
        text.append(f" (silent {turn.silent_ms:.0f})", style="dim")
    return text


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
