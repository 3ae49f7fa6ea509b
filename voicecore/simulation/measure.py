"""Measures pace in a recording made at the caller's ear: audible latency, interruptions, cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from voicecore.errors import VoicecoreError
from voicecore.simulation.sounds import voiced_span
from voicecore.simulation.visit import AUDIBLE, SpokenLine
from voicecore.simulation.words import edits, spoken_words
from voicecore.types import RATE, STAGES, AudibleTurn, Pcm, TurnTrace, Word

Span = tuple[int, int]
"""[first, one past last) samples of a recording."""

_ENDS_STAGE = {
    "asr_final": "asr",
    "planned": "plan",
    "tool_start": "plan",
    "tool_end": "tool",
    "tts_first": "tts",
    "queued": "playout",
    "played": "playout",
}
_JOIN = RATE // 4
"""Gaps up to 250 ms lie inside an utterance."""
_SHORTEST = RATE * 30 // 1000
_REACTION = RATE // 4
"""A sentence that the agent begins within 250 ms of an interruption is one it was about to say."""
_MISPLACED = RATE * 5 // 1000
_SEARCH = RATE // 20
_EARLY_S = 0.3
"""A trace may begin this much before its line: clocks are compared through events that take their time."""


def measure(
    caller: Pcm, agent: Pcm, lines: Sequence[SpokenLine], traces: Sequence[Mapping[str, Any]] = ()
) -> tuple[AudibleTurn, ...]:
    """One turn per line, from both channels of a recording (int16 at ``RATE``, one clock).

    ``lines`` say where to look for the caller, the sound itself says where it begins and ends.
    ``traces`` (``TurnTrace`` as dicts, on the recording's clock) add what was recognised and
    break the latency down. Raises VoicecoreError("recording-mismatch") when a line is not where it
    should be: then nothing else in the recording can be trusted either.
    """
    spans = [_located(caller, line) for line in lines]
    runs = audible_runs(agent)
    known = [parse_trace(trace) for trace in traces]
    moments = [span[line.kind == "dtmf"] / RATE for line, span in zip(lines, spans, strict=True)]
    owned = _by_line(known, moments)
    turns = []
    for i, line in enumerate(lines):
        until = spans[i + 1][0] if i + 1 < len(spans) else len(agent)
        turns.append(_turn(i, line, spans[i], until, runs, owned[i]))
    return tuple(turns)


def audible_runs(pcm: Pcm) -> list[Span]:
    """Where ``pcm`` is audible (peaks of -46 dBFS), as utterances: gaps up to 250 ms are bridged."""
    heard = np.flatnonzero(np.abs(pcm.astype(np.int32)) >= AUDIBLE)
    if not len(heard):
        return []
    breaks = np.flatnonzero(np.diff(heard) > _JOIN)
    firsts = heard[np.concatenate([[0], breaks + 1])]
    lasts = heard[np.concatenate([breaks, [len(heard) - 1]])]
    runs = zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)
    return [(first, last) for first, last in runs if last - first >= _SHORTEST]


def parse_trace(data: Mapping[str, Any]) -> TurnTrace:
    """A ``TurnTrace`` from its dict in the feed."""
    words = tuple(Word(**word) for word in data.get("caller_words", ()))
    return TurnTrace(**{**data, "caller_words": words})


def break_down(trace: TurnTrace, latency_ms: float) -> dict[str, float]:
    """``latency_ms`` by stage, along the critical path: work that was done while waiting costs nothing.

    Where the detector gave the end too early, that part of its wait lay within the caller's speech and
    doesn't count. Empty when the trace doesn't hold the end of speech, the commit and the first sample
    played, or tells of more time than can have passed (a clock that lost audio can't time stages).
    """
    times = trace.times
    if not {"speech_end", "commit", "played"} <= times.keys():
        return {}
    stages = dict.fromkeys(STAGES, 0.0)
    stages["wait"] = (times["commit"] - times["speech_end"]) * 1000
    reached = times["commit"]
    for name, at in sorted(times.items(), key=lambda item: item[1]):
        if name in _ENDS_STAGE and at > reached:
            stages[_ENDS_STAGE[name]] += (at - reached) * 1000
            reached = at
    stages["rest"] = latency_ms - (reached - times["speech_end"]) * 1000
    early_ms = max(0.0, -stages["rest"])
    if early_ms > stages["wait"]:
        return {}
    stages["wait"] -= early_ms
    stages["rest"] += early_ms
    return stages


def _located(caller: Pcm, line: SpokenLine) -> Span:
    """Where ``line`` really is in the recording."""
    if line.kind == "dtmf":
        return line.start, line.end
    begin = max(0, line.start - _SEARCH)
    first, last = voiced_span(caller[begin : line.end + _SEARCH])
    found = (begin + first, begin + last)
    if not last or max(abs(found[0] - line.start), abs(found[1] - line.end)) > _MISPLACED:
        raise VoicecoreError(
            "recording-mismatch",
            f"line {line.line + 1} should be at {line.start}-{line.end}, and sounds at {found[0]}-{found[1]}",
        )
    return found


def _by_line(traces: Sequence[TurnTrace], moments: Sequence[float]) -> list[list[TurnTrace]]:
    """The traces that belong to each line, by time; a line that was cut in two has two.

    ``moments``, seconds: where a spoken line begins, where keys end; that is when a trace begins.
    """
    owned: list[list[TurnTrace]] = [[] for _ in moments]
    for trace in traces:
        if trace.by in ("speech", "dtmf") and "speech_start" in trace.times:
            at = trace.times["speech_start"] + _EARLY_S
            before = [i for i, moment in enumerate(moments) if moment <= at]
            if before:
                owned[before[-1]].append(trace)
    return owned


def _turn(
    index: int,
    line: SpokenLine,
    span: Span,
    until: int,
    runs: Sequence[Span],
    traces: Sequence[TurnTrace],
) -> AudibleTurn:
    start, end = span
    reacts_at = start + (_REACTION if line.kind == "interruption" else 0)
    talking = next((run for run in runs if run[0] < reacts_at and start < run[1]), None)
    cut_off = any(reacts_at <= first < end for first, _ in runs)
    quiet_from = max(end, talking[1] if talking else 0)
    answer = None if cut_off else next((first for first, _ in runs if quiet_from <= first < until), None)
    recognised = " ".join(trace.caller_text for trace in traces if trace.caller_text)
    trace = _answering(traces, answer)
    latency_ms = None if answer is None else (answer - end) / RATE * 1000
    return AudibleTurn(
        index=index,
        kind="interruption" if talking and line.kind == "speech" else line.kind,
        said=line.text,
        recognised=recognised,
        edits=edits(spoken_words(line.text), spoken_words(recognised)),
        start=start / RATE,
        end=end / RATE,
        answer=None if answer is None else answer / RATE,
        answer_text=trace.agent_text if trace else "",
        silent_ms=(talking[1] - start) / RATE * 1000 if talking else None,
        overlap_ms=sum(max(0, min(end, last) - max(start, first)) for first, last in runs) / RATE * 1000,
        cut_off=cut_off,
        stages=break_down(trace, latency_ms) if trace and latency_ms is not None else {},
        trace=trace,
    )


def _answering(traces: Sequence[TurnTrace], answer: int | None) -> TurnTrace | None:
    """The trace whose speech was that answer, else the last one."""
    played = [trace for trace in traces if "played" in trace.times]
    if answer is None or not played:
        return traces[-1] if traces else None
    return min(played, key=lambda trace: abs(trace.times["played"] - answer / RATE))
