"""The report of a call: one file that shows what was heard, what was understood, and how fast."""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from voicecore.console.report import heard_utterances, write_report
from voicecore.types import RATE, AudibleTurn, TurnTrace

TRACE = TurnTrace(
    1, agent_text="Your bill is high. Shall I explain?", heard_text="Your bill is high.", confidence=0.7
)
TURNS = (
    AudibleTurn(
        0,
        "speech",
        "my bill",
        "my pill",
        (("my", "my"), ("bill", "pill")),
        1.0,
        2.0,
        2.3,
        stages={"wait": 200.0, "rest": 100.0},
        trace=replace(TRACE, interrupted=True, reopened=1),
    ),
    AudibleTurn(
        1,
        "interruption",
        "stop & <go>",
        "",
        (("stop", ""), ("go", "")),
        4.0,
        5.0,
        None,
        silent_ms=210,
        cut_off=True,
    ),
    AudibleTurn(2, "dtmf", "4711", "4711", (), 7.0, 8.0, 8.5),
)


@dataclass(frozen=True)
class Visit:
    """As much of a caller's result as a report needs."""

    recording: Path
    script: str = "main"
    outcome: str = "hung-up"
    seconds: float = 20.0
    drift_ms: float = 0.4
    slip_ms: float = 3.0
    events: tuple = (
        {"type": "call.started", "codec": "G722"},
        {"type": "agent.says", "turn": 0, "utterance": "a", "at": 0.2, "text": "Hello <there>"},
        {"type": "agent.says", "turn": 0, "utterance": "b", "at": 0.2, "text": "How can I help?"},
        {"type": "agent.says", "turn": 0, "utterance": "c", "at": 0.2, "text": "Never heard"},
        {"type": "agent.heard", "turn": 0, "utterance": "a", "at": 4.0, "text": "Hello <there>"},
        {"type": "agent.heard", "turn": 0, "utterance": "b", "at": 6.0, "text": "How can"},
        {"type": "agent.heard", "turn": 0, "utterance": "c", "at": 6.0, "text": ""},
        {
            "type": "tool",
            "t": 3.0,
            "name": "latest_invoice",
            "arguments": {"n": "<1>"},
            "result": {"found": True},
            "ms": 12.0,
        },
    )


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    path = tmp_path / "call.wav"
    both = np.zeros((20 * RATE, 2), "<i2")
    both[RATE : 2 * RATE, 0] = 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(both.tobytes())
    return Visit(path)


def written(visit: Visit, errand: dict[str, bool], **more) -> str:
    path = visit.recording.parent / "report.html"
    write_report(path, visit, TURNS, errand, **more)
    return path.read_text()


def test_shows_words_confusions_latency_and_tools(visit: Visit) -> None:
    html = written(visit, {"latest_invoice": True}, environment={"recogniser": "weak"})
    assert "task done" in html
    assert "my <del>bill</del><ins>pill</ins>" in html
    assert "Your bill is high.<s> Shall I explain?</s>" in html
    assert "stop &amp; &lt;go&gt;" in html
    assert "<td>bill</td><td>pill</td>" in html
    assert "300&nbsp;ms" in html
    assert "agent silent after 210 ms" in html
    assert "went on after a pause ×1" in html
    assert "latest_invoice({&quot;n&quot;: &quot;&lt;1&gt;&quot;})" in html
    assert "Hello &lt;there&gt;" in html
    assert "G722" in html
    assert "weak" in html


def test_a_task_that_was_not_done_says_so(visit: Visit) -> None:
    assert "task not done" in written(visit, {"latest_invoice": True, "create_arrangement": False})
    assert "task not done" in written(replace(visit, outcome="lost"), {})
    assert "task done" in written(visit, {})


def test_waveforms_come_in_rows_with_gaps_and_cut_offs_marked(visit: Visit) -> None:
    html = written(visit, {})
    assert len(re.findall(r'<path class="caller"', html)) == 2
    assert len(re.findall(r'<rect class="gap"', html)) == 2
    assert len(re.findall(r'<rect class="cutoff"', html)) == 1
    assert ">300</text>" in html


def test_is_one_file_with_or_without_its_sound(visit: Visit) -> None:
    html = written(visit, {})
    assert html.count("src=") == html.count('src="data:audio/wav;base64,') == 1
    silent = written(visit, {}, audio=False)
    assert "<audio" not in silent
    assert len(silent) < 100_000
    assert not any(loader in silent for loader in ("src=", "href=", "@import", "url("))


def test_queued_utterances_begin_one_after_the_other(visit: Visit) -> None:
    assert heard_utterances(visit.events) == [(0.2, "Hello <there>"), (4.0, "How can I help?")]
