"""Small charts as inline SVG; colours are CSS classes of the page (``page.py``), so both themes fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from voicecore.types import Floats

WIDTH = 920
_LEFT, _RIGHT, _TOP, _AXIS = 64, 24, 22, 34

Marks = Mapping[str, float]
"""Vertical lines by their label: goals, percentiles."""


def tag(name: str, content: str = "", **attributes: object) -> str:
    """One element; ``content`` is markup. Attribute names have ``_`` for ``-``; a last one is dropped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>"


def svg(width: float, height: float, content: str, label: str) -> str:
    """A picture that scales to the page's width; ``label`` tells a screen reader what it shows."""
    return tag(
        "svg", content, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label, class_="chart"
    )


def text(x: float, y: float, words: str, class_: str = "label", anchor: str = "start") -> str:
    """Words at a point; they are escaped."""
    return tag("text", escape(words), x=x, y=y, class_=class_, text_anchor=anchor)


class Scale:
    """A linear axis from values to pixels, with round numbers on it (of counts: ``whole``)."""

    def __init__(self, low: float, high: float, start: float, end: float, whole: bool = False) -> None:
        high = high if high > low else low + 1
        self.step = max(_round_step((high - low) / 6), float(whole))
        self.low = math.floor(low / self.step) * self.step
        self.high = math.ceil(high / self.step - 1e-9) * self.step
        self._start, self._per_unit = start, (end - start) / (self.high - self.low)

    def __call__(self, value: float) -> float:
        return self._start + (value - self.low) * self._per_unit

    def ticks(self) -> Iterator[float]:
        for i in range(round((self.high - self.low) / self.step) + 1):
            yield self.low + i * self.step


def bars(
    rows: Sequence[tuple[str, Mapping[str, float]]],
    parts: Mapping[str, str],
    unit: str,
    marks: Marks | None = None,
) -> str:
    """A horizontal bar per row, stacked from its ``parts`` (key to name; colours follow their order).

    Negative parts count in the total that is written behind the bar, but have no length.
    """
    marks = marks or {}
    left, row_height = 260, 26
    totals = [sum(values.values()) for _, values in rows]
    x = Scale(0, max([*totals, *marks.values(), 1.0]) * 1.04, left, WIDTH - 60)
    bottom = _TOP + row_height * len(rows) + 6
    out = [_axis(x, bottom, unit), _marks(x, marks, bottom)]
    for i, (label, values) in enumerate(rows):
        y = _TOP + i * row_height + 4
        out.append(text(left - 10, y + 13, _shorten(label, 40), anchor="end"))
        at = 0.0
        for colour, (key, name) in enumerate(parts.items()):
            size = max(0.0, values.get(key, 0.0))
            if size:
                hint = tag("title", escape(f"{name}: {size:.0f} {unit}"))
                width = max(0.5, x(at + size) - x(at))
                box = {"x": x(at), "y": y, "width": width, "height": row_height - 8}
                out.append(tag("rect", hint, class_=f"c{colour}", **box))
                at += size
        out.append(text(x(at) + 6, y + 13, f"{totals[i]:.0f}", "value"))
    return svg(WIDTH, bottom + _AXIS, "".join(out), f"bars in {unit}")


def histogram(values: Sequence[float], unit: str, marks: Marks | None = None, bins: int = 40) -> str:
    """How often which value occurs."""
    marks = marks or {}
    data = np.asarray(values, float)
    x = Scale(
        min([data.min(initial=np.inf), *marks.values()]) if len(data) else 0,
        max([*values, *marks.values(), 0.0]),
        _LEFT,
        WIDTH - _RIGHT,
    )
    counts, edges = np.histogram(data, bins, (x.low, x.high))
    height, bottom = 220, 220 + _TOP
    y = Scale(0, max(1, int(counts.max(initial=0))), bottom, bottom - height + 10, whole=True)
    out = [_axis(x, bottom, unit), _levels(y)]
    for count, low, high in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if count:
            hint = tag("title", escape(f"{low:.3g} to {high:.3g} {unit}: {count}"))
            box = {"x": x(low), "y": y(count), "width": x(high) - x(low) - 1, "height": bottom - y(count)}
            out.append(tag("rect", hint, class_="c1", **box))
    out.append(_marks(x, marks, bottom))
    return svg(WIDTH, bottom + _AXIS, "".join(out), f"histogram in {unit}")


