"""The relational call store: every write is one durable transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from voicecore.errors import StoreError
from voicecore.store import tables as t
from voicecore.store.database import open_engine, store_errors
from voicecore.store.exports import CallRecord, from_json, to_json
from voicecore.types import CallInfo, ToolTrace, TurnTrace, Word

_MISSING_CALL = ("FOREIGN KEY", "23503")
_TAKEN = ("UNIQUE", "23505")
"""What SQLite says in, or PostgreSQL has as the state of, an integrity error."""


def _now() -> datetime:
    return datetime.now(UTC)


class SqlStore:
    """``ports.Store`` on SQLAlchemy. Safe from any thread; survives a crash with all that was written.

    All methods raise StoreError: ``store-unavailable`` (locked, full, not reachable),
    ``store-damaged``, ``unknown-call``, ``duplicate-call``, ``bad-record`` (a value that can't be
    kept).
    """

    def __init__(self, url: str, clock: Callable[[], datetime] = _now) -> None:
        """``url``: ``sqlite:///FILE`` (made if missing, for its owner only) or another SQLAlchemy URL.

        Raises StoreError also with ``bad-url``, ``store-newer`` (a later schema; nothing is changed) and
        ``store-foreign`` (somebody else's database).
        """
        self._clock = clock
        self._engine = open_engine(url)
        try:
            with self._errors():
                self._prepare()
        except StoreError:
            self._engine.dispose()
            raise

    def begin_call(self, info: CallInfo, agent: str, engines: dict[str, str]) -> None:
        """A call was answered."""
        record = CallRecord(info, agent, engines, self._clock())
        with self._errors(info.id), self._engine.begin() as db:
            _insert_call(db, record)

    def add_turn(self, call_id: str, turn: TurnTrace) -> None:
        """Keep a turn; one with the same index is replaced (its reply was heard further)."""
        with self._errors(call_id), self._engine.begin() as db:
            _insert_turn(db, call_id, turn)

    def add_tool(self, call_id: str, tool: ToolTrace) -> None:
        """Keep a tool call."""
        with self._errors(call_id), self._engine.begin() as db:
            _insert_tool(db, call_id, tool)

    def end_call(self, call_id: str, outcome: dict[str, Any], recording: str | None) -> None:
        """The call is over; a second end replaces the first."""
        values = {"ended_at": self._clock(), "outcome": outcome, "duration_s": outcome.get("duration_s")}
        with self._errors(call_id), self._engine.begin() as db:
            changed = db.execute(sa.update(t.calls).where(t.calls.c.id == call_id).values(values))
            if not changed.rowcount:
                raise _unknown(call_id)
            db.execute(sa.delete(t.recordings).where(t.recordings.c.call_id == call_id))
            if recording is not None:
                db.execute(sa.insert(t.recordings).values(call_id=call_id, path=recording))

    def export(self, call_id: str) -> dict[str, Any]:
        """The whole call as JSON-ready data (``exports.to_json``)."""
        with self._errors(call_id), self._engine.connect() as db:
            return to_json(_read(db, call_id))

    def restore(self, data: dict[str, Any]) -> str:
        """Keep a call that ``export`` gave, here or elsewhere; its id. Raises ``bad-export`` as well."""
        record = from_json(data)
        with self._errors(record.info.id), self._engine.begin() as db:
            _insert_call(db, record)
            for turn in record.turns:
                _insert_turn(db, record.info.id, turn)
            for tool in record.tools:
                _insert_tool(db, record.info.id, tool)
            if record.recording is not None:
                db.execute(sa.insert(t.recordings).values(call_id=record.info.id, path=record.recording))
        return record.info.id

    def calls(self, limit: int = 50) -> list[dict[str, Any]]:
        """Calls, newest first: id, direction, remote_uri, local_uri, agent, began_at and ended_at (ISO
        8601), duration_s, outcome, recording, turns (how many)."""
        c = t.calls.c
        count = sa.select(sa.func.count()).where(t.turns.c.call_id == c.id).scalar_subquery()
        columns = (
            c.id,
            c.direction,
            c.remote_uri,
            c.local_uri,
            c.agent,
            c.began_at,
            c.ended_at,
            c.duration_s,
        )
        query = (
            sa.select(*columns, c.outcome, t.recordings.c.path.label("recording"), count.label("turns"))
            .outerjoin(t.recordings, t.recordings.c.call_id == c.id)
            .order_by(c.began_at.desc(), c.id)
            .limit(limit)
        )
        with self._errors(), self._engine.connect() as db:
            rows = [dict(row) for row in db.execute(query).mappings()]
        for row in rows:
            row["began_at"] = row["began_at"].isoformat()
            row["ended_at"] = row["ended_at"].isoformat() if row["ended_at"] else None
        return rows

    def close(self) -> None:
        """Close all connections; the store must not be used afterwards."""
        self._engine.dispose()

    def _prepare(self) -> None:
        """Make the tables of a new database, or bring an old one's up to this version."""
        with self._engine.connect() as db:
            if db.dialect.name == "sqlite":
                db.exec_driver_sql("BEGIN IMMEDIATE")
            present = set(sa.inspect(db).get_table_names())
            if t.schema_version.name in present:
                version = db.execute(sa.select(t.schema_version.c.version)).scalar()
                if version is None:
                    raise StoreError("store-foreign", "its table of versions is empty")
                if version not in range(1, t.VERSION + 1):
                    message = f"schema version {version}; this voicecore knows version {t.VERSION}"
                    raise StoreError("store-newer", message, version=version, known=t.VERSION)
                for old in range(version, t.VERSION):
                    for statement in t.UPGRADES[old]:
                        db.execute(sa.text(statement))
                db.execute(sa.update(t.schema_version).values(version=t.VERSION))
            elif present & set(t.metadata.tables):
                raise StoreError("store-foreign", "has tables of the same names, but none with a version")
            else:
                t.metadata.create_all(db)
                db.execute(sa.insert(t.schema_version).values(version=t.VERSION))
            db.commit()

    @contextmanager
    def _errors(self, call_id: str | None = None) -> Iterator[None]:
        """Turn the database's exceptions into StoreErrors; their texts hold no values of ours."""
        try:
            with store_errors(call_id):
                yield
        except sa.exc.IntegrityError as exc:
            raise _integrity_error(exc, call_id) from exc


def _unknown(call_id: str | None) -> StoreError:
    return StoreError("unknown-call", f"no call {call_id!r}", call=call_id)


def _integrity_error(exc: sa.exc.IntegrityError, call_id: str | None) -> StoreError:
    cause = f"{exc.orig} {getattr(exc.orig, 'sqlstate', '')}"
    if any(mark in cause for mark in _MISSING_CALL):
        return _unknown(call_id)
    if any(mark in cause for mark in _TAKEN):
        return StoreError("duplicate-call", f"call {call_id!r} is kept already", call=call_id)
    return StoreError("bad-record", "a value is missing or no number", call=call_id)


def _insert_call(db: sa.Connection, record: CallRecord) -> None:
    info = record.info
    values = {
        "id": info.id,
        "direction": info.direction,
        "remote_uri": info.remote_uri,
        "local_uri": info.local_uri,
        "headers": dict(info.headers),
        "agent": record.agent,
        "engines": dict(record.engines),
        "began_at": record.began_at,
        "ended_at": record.ended_at,
        "outcome": sa.null() if record.outcome is None else record.outcome,
        "duration_s": (record.outcome or {}).get("duration_s"),
    }
    db.execute(sa.insert(t.calls).values(values))


def _insert_turn(db: sa.Connection, call_id: str, turn: TurnTrace) -> None:
    key = {"call_id": call_id, "turn": turn.index}
    db.execute(sa.delete(t.turns).where(t.turns.c.call_id == call_id, t.turns.c.turn == turn.index))
    own = ("by", "caller_text", "confidence", "intent", "agent_text", "heard_text", "interrupted", "reopened")
    values = {**key, **{name: getattr(turn, name) for name in own}}
    values |= {"wait_ms": turn.wait_ms, "wait_reasons": list(turn.wait_reasons)}
    db.execute(sa.insert(t.turns).values(values))
    words = [
        {"text": w.text, "start_s": w.start, "end_s": w.end, "confidence": w.confidence}
        for w in turn.caller_words
    ]
    times = [{"stage": stage, "at_s": at} for stage, at in turn.times.items()]
    work = [{"stage": stage, "ms": ms} for stage, ms in turn.work_ms.items()]
    for table, rows in ((t.words, words), (t.stages, times), (t.work, work)):
        if rows:
            db.execute(sa.insert(table), [{**key, "position": nth, **row} for nth, row in enumerate(rows)])


def _insert_tool(db: sa.Connection, call_id: str, tool: ToolTrace) -> None:
    values = {
        "call_id": call_id,
        "turn": tool.turn,
        "name": tool.name,
        "arguments": dict(tool.arguments),
        "ok": tool.ok,
        "result": dict(tool.result),
        "start_s": tool.start,
        "end_s": tool.end,
    }
    db.execute(sa.insert(t.tools).values(values))


def _read(db: sa.Connection, call_id: str) -> CallRecord:
    """The whole call. Raises StoreError("unknown-call")."""
    row = db.execute(sa.select(t.calls).where(t.calls.c.id == call_id)).mappings().first()
    if row is None:
        raise _unknown(call_id)
    path = sa.select(t.recordings.c.path).where(t.recordings.c.call_id == call_id)
    return CallRecord(
        info=CallInfo(row["id"], row["direction"], row["remote_uri"], row["local_uri"], row["headers"]),
        agent=row["agent"],
        engines=row["engines"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        recording=db.execute(path).scalar(),
        turns=_read_turns(db, call_id),
        tools=tuple(_tool(tool) for tool in _rows(db, t.tools, call_id, t.tools.c.id)),
    )


def _rows(
    db: sa.Connection, table: sa.Table, call_id: str, *order: sa.Column[Any]
) -> list[Mapping[str, Any]]:
    query = sa.select(table).where(table.c.call_id == call_id).order_by(*order)
    return [dict(row) for row in db.execute(query).mappings()]


def _read_turns(db: sa.Connection, call_id: str) -> tuple[TurnTrace, ...]:
    turns = {
        row["turn"]: TurnTrace(
            index=row["turn"],
            **{name: row[name] for name in row if name not in ("call_id", "turn", "wait_reasons")},
            wait_reasons=tuple(row["wait_reasons"]),
        )
        for row in _rows(db, t.turns, call_id, t.turns.c.turn)
    }
    for row in _rows(db, t.words, call_id, t.words.c.turn, t.words.c.position):
        word = Word(row["text"], row["start_s"], row["end_s"], row["confidence"])
        turns[row["turn"]].caller_words += (word,)
    for row in _rows(db, t.stages, call_id, t.stages.c.turn, t.stages.c.position):
        turns[row["turn"]].times[row["stage"]] = row["at_s"]
    for row in _rows(db, t.work, call_id, t.work.c.turn, t.work.c.position):
        turns[row["turn"]].work_ms[row["stage"]] = row["ms"]
    return tuple(turns.values())


def _tool(row: Mapping[str, Any]) -> ToolTrace:
    return ToolTrace(
        row["turn"], row["name"], row["arguments"], row["ok"], row["result"], row["start_s"], row["end_s"]
    )
