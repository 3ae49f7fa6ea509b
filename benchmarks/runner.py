"""Runs one benchmark by name: prints its figures, writes its HTML report, ends with one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.report import write_report
from voicecore.errors import ConfigError

Figure = dict[str, Any]
"""``name``, ``value``, ``unit``, ``n`` (how many observations), ``goal`` (text such as "<= 30", or None) and
``ok`` (None without a goal)."""

BENCHES = {
    "kernels": "benchmarks.kernels",
    "perception": "benchmarks.perception",
    "wer": "benchmarks.wer",
    "call": "benchmarks.call",
    "media": "benchmarks.media_delay",
    "replay": "benchmarks.replay",
    "endpoints": "benchmarks.endpoints",
    "duplex": "benchmarks.duplex.bench",
}
REPORTS = Path(__file__).parent / "reports"


def run_bench(name: str, as_json: bool, report: Path | None) -> int:
    """Run it; 0 when every goal was met, else 1. Raises ConfigError("unknown-bench")."""
    if name not in BENCHES:
        raise ConfigError("unknown-bench", f"no benchmark {name!r}; known: {', '.join(BENCHES)}")
    module = import_module(BENCHES[name])
    run: Callable[[], Sequence[Figure]] = module.run
    figures = list(run())
    Console(stderr=as_json).print(_table(name, figures))
    path = report or REPORTS / f"{name}.html"
    write_report(path, name, figures, module.plots(figures))
    Console(stderr=as_json).print(f"report: {path}")
    ok = all(figure["ok"] is not False for figure in figures)
    if as_json:
        print(json.dumps({"bench": name, "ok": ok, "figures": figures}))
    return 0 if ok else 1


def _table(name: str, figures: Sequence[Figure]) -> Table:
    table = Table("figure", "value", "goal", "n", "", title=f"voicecore bench {name}")
    for f in figures:
        value = f"{f['value']:.4g}" if isinstance(f["value"], float) else str(f["value"])
        mark = {True: "[green]ok[/]", False: "[red]missed[/]", None: ""}[f["ok"]]
        goal = "" if f["goal"] is None else str(f["goal"])
        table.add_row(f["name"], f"{value} {f['unit']}", goal, str(f["n"]), mark)
    return table