def cdf(series: Mapping[str, Sequence[float]], unit: str, marks: Marks | None = None) -> str:
    """The share of values up to x, a line per series."""
    marks = marks or {}
    kept = {name: np.sort(np.asarray(values, float)) for name, values in series.items() if len(values)}
    ends = [value for data in kept.values() for value in (data[0], data[-1])] + list(marks.values())
    x = Scale(min(ends, default=0.0), max(ends, default=1.0), _LEFT, WIDTH - _RIGHT)
    bottom = 240 + _TOP
    y = Scale(0, 100, bottom, _TOP)
    out = [_axis(x, bottom, unit), _levels(y, "%"), _marks(x, marks, bottom)]
    for colour, (name, data) in enumerate(kept.items()):
        shares = (np.arange(len(data)) + 1) / len(data) * 100
        path = f"M{x(float(data[0])):.1f} {y(0):.1f}"
        for value, share in zip(data.tolist(), shares.tolist(), strict=True):
            path += f"H{x(value):.1f}V{y(share):.1f}"
        out.append(tag("path", tag("title", escape(name)), d=path, class_=f"line l{colour + 1}"))
    return svg(WIDTH, bottom + _AXIS, "".join(out), f"distribution in {unit}")


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    x_unit: str,
    y_unit: str,
    limits: Mapping[str, float] | None = None,
) -> str:
    """Values over x, a line per series of (x, y); ``limits`` are horizontal lines by their label."""
    limits = limits or {}
    points = [point for data in series.values() for point in data] or [(0.0, 0.0)]
    x = Scale(min(p[0] for p in points), max(p[0] for p in points), _LEFT, WIDTH - _RIGHT)
    heights = [0.0, *(p[1] for p in points), *limits.values()]
    bottom = 240 + _TOP
    y = Scale(min(heights), max(heights), bottom, _TOP)
    out = [_axis(x, bottom, x_unit), _levels(y, y_unit), _limits(x, y, limits)]
    for colour, (name, data) in enumerate(series.items()):
        path = "M" + "L".join(f"{x(px):.1f} {y(py):.1f}" for px, py in data)
        out.append(tag("path", tag("title", escape(name)), d=path, class_=f"line l{colour + 1}"))
    return svg(WIDTH, bottom + _AXIS, "".join(out), f"{y_unit} over {x_unit}")


def legend(names: Sequence[str], first: int = 0) -> str:
    """Colour keys for ``names``; ``first`` is the first one's colour."""
    keys = (f'<span><i class="c{first + i}"></i>{escape(name)}</span>' for i, name in enumerate(names))
    return f'<p class="legend">{"".join(keys)}</p>'


def envelope(low: Floats, high: Floats, x0: float, step: float, middle: float, half: float) -> str:
    """The outline of a waveform as a path: extremes -1..1 per column, ``step`` pixels apart."""
    top = [f"{x0 + i * step:.1f} {middle - v * half:.1f}" for i, v in enumerate(high.tolist())]
    below = [f"{x0 + i * step:.1f} {middle - v * half:.1f}" for i, v in enumerate(low.tolist())]
    return "M" + "L".join([*top, *reversed(below)]) + "Z"


def _axis(x: Scale, bottom: float, unit: str) -> str:
    out = [tag("line", class_="axis", x1=x(x.low), x2=x(x.high), y1=bottom, y2=bottom)]
    for value in x.ticks():
        out.append(tag("line", class_="grid", x1=x(value), x2=x(value), y1=_TOP - 8, y2=bottom))
        out.append(text(x(value), bottom + 15, f"{value:g}", "tick", "middle"))
    out.append(text(x(x.high), bottom + 29, unit, "tick", "end"))
    return "".join(out)


def _levels(y: Scale, unit: str = "") -> str:
    out = []
    for value in y.ticks():
        out.append(tag("line", class_="grid", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y(value), y2=y(value)))
        out.append(text(_LEFT - 8, y(value) + 4, f"{value:g}", "tick", "end"))
    out.append(text(_LEFT - 8, _TOP - 8, unit, "tick", "end"))
    return "".join(out)


def _marks(x: Scale, marks: Marks, bottom: float) -> str:
    out = []
    for name, value in marks.items():
        out.append(tag("line", class_="mark", x1=x(value), x2=x(value), y1=_TOP - 4, y2=bottom))
        out.append(text(x(value), _TOP - 9, name, "tick", "middle"))
    return "".join(out)


def _limits(x: Scale, y: Scale, limits: Mapping[str, float]) -> str:
    out = []
    for name, value in limits.items():
        out.append(tag("line", class_="mark", x1=x(x.low), x2=x(x.high), y1=y(value), y2=y(value)))
        out.append(text(x(x.high), y(value) - 4, name, "tick", "end"))
    return "".join(out)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def _shorten(words: str, room: int) -> str:
    return words if len(words) <= room else words[: room - 1].rstrip() + "…"


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
