"""Benchmark reports: every figure with its goal and verdict, plots, and nothing from outside."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from benchmarks.report import Plot, render, write_report
from voicecore.console.charts import histogram


def figure(name: str, value: object, goal: str | None = None, ok: bool | None = None) -> dict:
    return {"name": name, "value": value, "unit": "ms", "n": 1234, "goal": goal, "ok": ok}


FIGURES = [
    figure("audible_p50_ms", 231.42, "<= 250", True),
    figure("audible_p95_ms", 812.0, "<= 700", False),
    figure("late <frames>", float("nan")),
    figure("turns", 31),
]


class Cells(HTMLParser):
    """The text of each table row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag == "tr":
            self.rows.append("")

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1] += data + "|"


def test_every_figure_is_shown_with_goal_and_verdict() -> None:
    cells = Cells()
    cells.feed(render("call", FIGURES, (), {"processor": "a <fast> one"}))
    assert "audible_p50_ms|231| ms|≤ 250|met|1,234|" in cells.rows
    assert "audible_p95_ms|812| ms|≤ 700|missed|1,234|" in cells.rows
    assert "late <frames>|nan| ms|1,234|" in cells.rows
    assert any(row.startswith("processor|a <fast> one|") for row in cells.rows)


def test_the_verdict_counts_goals_only() -> None:
    assert "1 of 2 goals met" in render("call", FIGURES, (), {})
    assert "No figure has a goal" in render("call", FIGURES[3:], (), {})


def test_a_report_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "call.html"
    plot = Plot("Latency", histogram([100, 200, 300], "ms", {"goal": 250}), "note & more")
    write_report(path, "call", FIGURES, [plot], {"engines": "none"})
    html = path.read_text()
    assert "<svg" in html
    assert "note &amp; more" in html
    assert "engines" in html
    assert not any(loader in html for loader in ("src=", "href=", "@import", "url("))
