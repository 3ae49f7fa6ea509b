"""A report as one HTML file without anything from outside: the frame, its style, and its building blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

_COLOURS = ("#7f8ea3", "#3d8bfd", "#8a63d2", "#e08e1b", "#2fa37c", "#d0538f", "#b3a78c", "#4bb3c9")
"""Of bars, lines and legends, in order; they read on light and dark ground."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a report, and what it should be."""

    name: str
    value: float | None
    """None: could not be measured; it then misses its goal, if it has one."""
    unit: str = ""
    goal: float | None = None
    at_most: bool = True
    """Whether the goal is a ceiling (else a floor)."""
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        if self.value is None:
            return False
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def shown(self) -> str:
        """The value with a sensible number of digits."""
        return "—" if self.value is None else short(self.value)

    @property
    def aim(self) -> str:
        """The goal in words."""
        return (
            ""
            if self.goal is None
            else f"{'≤' if self.at_most else '≥'} {short(self.goal)} {self.unit}".strip()
        )


def short(value: float) -> str:
    """A number for reading: three digits that count, thousands parted."""
    size = abs(value)
    if value == int(value) or size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.3g}"


def _style() -> str:
    """The style sheet, with the classes c0.. (fills) and l0.. (strokes) of the colours."""
    sheet = files("voicecore.console").joinpath("page.css").read_text("utf-8")
    fills = (f".legend i.c{i}{{background:{c}}}svg .c{i}{{fill:{c}}}" for i, c in enumerate(_COLOURS))
    strokes = (f"svg .l{i}{{stroke:{c}}}" for i, c in enumerate(_COLOURS))
    return "".join((sheet, *fills, *strokes))


def page(title: str, head: str, parts: Iterable[tuple[str, str]], script: str = "") -> str:
    """A whole document: ``head`` under the title, then each part (heading, markup) in a card."""
    body = "".join(
        f'<h2>{escape(heading)}</h2><section class="card">{markup}</section>' for heading, markup in parts
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_style()}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{head}{body}</main>"
        + (f"<script>{script}</script>" if script else "")
        + "</body></html>\n"
    )


def pill(words: str, good: bool) -> str:
    """A verdict."""
    return f'<span class="pill {"good" if good else "bad"}">{escape(words)}</span>'


def tiles(figures: Sequence[Figure]) -> str:
    """The figures that matter most, large."""
    out = []
    for figure in figures:
        unit = f" <small>{escape(figure.unit)}</small>" if figure.unit else ""
        below = figure.aim or figure.note
        mood = {True: ' class="good"', False: ' class="bad"', None: ' class="dim"'}[figure.passed]
        tail = f"<em{mood}>{escape(('goal ' if figure.aim else '') + below)}</em>" if below else ""
        out.append(
            f'<div class="tile"><span>{escape(figure.name)}</span><b>{figure.shown}{unit}</b>{tail}</div>'
        )
    return f'<div class="tiles">{"".join(out)}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table; cells are markup, columns in ``numbers`` are aligned right."""

    def row(kind: str, cells: Sequence[str]) -> str:
        made = (
            f"<{kind}{' class=num' if i in numbers else ''}>{cell}</{kind}>" for i, cell in enumerate(cells)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(row("td", cells) for cells in rows)
    return f"<table>{row('th', [escape(name) for name in head]) if head else ''}{body}</table>"


def facts(values: Mapping[str, object]) -> str:
    """Names and values, one per row."""
    return table((), [(f'<span class="dim">{escape(k)}</span>', escape(str(v))) for k, v in values.items()])


def write_page(path: Path, html: str) -> None:
    """Write a document, with the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
