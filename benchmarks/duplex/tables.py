"""What the report of the duplex benchmark shows beside its figures: tables and bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.duplex.metrics import Kind, Measure, Outcome, Verdict, confusion, panel
from benchmarks.duplex.stage import Run
from voicecore.console import charts
from voicecore.console.page import short, table

CONFUSION_NOTE = (
    "Rows: what the caller did, and whether the agent was speaking when it began. “fell silent”: within 2 s "
    "of the start of an interruption, within 1 s of what is none. “fell silent later”: up to 1 s after its "
    "end, which tau-voice does not count as an error."
)
METHOD = """
Real SIP and RTP at 8 kHz (PCMU); appliance and callers in processes of their own on one machine. The
calling endpoint records both directions on one media clock; everything is measured to the sample in that
recording, which shows an answer up to some 40 ms later than a packet capture would. Nothing is subtracted.

Definitions and windows are tau-voice's (sierra-research/tau2-bench, docs/interaction-metrics.md), with the
script's word for what a sound is. The agent speaks where its sound reaches -46 dBFS (speech ducked by 12 dB
does), and is silent after 200 ms below that. L_R: last voiced sample of a person's turn (no turn model
hears the end of synthetic speech) that ended with the agent silent, to the agent's first. L_Y: first voiced
sample of an interruption to the agent's last; later than 2 s is no yield. I_A: times the agent began inside
a turn, per turn. A backchannel, tic or aside is an error when the agent falls silent within 1 s of its
start, a tic or aside in silence when the agent speaks until 2 s after its end. False cut-off: the agent
began after a pause of 200 ms or more inside a turn, before its end.

Callers react to the agent, so the same script gives each system the same sounds at the same moments of the
agent's speech, not at the same seconds of the call; an agent that falls silent for nothing is spoken to
again after 2.2 s, one that does not answer after 4 s, and these turns count too.

Turns are recordings of people; interruptions, backchannels, tics and asides are people, other synthetic
voices than were trained on, and synthetic throats. All are of the test split.
"""
_LINES = {
    "L_R_p50_ms": "L_R p50",
    "L_R_p95_ms": "L_R p95",
    "response_rate": "answered",
    "false_cutoff_rate": "false cut-offs",
    "L_Y_p50_ms": "L_Y p50",
    "L_Y_p95_ms": "L_Y p95",
    "yield_rate": "yielded",
    "selectivity_backchannel": "backchannels",
    "selectivity_vocal_tic": "tics",
    "selectivity_non_directed": "asides",
    "I_A": "I_A",
    "events": "events",
}
_THROATS = "throat-"
"""Who makes vocal tics without a voice; one row for all."""

Verdicts = Mapping[str, Sequence[Verdict]]
"""By system."""


def method() -> str:
    """How it was measured, for the report."""
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in METHOD.strip().split("\n\n"))


def verdicts(runs: Sequence[Run], system: str) -> list[Verdict]:
    """All verdicts on one system."""
    return [verdict for name, held in runs if name == system for verdict in held.verdicts]


def selectivity(of: Verdicts) -> str:
    """A bar for each kind of sound and system."""
    panels = {system: panel(known) for system, known in of.items()}
    rows = [
        (f"{kind}: {system}", {system: 100 * lines[f"selectivity_{key}"].value})
        for key, kind in (
            ("backchannel", "backchannels"),
            ("vocal_tic", "vocal tics"),
            ("non_directed", "not directed at the agent"),
        )
        for system, lines in panels.items()
        if not math.isnan(lines[f"selectivity_{key}"].value)
    ]
    return charts.bars(rows, {system: system for system in of}, "%")


def confusion_matrix(of: Verdicts) -> str:
    """Kind of sound x what the agent did, for each system."""
    outcomes = [outcome.value for outcome in Outcome]
    rows = []
    for system, known in of.items():
        counted = confusion(known)
        for kind in Kind:
            for state in ("speaking", "silent"):
                counts = [counted[kind.value, state, outcome] for outcome in outcomes]
                if any(counts):
                    cells = [str(count) if count else "" for count in counts]
                    rows.append([system, kind.value, state, *cells])
    return table(["system", "sound", "agent", *outcomes], rows, numbers=range(3, 3 + len(outcomes)))


def by_condition(runs: Sequence[Run], systems: Sequence[str]) -> str:
    """The panel for each condition of the line and system."""
    conditions = dict.fromkeys(held.script.condition.name for _, held in runs)
    rows = []
    for condition in conditions:
        there = [run for run in runs if run[1].script.condition.name == condition]
        rows += [[condition, system, *_cells(panel(verdicts(there, system)))] for system in systems]
    return table(["line", "system", *_LINES.values()], rows, numbers=range(2, 2 + len(_LINES)))


def by_voice(of: Verdicts) -> str:
    """The panel for each voice and system."""
    voices = sorted({_voice(verdict) for known in of.values() for verdict in known})
    rows = [
        [escape(voice), system, *_cells(panel(v for v in known if _voice(v) == voice))]
        for voice in voices
        for system, known in of.items()
    ]
    return table(["voice", "system", *_LINES.values()], rows, numbers=range(2, 2 + len(_LINES)))


def calls(runs: Sequence[Run]) -> str:
    """How each call went, for whoever doubts the run."""
    rows = [
        [
            system,
            escape(held.script.name),
            escape(held.ended),
            f"{held.seconds:.0f}",
            str(len(held.sounds)),
            str(len(held.rest.steps)),
            f"{held.drift_ms:+.1f}",
            "/".join(map(str, held.lost)),
        ]
        for system, held in runs
    ]
    head = ["system", "call", "end", "s", "sounds", "not reached", "clock, ms", "packets lost"]
    return table(head, rows, numbers=range(3, len(head)))


def _voice(verdict: Verdict) -> str:
    voice = verdict.sound.voice
    return "throats" if voice.startswith(_THROATS) else voice


def _cells(lines: Mapping[str, Measure]) -> list[str]:
    return [_cell(name, lines[name]) for name in _LINES]


def _cell(name: str, line: Measure) -> str:
    if math.isnan(line.value):
        return ""
    if name.endswith("_ms") or name in ("events", "I_A"):
        return short(line.value)
    return f"{100 * line.value:.0f}&nbsp;%"
