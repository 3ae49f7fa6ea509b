"""Whole simulated calls over a pretend appliance, on the audio clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from voicecore.config import parse_yaml
from voicecore.simulation import Errand, Script, caller, run_caller, run_callers
from voicecore.simulation.recording import load_recording

RATE = 16_000


def script(text: str) -> Script:
    return parse_yaml(text, "test.yaml", Script)


TALK = """
facts: {customer_number: "271838"}
lines:
  - {when: number, say: "{customer_number}", again: "it is {customer_number}"}
  - {when: right, check: customer_number, say: yes, if_wrong: no}
  - {when: bye, hangup: true}
"""


async def test_caller_answers_by_rule_and_repairs_a_misreading(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint(
        [
            ("Your customer number, please.", 900),
            ("I heard 2 7 1 8 8 8. Is that right?", 1200),
            ("Say the number again.", 600),
            ("I heard 2 7 1, 8 3 8. Is that right?", 1200),
            ("Good bye.", 400),
        ]
    )
    result = await run_caller(endpoint, "sip:x", script(TALK), tts, endpoint.listen(), tmp_path / "call.wav")
    assert [line.text for line in result.lines] == [
        "two seven one eight three eight",
        "no",
        "it is two seven one eight three eight",
        "yes",
    ]
    assert result.outcome == "hung-up"
    assert result.unused == ()
    assert result.lines[1].cue == "I heard 2 7 1 8 8 8. Is that right?"
    assert result.events[0]["type"] == "call.started"
    assert result.events[-1]["type"] == "call.ended"
    assert [who for _, who, _ in result.transcript] == ["agent", "caller"] * 4 + ["agent"]


async def test_lines_lie_in_the_recording_where_the_result_says(
    pretend_endpoint, tts, tmp_path: Path
) -> None:
    endpoint = pretend_endpoint([("Your number.", 900), ("Right?", 500), ("Bye.", 300)])
    result = await run_caller(endpoint, "sip:x", script(TALK), tts, endpoint.listen(), tmp_path / "call.wav")
    person, agent = load_recording(result.recording)
    assert len(person) == round(result.seconds * RATE)
    voiced = np.flatnonzero(np.abs(person) > 100)
    edges = np.flatnonzero(np.diff(voiced) > RATE // 10)
    starts = [voiced[0], *voiced[edges + 1]]
    ends = [*(voiced[edges] + 1), voiced[-1] + 1]
    assert [line.start for line in result.lines] == pytest.approx(starts, abs=2)
    assert [line.end for line in result.lines] == pytest.approx(ends, abs=2)
    assert np.abs(agent).max() > 1000
    assert result.drift_ms == 0


async def test_a_line_longer_than_the_ring_is_still_located_exactly(
    pretend_endpoint, tts, tmp_path: Path
) -> None:
    endpoint = pretend_endpoint([("Hello.", 500)])
    words = " ".join(["word"] * 20)
    talk = script(f"lines: [{{say: {words}, hangup: true}}]")
    result = await run_caller(endpoint, "sip:x", talk, tts, endpoint.listen(), tmp_path / "call.wav")
    (line,) = result.lines
    assert line.end - line.start == pytest.approx(20 * 0.2 * RATE, abs=2)


async def test_interruption_starts_when_asked(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([("A long explanation of everything.", 5000), ("All right.", 400)])
    talk = script(
        "lines: [{when: explanation, interrupt: 1000, say: stop please}, {when: all, hangup: true}]"
    )
    result = await run_caller(endpoint, "sip:x", talk, tts, endpoint.listen(), tmp_path / "call.wav")
    _, agent = load_recording(result.recording)
    onset = int(np.flatnonzero(np.abs(agent) > 100)[0])
    (line,) = result.lines
    assert line.kind == "interruption"
    assert (line.start - onset) / RATE == pytest.approx(1.0, abs=0.045)
    assert result.outcome == "hung-up"


async def test_keys_are_pressed_and_counted_as_a_line(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([("Enter your number.", 500), ("Bye.", 300)])
    talk = script("""
