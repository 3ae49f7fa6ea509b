"""The report of one measured call, as a single HTML file: what was heard, when, and how fast."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from voicecore.console.charts import bars, legend
from voicecore.console.latency import STAGE_NAMES, figures
from voicecore.console.machine import machine
from voicecore.console.page import Figure, facts, page, pill, table, tiles, write_page
from voicecore.console.score import Label, score
from voicecore.types import RATE, AudibleTurn, Pcm

GOALS_MS = {"goal p50": 250.0, "goal p95": 700.0}
"""What the audible latency should be."""
_SEEK = """
const player=document.querySelector('audio');
if(player)document.querySelectorAll('.seek').forEach(row=>row.addEventListener('click',event=>{
const box=row.getBoundingClientRect(),at=(event.clientX-box.left)/box.width;
player.currentTime=Number(row.dataset.from)+at*Number(row.dataset.for);player.play();}));
"""


@dataclass(frozen=True, slots=True)
class CallReport:
    """All that the report shows. Both channels are int16 at ``RATE`` on one clock."""

    title: str
    done: bool
    """Whether the task was done in the back-end."""
    verdict: str
    """One sentence on that."""
    caller: Pcm
    agent: Pcm
    turns: Sequence[AudibleTurn]
    agent_says: Sequence[Label]
    """(seconds in the recording, words) as the agent began to speak."""
    figures: Sequence[Figure] = ()
    tools: Sequence[Mapping[str, Any]] = ()
    """The feed's "tool" events."""
    task: Mapping[str, object] = field(default_factory=dict)
    """What was found in the back-end afterwards."""
    environment: Mapping[str, object] = field(default_factory=dict)
    """Machine, engines, versions, and which parts are synthetic."""
    audio: bool = True
    """Whether the recording goes into the file (8 kHz, about 2 MB a minute)."""


