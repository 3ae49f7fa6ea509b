"""Figures and the table of audible latency."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from voicecore.console.latency import figures, latency_table
from voicecore.types import AudibleTurn, TurnTrace

STAGES = {"wait": 200.0, "asr": 0.0, "plan": 5.0, "tool": 10.0, "tts": 3.0, "playout": 20.0, "rest": 60.0}


def turn(index: int, latency_ms: float | None, kind: str = "speech", **more) -> AudibleTurn:
    answer = None if latency_ms is None else 2.0 + latency_ms / 1000
    edits = more.pop("edits", (("my", "my"), ("bill", "pill")))
    return AudibleTurn(index, kind, more.pop("said", "my bill"), "my pill", edits, 1.0, 2.0, answer, **more)


TURNS = (
    turn(0, 200, trace=TurnTrace(1), stages=STAGES),
    turn(
        1, 300, kind="interruption", silent_ms=180, trace=TurnTrace(2), edits=(("my", "my"), ("bill", "bill"))
    ),
    turn(2, 1000),
    turn(
        3,
        None,
        cut_off=True,
    ),
    turn(4, None),
    turn(5, 90, kind="dtmf"),
)


def test_figures_keep_keys_cut_offs_and_the_unanswered_out_of_latency() -> None:
    found = figures(TURNS)
    assert (found["turns"], found["answered"], found["cut_offs"], found["interruptions"]) == (5, 3, 1, 1)
    assert found["audible_p50_ms"] == pytest.approx(300)
    assert found["audible_p95_ms"] == pytest.approx(930)
    assert found["silent_p50_ms"] == pytest.approx(180)
    assert found["wait_p50_ms"] == pytest.approx(200)
    assert found["wer"] == pytest.approx(1 / 4)


def test_figures_without_anything_to_come_from_are_absent() -> None:
    assert figures([turn(0, None)]) == {"turns": 1, "answered": 0, "cut_offs": 0, "interruptions": 0}


def test_table_has_a_row_per_turn_and_fits_a_narrow_terminal() -> None:
    console = Console(file=io.StringIO(), width=80, record=True)
    long = turn(7, 812, stages=STAGES, silent_ms=123, said="four eight two seven one six if you please")
    console.print(latency_table([*TURNS, long]))
    text = console.export_text()
    rows = [line.split() for line in text.splitlines() if "my bill" in line]
    assert rows[0] == ["1", "my", "bill", "200", "200", "0", "5", "10", "3", "20", "60"]
    assert rows[1] == ["2", "my", "bill", "300", "180"]
    assert rows[3] == ["4", "my", "bill", "cut", "off"]
    assert rows[4] == ["5", "my", "bill", "no", "answer"]
    assert rows[5] == ["6", "⌨", "my", "bill", "90"]
    assert "812" in text
    assert "…" not in text