facts: {pin: "4711"}
lines: [{when: number, dtmf: "{pin}#"}, {when: bye, hangup: true}]
""")
    result = await run_caller(endpoint, "sip:x", talk, tts, endpoint.listen(), tmp_path / "call.wav")
    assert endpoint.agents[0].keys == "4711#"
    assert [(line.kind, line.text) for line in result.lines] == [("dtmf", "4711#")]


async def test_without_a_feed_silence_gives_the_floor(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([("Hello?", 500), ("And?", 500)])
    talk = script("lines: [{say: one two}, {say: three, hangup: true}]")
    result = await run_caller(endpoint, "sip:x", talk, tts, None, tmp_path / "call.wav")
    assert [line.text for line in result.lines] == ["one two", "three"]
    assert result.events == ()


async def test_a_busy_appliance_is_told_apart(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([], answers=False)
    result = await run_caller(endpoint, "sip:x", script(TALK), tts, None, tmp_path / "call.wav")
    assert (result.outcome, result.detail["code"], result.seconds) == ("rejected", 486, 0)


async def test_the_agent_hanging_up_ends_the_visit(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([("Something unrelated.", 300)])
    result = await run_caller(endpoint, "sip:x", script(TALK), tts, endpoint.listen(), tmp_path / "call.wav")
    assert result.outcome == "agent-hung-up"
    assert result.detail["by"] == "appliance"
    assert result.unused == (0, 1, 2)


async def test_calls_side_by_side_keep_their_feeds_apart(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint(*[[(f"Your number, caller {i}.", 900), ("Bye.", 300)] for i in range(3)])
    errands = [Errand("sip:x", script(TALK), tts, tmp_path / f"{i}.wav") for i in range(3)]
    results = await run_callers(endpoint, errands, endpoint.listen())
    assert [result.outcome for result in results] == ["hung-up"] * 3
    assert [result.lines[0].cue for result in results] == [f"Your number, caller {i}." for i in range(3)]
    assert [{event["call"] for event in result.events} for result in results] == [
        {f"in-{i}"} for i in range(3)
    ]


async def test_tells_what_is_really_said_as_it_begins(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([("Your number.", 500), ("Bye.", 300)])
    told: list[dict] = []
    await run_caller(
        endpoint, "sip:x", script(TALK), tts, endpoint.listen(), tmp_path / "call.wav", told.append
    )
    assert [(event["type"], event["kind"], event["text"]) for event in told] == [
        ("person.says", "speech", "two seven one eight three eight")
    ]


async def test_what_is_left_of_earlier_calls_is_not_ours(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([("Your number.", 500), ("Bye.", 300)])
    endpoint.feed.put_nowait({"type": "turn", "call": "earlier", "t": 9.0, "trace": {}})
    endpoint.feed.put_nowait({"type": "call.ended", "call": "earlier", "t": 9.0, "outcome": {}})
    result = await run_caller(endpoint, "sip:x", script(TALK), tts, endpoint.listen(), tmp_path / "call.wav")
    assert result.outcome == "hung-up"
    assert {event["call"] for event in result.events} == {"in-0"}


async def test_nobody_answering_ends_at_the_deadline(
    pretend_endpoint, tts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "ANSWER_S", 0.01)
    endpoint = pretend_endpoint([], answers=None)
    result = await run_caller(endpoint, "sip:x", script(TALK), tts, None, tmp_path / "call.wav")
    assert result.outcome == "not-answered"
    assert endpoint.agents[0].call.state == "ended"


async def test_a_call_without_sound_ends_at_the_deadline(
    pretend_endpoint, tts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "MEDIA_S", 0.01)
    monkeypatch.setattr(caller, "FEED_S", 0.01)
    monkeypatch.setattr("tests.simulation.conftest.PretendAgent.advance", lambda self: None)
    endpoint = pretend_endpoint([("Hello.", 300)])
    result = await run_caller(endpoint, "sip:x", script(TALK), tts, endpoint.listen(), tmp_path / "call.wav")
    assert (result.outcome, result.seconds) == ("no-media", 0)


async def test_being_cancelled_hangs_up(pretend_endpoint, tts, tmp_path: Path) -> None:
    endpoint = pretend_endpoint([], answers=None)
    task = asyncio.create_task(run_caller(endpoint, "sip:x", script(TALK), tts, None, tmp_path / "call.wav"))
    while not endpoint.agents:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert endpoint.agents[0].call.state == "ended"