class Visit(Protocol):
    """A scripted call as its caller lived it (``voicecore.simulation.CallerResult``)."""

    @property
    def script(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def drift_ms(self) -> float: ...
    @property
    def slip_ms(self) -> float: ...
    @property
    def recording(self) -> Path: ...
    @property
    def events(self) -> Sequence[Mapping[str, Any]]: ...


def write_report(
    path: Path,
    visit: Visit,
    turns: Sequence[AudibleTurn],
    errand: Mapping[str, bool],
    environment: Mapping[str, object] | None = None,
    audio: bool = True,
) -> None:
    """Write the report of one scripted call to ``path``.

    ``errand``: what the caller came for, and whether the back-end did it; without one the call itself
    is the task. ``environment`` is added to what is known of the machine; ``audio`` as in ``CallReport``.
    """
    caller, agent = _channels(visit.recording)
    done = all(errand.values()) if errand else visit.outcome in ("hung-up", "agent-hung-up")
    named = ", ".join(f"{name} {'done' if ok else 'not done'}" for name, ok in errand.items())
    report = CallReport(
        title=f"A scripted call: {visit.script}",
        done=done,
        verdict=f"{named or 'Nothing was asked of the back-end'}; the call ended with “{visit.outcome}”.",
        caller=caller,
        agent=agent,
        turns=turns,
        agent_says=heard_utterances(visit.events),
        figures=call_figures(turns, visit.seconds),
        tools=[event for event in visit.events if event["type"] == "tool"],
        task={name: "done" if ok else "not done" for name, ok in errand.items()},
        environment={
            **machine(),
            **_parts(visit.events),
            "clock of the recording": f"{visit.drift_ms:+.1f} ms against the machine's over the call",
            "clock of the appliance": f"{visit.slip_ms:.0f} ms behind the recording's in the end",
            **(environment or {}),
        },
        audio=audio,
    )
    write_page(path, render(report))


def heard_utterances(events: Sequence[Mapping[str, Any]]) -> list[Label]:
    """What the agent was heard to say and when it began: several utterances may be queued at once.

    ``at`` of an event is when it came, in seconds of the recording.
    """
    over = {(event["turn"], event["utterance"]): event for event in events if event["type"] == "agent.heard"}
    labels, free_at = list[Label](), 0.0
    for event in events:
        if event["type"] != "agent.says":
            continue
        heard = over.get((event["turn"], event["utterance"]))
        if heard is None or heard["text"]:
            labels.append((max(event["at"], free_at), event["text"]))
            free_at = heard["at"] if heard is not None else event["at"]
    return labels


def call_figures(turns: Sequence[AudibleTurn], seconds: float) -> list[Figure]:
    """The figures at the top of a call's report."""
    known = figures(turns)
    p50, p95 = GOALS_MS.values()
    shown = [
        Figure("audible latency, p50", known.get("audible_p50_ms"), "ms", p50),
        Figure("audible latency, p95", known.get("audible_p95_ms"), "ms", p95),
        Figure(f"cut off, of {known['turns']:.0f} lines", known["cut_offs"], goal=0),
    ]
    if "silent_p50_ms" in known:
        shown.append(Figure("silent when interrupted", known["silent_p50_ms"], "ms", p50))
    if "wer" in known:
        shown.append(
            Figure("word error rate", 100 * known["wer"], "%", note="as recognised, repairs included")
        )
    return [*shown, Figure("length of the call", seconds, "s")]


def _channels(path: Path) -> tuple[Pcm, Pcm]:
    """(caller, agent) of a stereo recording at ``RATE``."""
    with wave.open(str(path), "rb") as file:
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _parts(events: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What the feed tells about how the call was made."""
    started = next((event for event in events if event["type"] == "call.started"), None)
    return {} if started is None else {"codec": str(started.get("codec", ""))}


def render(report: CallReport) -> str:
    """The report as HTML."""
    verdict = pill("task done" if report.done else "task not done", report.done)
    head = f"<p>{verdict} {escape(report.verdict)}</p>"
    parts = [
        ("The call, as the caller heard it", _call(report)),
        ("Audible latency by turn and stage", _latencies(report.turns)),
        ("Said and understood", _understood(report.turns)),
        ("Confusions", _confusions(report.turns)),
        ("In the back-end", facts(report.task) + _tools(report.tools)),
        ("Measured on", facts(report.environment)),
    ]
    return page(report.title, head + tiles(report.figures), parts, _SEEK if report.audio else "")


def _call(report: CallReport) -> str:
    hint = " Click into a row to listen from there." if report.audio else ""
    keys = (
        '<p class="dim">Shaded: from the last voiced sample of the caller to the first audible sample '
        f"of the agent, in milliseconds.{hint}</p>"
    )
    player = _player(report.caller, report.agent) if report.audio else ""
    return player + keys + score(report.caller, report.agent, report.turns, report.agent_says)


def _player(caller: Pcm, agent: Pcm) -> str:
    """The recording itself, halved in rate by averaging pairs: to listen to, not to measure."""
    both = np.stack([caller, agent], axis=1)[: len(caller) // 2 * 2].astype(np.int32)
    halved = ((both[0::2] + both[1::2]) // 2).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE // 2)
        out.writeframes(halved.tobytes())
    data = base64.b64encode(file.getvalue()).decode()
    return f'<audio controls preload="metadata" src="data:audio/wav;base64,{data}"></audio>'


def _latencies(turns: Sequence[AudibleTurn]) -> str:
    rows = [
        (f"{turn.index + 1}  {turn.said}", turn.stages or {"rest": turn.latency_ms})
        for turn in turns
        if turn.latency_ms is not None and turn.kind != "dtmf"
    ]
    if not rows:
        return "<p>No spoken line was answered.</p>"
    note = (
        '<p class="dim">“line + VAD”: network, codec and jitter buffer both ways, and how late the '
        "voice detector saw the end of speech. Work done during the silence wait costs nothing.</p>"
    )
    return legend(list(STAGE_NAMES.values())) + bars(rows, STAGE_NAMES, "ms", GOALS_MS) + note


def _understood(turns: Sequence[AudibleTurn]) -> str:
    rows = []
    for turn in turns:
        trace = turn.trace
        sure = f"{trace.confidence:.0%}" if trace is not None and turn.kind != "dtmf" else ""
        wrong = sum(said != recognised for said, recognised in turn.edits)
        words = sum(bool(said) for said, _ in turn.edits)
        rate = f"{wrong / words:.0%}" if words and turn.kind != "dtmf" else ""
        said = f"⌨ {escape(turn.said)}" if turn.kind == "dtmf" else escape(turn.said)
        rows.append(
            (str(turn.index + 1), said + _flags(turn), _edits(turn), rate, sure, _answer(turn), _pace(turn))
        )
    head = ("#", "caller said", "understood as", "WER", "sure", "agent answered", "latency")
    return table(head, rows, numbers=(0, 3, 4, 6))


def _flags(turn: AudibleTurn) -> str:
    flags = []
    if turn.kind == "interruption":
        flags.append(f"interrupts, agent silent after {turn.silent_ms or 0:.0f} ms")
    if turn.trace is not None and turn.trace.reopened:
        flags.append(f"went on after a pause ×{turn.trace.reopened}")
    return f'<br><span class="dim">{escape(" · ".join(flags))}</span>' if flags else ""


def _edits(turn: AudibleTurn) -> str:
    """What was recognised, with the way from what was said marked in it."""
    if not turn.recognised:
        return '<span class="dim">nothing</span>'
    if turn.kind == "dtmf":
        return escape(turn.recognised)
    out = []
    for said, recognised in turn.edits:
        if said == recognised:
            out.append(escape(said))
        else:
            out.append(
                (f"<del>{escape(said)}</del>" if said else "")
                + (f"<ins>{escape(recognised)}</ins>" if recognised else "")
            )
    return " ".join(out)


def _answer(turn: AudibleTurn) -> str:
    trace = turn.trace
    if trace is None:
        return escape(turn.answer_text)
    if not trace.interrupted or not trace.agent_text.startswith(trace.heard_text):
        return escape(trace.agent_text)
    unheard = trace.agent_text[len(trace.heard_text) :]
    return f"{escape(trace.heard_text)}<s>{escape(unheard)}</s>"


def _pace(turn: AudibleTurn) -> str:
    if turn.cut_off:
        return '<span class="pill bad">cut off</span>'
    return "—" if turn.latency_ms is None else f"{turn.latency_ms:.0f}&nbsp;ms"


def _confusions(turns: Sequence[AudibleTurn]) -> str:
    """Every wrong word, how often."""
    wrong = Counter(
        step for turn in turns if turn.kind != "dtmf" for step in turn.edits if step[0] != step[1]
    )
    if not wrong:
        return "<p>Every word was recognised as it was said.</p>"
    gap = '<span class="dim">(nothing)</span>'
    rows = [
        (escape(said) or gap, escape(recognised) or gap, str(count))
        for (said, recognised), count in wrong.most_common()
    ]
    return table(("said", "recognised", "times"), rows, numbers=(2,))


def _tools(tools: Sequence[Mapping[str, Any]]) -> str:
    if not tools:
        return ""
    rows = []
    for tool in tools:
        call = f"<code>{escape(tool['name'])}({escape(_json(tool['arguments']))})</code>"
        took = "" if tool.get("ms") is None else f"{tool['ms']:.0f}&nbsp;ms"
        rows.append((f"{tool['t']:.1f}", call, f"<code>{escape(_json(tool['result']))}</code>", took))
    return table(("s", "tool", "result", "took"), rows, numbers=(0, 3))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
