"""Runs one benchmark by name: prints its figures, writes its HTML report, ends with one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from benchmarks.figures import Figure
from benchmarks.report import write_report
from voicecore.errors import ConfigError

BENCHES = {
    "kernels": "benchmarks.kernels",
    "perception": "benchmarks.perception",
    "wer": "benchmarks.wer",
    "call": "benchmarks.call",
    "media": "benchmarks.media_delay",
    "replay": "benchmarks.replay",
    "endpoints": "benchmarks.endpoints",
    "duplex": "benchmarks.duplex.bench",
    "engines": "benchmarks.engines",
    "stages": "benchmarks.stages.bench",
    "sip-load": "benchmarks.sip_load",
    "redaction": "benchmarks.redaction.bench",
    "guardrails": "benchmarks.guardrails.bench",
    "policy": "benchmarks.policy.bench",
    "audit": "benchmarks.audit",
    "egress": "benchmarks.egress.bench",
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
        print(json.dumps({"bench": name, "ok": ok, "figures": figures}, allow_nan=False))
    return 0 if ok else 1


def _table(name: str, figures: Sequence[Figure]) -> Table:
    more = [key for key in ("p50", "p99") if any(key in f for f in figures)]
    figure = Column("figure", overflow="fold")
    table = Table(figure, "value", "goal", "n", "", *more, title=f"voicecore bench {name}")
    for f in figures:
        mark = {True: "[green]ok[/]", False: "[red]missed[/]", None: ""}[f["ok"]]
        goal = "" if f["goal"] is None else str(f["goal"])
        value = f"{_shown(f['value'])} {f['unit']}"
        table.add_row(f["name"], value, goal, str(f["n"]), mark, *(_shown(f.get(key, "")) for key in more))
    table.caption = "\n".join(dict.fromkeys(f"weights: {f['weights']}" for f in figures if "weights" in f))
    return table


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return "—" if value is None else str(value)
