"""The relational call store: every write is one durable transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from voicecore.errors import StoreError
from voicecore.ports import CallKey, Keys
from voicecore.store import rows
from voicecore.store import tables as t
from voicecore.store.database import open_engine, store_errors, wipe_log
from voicecore.store.exports import CallRecord, from_json, to_json
from voicecore.types import CallInfo, ToolTrace, TurnTrace

_MISSING_CALL = ("FOREIGN KEY", "23503")
_TAKEN = ("UNIQUE", "23505")
"""What SQLite says in, or PostgreSQL has as the state of, an integrity error."""


def _now() -> datetime:
    return datetime.now(UTC)


class SqlStore:
    """``ports.Store`` on SQLAlchemy. Safe from any thread; survives a crash with all that was written.

    All methods raise StoreError: ``store-unavailable`` (locked, full, not reachable),
    ``store-damaged``, ``unknown-call``, ``duplicate-call``, ``bad-record`` (a value that can't be
    kept). With ``keys`` what is personal in a call is sealed with the call's key; who has none reads
    only calls that were kept without (``sealed``), and nobody reads a call whose key is gone
    (``call-erased``, ``key-destroyed``).
    """

    def __init__(self, url: str, clock: Callable[[], datetime] = _now, keys: Keys | None = None) -> None:
        """``url``: ``sqlite:///FILE`` (made if missing, for its owner only) or another SQLAlchemy URL.

        Raises StoreError also with ``bad-url``, ``store-newer`` (a later schema; nothing is changed) and
        ``store-foreign`` (somebody else's database).
        """
        self._clock = clock
        self._keys = keys
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
        key = self._made(info)
        with self._errors(info.id), self._engine.begin() as db:
            rows.insert_call(db, record, key)

    def add_turn(self, call_id: str, turn: TurnTrace) -> None:
        """Keep a turn; one with the same index is replaced (its reply was heard further)."""
        key = self._found(call_id)
        with self._errors(call_id), self._engine.begin() as db:
            _refuse_erased(db, call_id)
            rows.insert_turn(db, call_id, turn, key)

    def add_tool(self, call_id: str, tool: ToolTrace) -> None:
        """Keep a tool call."""
        key = self._found(call_id)
        with self._errors(call_id), self._engine.begin() as db:
            _refuse_erased(db, call_id)
            rows.insert_tool(db, call_id, tool, key)

    def end_call(self, call_id: str, outcome: dict[str, Any], recording: str | None) -> None:
        """The call is over; a second end replaces the first."""
        values = {"ended_at": self._clock(), **rows.outcome_values(outcome, self._found(call_id))}
        with self._errors(call_id), self._engine.begin() as db:
            _refuse_erased(db, call_id)
            changed = db.execute(sa.update(t.calls).where(t.calls.c.id == call_id).values(values))
            if not changed.rowcount:
                raise _unknown(call_id)
            db.execute(sa.delete(t.recordings).where(t.recordings.c.call_id == call_id))
            if recording is not None:
                db.execute(sa.insert(t.recordings).values(call_id=call_id, path=recording))

    def export(self, call_id: str) -> dict[str, Any]:
        """The whole call as JSON-ready data (``exports.to_json``)."""
        with self._errors(call_id), self._engine.connect() as db:
            row = db.execute(sa.select(t.calls).where(t.calls.c.id == call_id)).mappings().first()
            if row is None:
                raise _unknown(call_id)
            _refuse_erased(db, call_id)
            return to_json(rows.read_call(db, dict(row), self._opener(call_id)))

    def restore(self, data: dict[str, Any]) -> str:
        """Keep a call that ``export`` gave, here or elsewhere; its id. Raises ``bad-export`` as well."""
        record = from_json(data)
        key = self._made(record.info)
        with self._errors(record.info.id), self._engine.begin() as db:
            rows.insert_call(db, record, key)
            for turn in record.turns:
                rows.insert_turn(db, record.info.id, turn, key)
            for tool in record.tools:
                rows.insert_tool(db, record.info.id, tool, key)
        return record.info.id

    def erase(self, call_ids: Iterable[str], transcripts: bool = True, recordings: bool = True) -> None:
        """Remove what is personal in calls and what was said, or where their recordings are; that they were
        stays. Afterwards SQLite's files hold nothing of it, unless somebody reads them just now
        (``store-unavailable``: do it again)."""
        blank = {
            "remote_uri": "",
            "headers": {},
            "outcome": sa.null(),
            "sealed": None,
            "sealed_outcome": None,
        }
        with self._errors(), self._engine.begin() as db:
            for call_id in call_ids:
                for table in (t.turns, t.tools) * transcripts + (t.recordings,) * recordings:
                    db.execute(sa.delete(table).where(table.c.call_id == call_id))
                if transcripts:
                    values = {**blank, "erased_at": self._clock()}
                    db.execute(sa.update(t.calls).where(t.calls.c.id == call_id).values(values))
        with self._errors():
            wipe_log(self._engine)

    def recordings(self, call_ids: Iterable[str]) -> dict[str, str]:
        """Where the recordings of calls are, as far as there are any."""
        query, found = sa.select(t.recordings.c.path), {}
        with self._errors(), self._engine.connect() as db:
            for call_id in call_ids:
                path = db.execute(query.where(t.recordings.c.call_id == call_id)).scalar()
                if path is not None:
                    found[call_id] = path
        return found

    def older(self, than: datetime) -> list[str]:
        """The calls that began before ``than`` and were not erased, oldest first."""
        c = t.calls.c
        query = sa.select(c.id).where(c.began_at < than, c.erased_at.is_(None)).order_by(c.began_at)
        with self._errors(), self._engine.connect() as db:
            return list(db.execute(query).scalars())

    def recorded(self, than: datetime) -> list[str]:
        """The calls that began before ``than`` and have a recording, oldest first."""
        c = t.calls.c
        query = sa.select(c.id).join(t.recordings).where(c.began_at < than).order_by(c.began_at)
        with self._errors(), self._engine.connect() as db:
            return list(db.execute(query).scalars())

    def calls_of(self, same: Callable[[str], bool]) -> list[str]:
        """The calls kept without a key whose remote address is the ``same``."""
        query = sa.select(t.calls.c.id, t.calls.c.remote_uri).where(t.calls.c.sealed.is_(None))
        with self._errors(), self._engine.connect() as db:
            return [call_id for call_id, uri in db.execute(query) if uri and same(uri)]

    def calls(self, limit: int = 50) -> list[dict[str, Any]]:
        """Calls, newest first: id, direction, remote_uri, local_uri, agent, began_at and ended_at (ISO
        8601), duration_s, outcome, recording, turns (how many). Of one that can't be read, remote_uri is
        "[sealed]" or "[erased]", and there is no outcome."""
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
        private = (c.outcome, c.sealed, c.sealed_outcome, c.erased_at)
        query = (
            sa.select(*columns, *private, t.recordings.c.path.label("recording"), count.label("turns"))
            .outerjoin(t.recordings, t.recordings.c.call_id == c.id)
            .order_by(c.began_at.desc(), c.id)
            .limit(limit)
        )
        with self._errors(), self._engine.connect() as db:
            return [self._listed(dict(row)) for row in db.execute(query).mappings()]

    def close(self) -> None:
        """Close all connections; the store must not be used afterwards."""
        self._engine.dispose()

    def _listed(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of ``calls`` with what is sealed in it, if it can be opened."""
        key = self._opener(row["id"])
        try:
            uri, outcome = rows.opened(row, key, "calls")["remote_uri"], rows.read_outcome(row, key)
        except StoreError as exc:
            uri, outcome = "[erased]" if exc.code == "key-destroyed" else "[sealed]", None
        if row.pop("erased_at") is not None:
            uri = "[erased]"
        del row["sealed"], row["sealed_outcome"]
        ended = row["ended_at"].isoformat() if row["ended_at"] else None
        times = {"began_at": row["began_at"].isoformat(), "ended_at": ended}
        return {**row, **times, "remote_uri": uri, "outcome": outcome}

    def _made(self, info: CallInfo) -> CallKey | None:
        """The key of a call that begins; it can be erased by its caller's address from now on."""
        return None if self._keys is None else self._keys.make(info.id, info.remote_uri)

    def _found(self, call_id: str) -> CallKey | None:
        """The key of a call that goes on; none if it began without."""
        if self._keys is None:
            return None
        try:
            return self._keys.open(call_id)
        except StoreError as exc:
            if exc.code == "no-key":
                return None
            raise

    def _opener(self, call_id: str) -> rows.Opener:
        """Finds the key of a call once something sealed is met, and keeps it."""

        @cache
        def key() -> CallKey:
            if self._keys is None:
                raise StoreError("sealed", "the store was opened without keys", call=call_id)
            return self._keys.open(call_id)

        return key

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
                    for statement in t.upgrade(old, db.dialect):
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


def _refuse_erased(db: sa.Connection, call_id: str) -> None:
    """Raises StoreError("call-erased"): nothing comes back to a call that was erased while it was up."""
    erased = sa.select(t.calls.c.erased_at).where(t.calls.c.id == call_id)
    if db.execute(erased).scalar() is not None:
        raise StoreError("call-erased", f"call {call_id!r} was erased", call=call_id)


def _integrity_error(exc: sa.exc.IntegrityError, call_id: str | None) -> StoreError:
    cause = f"{exc.orig} {getattr(exc.orig, 'sqlstate', '')}"
    if any(mark in cause for mark in _MISSING_CALL):
        return _unknown(call_id)
    if any(mark in cause for mark in _TAKEN):
        return StoreError("duplicate-call", f"call {call_id!r} is kept already", call=call_id)
    return StoreError("bad-record", "a value is missing or no number", call=call_id)
