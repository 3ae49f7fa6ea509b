"""The report of a benchmark as one HTML file: every figure against its goal, plots, and the machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from voicecore.console.machine import machine
from voicecore.console.page import facts, page, pill, short, table, write_page


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its heading; ``markup`` comes from ``voicecore.console.charts``."""

    title: str
    markup: str
    note: str = ""
    """What the reader should know to read it."""


def write_report(
    path: Path,
    name: str,
    figures: Sequence[Mapping[str, Any]],
    plots: Sequence[Plot] = (),
    environment: Mapping[str, object] | None = None,
) -> None:
    """Write the report of benchmark ``name`` to ``path``.

    Each figure has ``name``, ``value``, ``unit``, ``n`` (observations), ``goal`` (text or None) and ``ok``
    (None without a goal), perhaps ``weights`` (of which model, and whether they are synthetic).
    ``environment`` is added to what is known of the machine.
    """
    write_page(path, render(name, figures, plots, {**machine(), **(environment or {})}))


def render(
    name: str, figures: Sequence[Mapping[str, Any]], plots: Sequence[Plot], environment: Mapping[str, object]
) -> str:
    """The report as HTML."""
    aimed = [figure for figure in figures if figure["ok"] is not None]
    met = sum(bool(figure["ok"]) for figure in aimed)
    verdict = (
        pill(f"{met} of {len(aimed)} goals met", met == len(aimed)) if aimed else "No figure has a goal."
    )
    parts = [("Figures", _figures(figures))]
    parts += [
        (plot.title, plot.markup + (f'<p class="dim">{escape(plot.note)}</p>' if plot.note else ""))
        for plot in plots
    ]
    parts.append(("Measured on", facts(environment)))
    return page(f"voicecore bench {name}", f"<p>{verdict}</p>", parts)


def _figures(figures: Sequence[Mapping[str, Any]]) -> str:
    verdicts = {True: pill("met", True), False: pill("missed", False), None: ""}
    weighed = any("weights" in figure for figure in figures)
    rows = [
        (
            f"<code>{escape(str(figure['name']))}</code>",
            f"<b>{escape(_shown(figure['value']))}</b> {escape(str(figure['unit']))}",
            escape(_signs(figure["goal"])),
            verdicts[figure["ok"]],
            f"{figure['n']:,}" if isinstance(figure["n"], int) else escape(str(figure["n"])),
            *((escape(str(figure.get("weights", ""))),) if weighed else ()),
        )
        for figure in figures
    ]
    head = ("figure", "value", "goal", "", "observations", *(("weights",) if weighed else ()))
    return table(head, rows, numbers=(1, 2, 4))


def _signs(goal: object) -> str:
    return "" if goal is None else str(goal).replace("<=", "≤").replace(">=", "≥")


def _shown(value: object) -> str:
    """Numbers for reading; nan, None and words as they are."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return short(float(value))
    return "—" if value is None else str(value)
