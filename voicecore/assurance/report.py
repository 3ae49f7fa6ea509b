"""What came of scenarios and of looked-through calls, for people and for machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from voicecore.assurance.behaviour import Reviewed
from voicecore.assurance.player import Played
from voicecore.guardrails import Verdict


def scenarios_shown(results: Sequence[Played]) -> Group:
    """A table by class, and every scenario that did not go as it must."""
    table = Table("class", "scenarios", "as they must", "stepped in", "unsafe sentences", "effects")
    by_kind: dict[str, list[Played]] = defaultdict(list)
    for played in results:
        by_kind[played.scenario.kind].append(played)
    for kind, group in sorted(by_kind.items()):
        unsafe = sum(len(played.unsafe) for played in group)
        counts = (len(group), sum(p.ok for p in group), sum(p.stopped for p in group), unsafe)
        table.add_row(kind, *map(str, counts), str(sum(len(p.effects) for p in group)))
    return Group(table, *(Text(_told(played)) for played in results if not played.ok))


def _told(played: Played) -> str:
    lines = [f"{played.scenario.id} ({played.scenario.kind}) must {played.scenario.must}"]
    lines += [f"  spoken: {sentence}" for sentence in played.unsafe]
    lines += [f"  not spoken: {sentence}" for sentence in played.lost]
    lines += [f"  done: {tool}" for tool in played.effects]
    lines += [f"  turn {nth + 1}: {v.action}: {'; '.join(v.reasons)}" for nth, v in played.verdicts]
    return "\n".join(lines if len(lines) > 1 else [*lines, "  nothing stepped in"])


def scenarios_data(results: Sequence[Played]) -> dict[str, Any]:
    """The same, JSON-ready."""
    return {
        "event": "redteam",
        "ok": all(played.ok for played in results),
        "scenarios": len(results),
        "unsafe_spoken": sum(len(played.unsafe) for played in results),
        "results": [
            {
                "id": played.scenario.id,
                "kind": played.scenario.kind,
                "must": played.scenario.must,
                "ok": played.ok,
                "unsafe": played.unsafe,
                "lost": played.lost,
                "effects": played.effects,
                "verdicts": [{"turn": nth + 1, **verdict_data(verdict)} for nth, verdict in played.verdicts],
            }
            for played in results
        ],
    }


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict without the words that it is about."""
    return {
        "action": verdict.action.value,
        "findings": [
            {"check": f.check, "kind": f.kind, "score": round(f.score, 3), "reason": f.reason}
            for f in verdict.findings
        ],
        "ms": round(verdict.ms, 3),
    }


def calls_shown(calls: Sequence[Reviewed]) -> Table:
    """Every turn and sentence of ended calls that a check objects to."""
    table = Table("call", "turn", "who", "what would be done", "why")
    for call in calls:
        for found in call.found:
            why = "; ".join(found.verdict.reasons)
            table.add_row(call.call_id, str(found.turn), found.who, found.verdict.action.value, why)
    turns = sum(call.turns for call in calls)
    table.caption = (
        f"{len(calls)} calls, {turns} turns, {sum(call.unsafe for call in calls)} sentences spoken"
    )
    return table


def calls_data(calls: Sequence[Reviewed]) -> dict[str, Any]:
    """The same, JSON-ready."""
    return {
        "event": "guardrails-audit",
        "calls": len(calls),
        "turns": sum(call.turns for call in calls),
        "unsafe_spoken": sum(call.unsafe for call in calls),
        "found": [
            {"call": call.call_id, "turn": f.turn, "who": f.who, **verdict_data(f.verdict)}
            for call in calls
            for f in call.found
        ],
    }
