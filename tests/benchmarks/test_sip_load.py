"""The benchmark ``sip-load``: what counts as a refusal, and what its figures say of callers' results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import sip_load
from benchmarks.report import render
from benchmarks.sip_load import ENGINES, Loaded, Rung, plots
from voicecore.simulation import CallerResult

REFUSED = "SIP/2.0 503 Service Unavailable\r\nRetry-After: 10\r\n\r\n"


def result(outcome: str, underruns: int = 0, lost_s: float = 0.0) -> CallerResult:
    """A call of ten seconds, of which the appliance's clock lost some."""
    ended = {"type": "call.ended", "outcome": {"underruns": underruns}, "at": 10.0, "t": 10.0 - lost_s}
    events = ({"type": "call.started", "at": 0.0, "t": 0.0}, ended)
    return CallerResult("any", outcome, (), (), Path("none.wav"), 10.0, 0.0, (), events, {})


def by_name(found: list[dict]) -> dict[str, dict]:
    return {figure["name"]: figure for figure in found}


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (REFUSED, True),
        (REFUSED.replace("Retry-After: 10\r\n", ""), False),
        (REFUSED.replace("503", "486"), False),
        ("SIP/2.0 200 OK\r\n\r\n", False),
        ("", False),
    ],
)
def test_a_refusal_is_503_and_says_when_to_come_again(answer: str, refused: bool):
    assert Rung(answer, 1.0).refused is refused


def test_late_answers_and_missed_frames_miss_their_goals():
    held = Loaded(2, (result("hung-up", 1), result("lost", 0, 0.04)), (200.0, 240.0, 900.0), 1, 0.5)
    found = by_name(sip_load._figures(held))
    assert (found["response_p50_ms_at_2"]["value"], found["response_p50_ms_at_2"]["ok"]) == (240, True)
    assert found["response_p95_ms_at_2"]["ok"] is False
    assert (found["missed_frames_at_2"]["value"], found["missed_frames_at_2"]["ok"]) == (3, False)
    assert (found["calls_finished_at_2"]["value"], found["calls_finished_at_2"]["ok"]) == (1, False)
    assert found["calls_refused_at_2"]["value"] == 0
    assert found["recordings_not_whole_at_2"]["ok"] is False
    assert found["cores_per_call_at_2"]["value"] == 0.25


def test_nothing_measured_is_no_number_and_misses_the_goal():
    found = by_name([*sip_load._figures(Loaded(1, (), (), 0, 0.0)), *sip_load._refusals("lines", [])])
    for name in ("response_p50_ms_at_1", "refused_over_lines"):
        assert (found[name]["value"], found[name]["ok"]) == (None, False)
    json.dumps(found, allow_nan=False)


def test_one_who_was_taken_spoils_the_share():
    found = by_name(sip_load._refusals("budget", [Rung(REFUSED, 5.0), Rung("SIP/2.0 200 OK\r\n\r\n", 20.0)]))
    assert (found["refused_over_budget"]["value"], found["refused_over_budget"]["ok"]) == (0.5, False)
    assert found["refused_over_budget_ms"]["value"] == 20


def test_the_report_shows_pace_against_load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sip_load, "_LATENCIES", {1: [200.0, 300.0], 2: [250.0, 700.0]})
    held = [Loaded(calls, (result("hung-up"),), (200.0, 300.0), 0, 0.1) for calls in (1, 2)]
    found = [one | {"weights": ENGINES} for each in held for one in sip_load._figures(each)]
    page = render("sip-load", found, plots(found), {})
    for words in ("goal p95 700 ms", "Response against load", "2 at a time", "real, embedded"):
        assert words in page
