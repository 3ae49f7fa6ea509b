"""The live view: plain lines without a terminal, a picture with one."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

from rich.console import Console

from voicecore.console.conversation import Conversation
from voicecore.console.live import LiveView, picture, watch

EVENTS = [
    {
        "type": "call.started",
        "call": "c1",
        "t": 0.0,
        "from": "sip:anna@x",
        "to": "sip:agent@y",
        "codec": "G722",
    },
    {
        "type": "agent.says",
        "call": "c1",
        "t": 0.1,
        "turn": 0,
        "utterance": "u1",
        "text": "Hello, how can I help?",
    },
    {"type": "floor", "call": "c1", "t": 0.1, "state": "speaking"},
    {
        "type": "agent.heard",
        "call": "c1",
        "t": 1.9,
        "turn": 0,
        "utterance": "u1",
        "text": "Hello,",
        "complete": False,
    },
    {"type": "person.says", "t": 2.0, "kind": "speech", "text": "my bill [please]"},
    {"type": "caller.partial", "call": "c1", "t": 2.4, "text": "my pill"},
    {"type": "floor", "call": "c1", "t": 2.4, "state": "hearing"},
]
LATER = [
    {
        "type": "caller.said",
        "call": "c1",
        "t": 3.0,
        "turn": 1,
        "text": "my pill",
        "confidence": 0.61,
        "by": "speech",
    },
    {
        "type": "tool",
        "call": "c1",
        "t": 3.2,
        "name": "latest_invoice",
        "ok": True,
        "arguments": {"customer_number": "482716"},
        "result": {},
        "ms": 12.4,
    },
    {"type": "turn", "call": "c1", "t": 3.5, "trace": {}},
    {"type": "call.ended", "call": "c1", "t": 4.0, "outcome": {"reason": "done"}},
]


async def feed(*events: dict) -> AsyncIterator[dict]:
    for event in events:
        yield event


async def test_without_a_terminal_each_event_is_a_line() -> None:
    out = io.StringIO()
    calls = await watch(feed(*EVENTS, *LATER), Console(file=out, width=60))
    assert [line.strip() for line in out.getvalue().splitlines()] == [
        "0.00s  call sip:anna@x → sip:agent@y (G722)",
        "0.10s       agent: Hello, how can I help?",
        "1.90s       agent  was cut short after: Hello,",
        "1.90s      caller: my bill [please]",
        "3.00s  understood: my pill  [61% sure]",
        "3.20s        tool: latest_invoice(customer_number=482716) ok 12 ms",
        '4.00s  call ended: {"reason": "done"}',
    ]
    assert "\x1b" not in out.getvalue()
    assert [call.outcome for call in calls] == [{"reason": "done"}]


async def test_on_a_dumb_terminal_too() -> None:
    out = io.StringIO()
    console = Console(file=out, width=60, force_terminal=True, _environ={"TERM": "dumb"})
    await watch(feed(*EVENTS), console)
    assert "agent: Hello, how can I help?" in out.getvalue()
    assert "\x1b[" not in out.getvalue()


async def test_stops_at_the_event_that_is_the_last() -> None:
    out = io.StringIO()
    await watch(feed(*EVENTS), Console(file=out), until=lambda event: event["type"] == "agent.says")
    assert len(out.getvalue().splitlines()) == 2


def shown(*events: dict) -> str:
    conversation = Conversation()
    for event in events:
        conversation.apply(event)
    console = Console(file=io.StringIO(), width=90, record=True)
    console.print(picture([conversation]))
    return console.export_text()


def test_picture_shows_talk_partial_floor_and_tools() -> None:
    during = shown(*EVENTS)
    assert "hearing my pill" in during
    assert "◉ hearing  2.4 s" in during
    assert "Hello, how can I help?  [cut short]" in during
    after = shown(*EVENTS, *LATER)
    assert "hearing my pill" not in after
    assert "understood my pill  [61% sure]" in after
    assert "✓ latest_invoice(customer_number=482716) ok 12 ms" in after
    assert "ended  4.0 s" in after


async def test_on_a_terminal_the_picture_is_redrawn() -> None:
    out = io.StringIO()
    console = Console(file=out, width=90, height=30, force_terminal=True, _environ={"TERM": "xterm"})
    await watch(feed(*EVENTS, *LATER), console)
    assert "\x1b[" in out.getvalue()
    assert "latest_invoice" in out.getvalue()


def test_calls_are_kept_apart() -> None:
    first, second = Conversation(), Conversation()
    for event in EVENTS:
        first.apply(event)
    second.apply({**EVENTS[0], "call": "c2", "from": "sip:bob@x"})
    console = Console(file=io.StringIO(), width=90, record=True)
    console.print(picture([first, second]))
    text = console.export_text()
    assert "sip:anna@x" in text
    assert "sip:bob@x" in text


def test_what_is_really_said_joins_the_newest_call() -> None:
    out = io.StringIO()
    with LiveView(Console(file=out, width=90)) as view:
        view.show(EVENTS[0])
        view.show({**EVENTS[0], "call": "c2"})
        view.show({"type": "person.says", "t": 1.0, "kind": "dtmf", "text": "4711"})
    assert [[said.text for said in call.said] for call in view.calls] == [[], ["4711"]]
    assert out.getvalue().splitlines()[-1].endswith("caller: 4711  [keys]")
