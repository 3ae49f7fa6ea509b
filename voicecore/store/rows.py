"""A call as rows of the store's tables, and back; what is personal in them sealed, if the call has a key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from voicecore.errors import StoreError
from voicecore.ports import CallKey
from voicecore.store import tables as t
from voicecore.store.exports import CallRecord
from voicecore.types import CallInfo, ToolTrace, TurnTrace, Word

Opener = Callable[[], CallKey]
"""Finds the key of the call that is read, when something sealed is met."""

_TURN = ("by", "caller_text", "confidence", "intent", "agent_text", "heard_text", "interrupted", "reopened")


def insert_call(db: sa.Connection, record: CallRecord, key: CallKey | None) -> None:
    """Raises StoreError("bad-record")."""
    info = record.info
    private = {"remote_uri": info.remote_uri, "headers": dict(info.headers)}
    values = {
        "id": info.id,
        "direction": info.direction,
        "local_uri": info.local_uri,
        "agent": record.agent,
        "engines": dict(record.engines),
        "began_at": record.began_at,
        "ended_at": record.ended_at,
        **sealed(private, {"remote_uri": "", "headers": {}}, key, "calls"),
        **outcome_values(record.outcome, key),
    }
    db.execute(sa.insert(t.calls).values(values))
    if record.recording is not None:
        db.execute(sa.insert(t.recordings).values(call_id=info.id, path=record.recording))


def outcome_values(outcome: dict[str, Any] | None, key: CallKey | None) -> dict[str, Any]:
    """The columns that say how a call ended."""
    duration = (outcome or {}).get("duration_s")
    if key is None or outcome is None:
        return {"outcome": sa.null() if outcome is None else outcome, "duration_s": duration}
    text = key.seal(_dumped(outcome), "outcome")
    return {"outcome": sa.null(), "sealed_outcome": text, "duration_s": duration}


def insert_turn(db: sa.Connection, call_id: str, turn: TurnTrace, key: CallKey | None) -> None:
    """One with the same index is replaced. Raises StoreError("bad-record")."""
    place = {"call_id": call_id, "turn": turn.index}
    db.execute(sa.delete(t.turns).where(t.turns.c.call_id == call_id, t.turns.c.turn == turn.index))
    values = {**place, **{name: getattr(turn, name) for name in _TURN}, "wait_ms": turn.wait_ms}
    values["wait_reasons"] = list(turn.wait_reasons)
    words = turn.caller_words
    if key is not None:
        blank = {"caller_text": "", "intent": "", "agent_text": "", "heard_text": "", "wait_reasons": []}
        private = {name: values[name] for name in blank} | {"words": [asdict(word) for word in words]}
        values |= sealed(private, blank, key, f"turns/{turn.index}")
        words = ()
    db.execute(sa.insert(t.turns).values(values))
    spoken = [{"text": w.text, "start_s": w.start, "end_s": w.end, "confidence": w.confidence} for w in words]
    times = [{"stage": stage, "at_s": at} for stage, at in turn.times.items()]
    work = [{"stage": stage, "ms": ms} for stage, ms in turn.work_ms.items()]
    for table, rows in ((t.words, spoken), (t.stages, times), (t.work, work)):
        if rows:
            db.execute(sa.insert(table), [{**place, "position": nth, **row} for nth, row in enumerate(rows)])


def insert_tool(db: sa.Connection, call_id: str, tool: ToolTrace, key: CallKey | None) -> None:
    """Raises StoreError("bad-record")."""
    private = {"arguments": dict(tool.arguments), "result": dict(tool.result)}
    values = {
        "call_id": call_id,
        "turn": tool.turn,
        "name": tool.name,
        "ok": tool.ok,
        "start_s": tool.start,
        "end_s": tool.end,
        **sealed(private, {"arguments": {}, "result": {}}, key, _place(tool.turn, tool.name, tool.start)),
    }
    db.execute(sa.insert(t.tools).values(values))


def read_call(db: sa.Connection, row: Mapping[str, Any], key: Opener) -> CallRecord:
    """The whole call of a row of ``calls``. Raises StoreError (``key``'s, and ``bad-seal``)."""
    call_id = row["id"]
    values = opened(row, key, "calls")
    path = sa.select(t.recordings.c.path).where(t.recordings.c.call_id == call_id)
    return CallRecord(
        info=CallInfo(call_id, row["direction"], values["remote_uri"], row["local_uri"], values["headers"]),
        agent=row["agent"],
        engines=row["engines"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        outcome=read_outcome(row, key),
        recording=db.execute(path).scalar(),
        turns=_read_turns(db, call_id, key),
        tools=tuple(_tool(tool, key) for tool in _rows(db, t.tools, call_id, t.tools.c.id)),
    )


def read_outcome(row: Mapping[str, Any], key: Opener) -> dict[str, Any] | None:
    """How the call of a row ended. Raises StoreError (``key``'s, and ``bad-seal``)."""
    if row["sealed_outcome"] is None:
        return row["outcome"]  # type: ignore[no-any-return]
    return json.loads(key().open(row["sealed_outcome"], "outcome"))  # type: ignore[no-any-return]


def sealed(
    private: Mapping[str, Any], blank: Mapping[str, Any], key: CallKey | None, place: str
) -> dict[str, Any]:
    """Columns that hold ``private``: as they are, or ``blank`` beside one that holds all of it sealed."""
    if key is None:
        return dict(private)
    return {**blank, "sealed": key.seal(_dumped(private), place)}


def opened(row: Mapping[str, Any], key: Opener, place: str) -> dict[str, Any]:
    """The row with what was sealed in it. Raises StoreError (``key``'s, and ``bad-seal``)."""
    if row["sealed"] is None:
        return dict(row)
    return {**row, **json.loads(key().open(row["sealed"], place))}


def _dumped(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as exc:
        raise StoreError("bad-record", "a value can't be kept as JSON") from exc


def _place(turn: int, name: str, start: float) -> str:
    return f"tools/{turn}/{name}/{float(start)!r}"


def _rows(
    db: sa.Connection, table: sa.Table, call_id: str, *order: sa.Column[Any]
) -> list[Mapping[str, Any]]:
    query = sa.select(table).where(table.c.call_id == call_id).order_by(*order)
    return [dict(row) for row in db.execute(query).mappings()]


def _read_turns(db: sa.Connection, call_id: str, key: Opener) -> tuple[TurnTrace, ...]:
    turns: dict[int, TurnTrace] = {}
    for row in _rows(db, t.turns, call_id, t.turns.c.turn):
        values = opened(row, key, f"turns/{row['turn']}")
        turns[row["turn"]] = TurnTrace(
            index=row["turn"],
            **{name: values[name] for name in _TURN},
            wait_ms=row["wait_ms"],
            wait_reasons=tuple(values["wait_reasons"]),
            caller_words=tuple(Word(**word) for word in values.get("words", ())),
        )
    for row in _rows(db, t.words, call_id, t.words.c.turn, t.words.c.position):
        word = Word(row["text"], row["start_s"], row["end_s"], row["confidence"])
        turns[row["turn"]].caller_words += (word,)
    for row in _rows(db, t.stages, call_id, t.stages.c.turn, t.stages.c.position):
        turns[row["turn"]].times[row["stage"]] = row["at_s"]
    for row in _rows(db, t.work, call_id, t.work.c.turn, t.work.c.position):
        turns[row["turn"]].work_ms[row["stage"]] = row["ms"]
    return tuple(turns.values())


def _tool(row: Mapping[str, Any], key: Opener) -> ToolTrace:
    values = opened(row, key, _place(row["turn"], row["name"], row["start_s"]))
    texts = (values["arguments"], row["ok"], values["result"])
    return ToolTrace(row["turn"], row["name"], *texts, row["start_s"], row["end_s"])
