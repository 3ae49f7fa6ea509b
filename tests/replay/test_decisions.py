"""Decisions as lines: canonical, without the wall clock, and a digest that sees every change."""

from __future__ import annotations

import json

from voicecore.replay.decisions import Decision, Tape, digest


def taped(ms: float, text: str = "hello") -> Tape:
    tape = Tape()
    tape.publish("tool", "call-1", 1.23456, ms=ms, name="find", ok=True)
    trace = {
        "index": 1,
        "caller_text": text,
        "work_ms": {"asr": ms},
        "times": {"commit": 1.0, "tool_start": ms},
    }
    tape.publish("turn", "call-1", 2.0, trace=trace)
    return tape


def test_the_wall_clock_leaves_no_trace() -> None:
    assert digest(taped(3.7).decisions) == digest(taped(8.1).decisions)
    assert json.loads(taped(3.7).decisions[1].line)["trace"]["times"] == {"commit": 1.0}


def test_every_other_change_shows() -> None:
    assert digest(taped(1, "hello").decisions) != digest(taped(1, "hallo").decisions)
    assert digest(taped(1).decisions) != digest(taped(1).decisions[:1])


def test_a_line_does_not_depend_on_the_order_of_fields() -> None:
    one = Decision(1.0, "tool", {"name": "find", "ok": True})
    assert one.line == Decision(1.0, "tool", {"ok": True, "name": "find"}).line
    assert one.line == '{"name":"find","ok":true,"t":1.0,"type":"tool"}'


def test_words_name_time_kind_and_facts() -> None:
    words = Decision(12.3456, "floor", {"state": "hearing"}).words
    assert words.split() == ["12.346", "floor", "state=hearing"]


def test_later_changes_of_an_event_do_not_reach_the_tape() -> None:
    tape, arguments = Tape(), {"n": "1"}
    tape.publish("tool", "call-1", 0.0, arguments=arguments)
    arguments["n"] = "2"
    assert tape.decisions[0].data["arguments"] == {"n": "1"}
