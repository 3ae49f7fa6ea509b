"""Keeps what a person can take back,: which tool did it, and the sealed arguments of its undo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from voicecore import durable
from voicecore.errors import StoreError
from voicecore.ports import Keys
from voicecore.types import Step, Undone

_CONTEXT = "step:"
_TABLE = """
create table if not exists steps (
    id integer primary key,
    key text not null unique,
    call_id text not null,
    tool text not null,
    undo text not null,
    arguments blob not null,
    at text not null,
    who text, why text, undone_at text
) strict;
create index if not exists steps_by_call on steps (call_id);
"""


class SqlSteps:
    """``ports.Steps`` on SQLite. An erased call's steps stay listed, but can't be taken back any more.

    Raises StoreError: ``store-unavailable``, ``store-damaged``, ``unknown-step`` and those of ``Keys``.
    """

    def __init__(self, path: Path, keys: Keys) -> None:
        """``path`` is made if missing; ``keys`` seal the arguments, which are private."""
        self._path = path
        self._keys = keys
        self._db = durable.connect(path)
        with durable.errors(path):
            self._db.executescript(_TABLE)

    def add(self, step: Step) -> None:
        content = json.dumps(dict(step.arguments)).encode()
        sealed = self._keys.open(step.call_id).seal(content, _CONTEXT + step.key)
        row = (step.key, step.call_id, step.tool, step.undo, sealed, step.at)
        with self._writing():
            columns = "key, call_id, tool, undo, arguments, at"
            self._db.execute(f"insert or ignore into steps ({columns}) values (?, ?, ?, ?, ?, ?)", row)

    def find(self, key: str) -> Step:
        with durable.errors(self._path):
            row = self._db.execute("select * from steps where key = ?", (key,)).fetchone()
        if row is None:
            raise _unknown(key)
        call_id, sealed = row[2], row[5]
        arguments = json.loads(self._keys.open(call_id).open(sealed, _CONTEXT + key))
        return _step(row, arguments)

    def latest(self, limit: int, call_id: str | None = None) -> list[Step]:
        """Without arguments: a list is for looking, not for doing."""
        where, values = ("", ()) if call_id is None else ("where call_id = ?", (call_id,))
        query = f"select * from steps {where} order by id desc limit ?"
        with durable.errors(self._path):
            return [_step(row, {}) for row in self._db.execute(query, (*values, limit))]

    def mark(self, key: str, undone: Undone) -> None:
        values = (undone.who, undone.why, undone.at, key)
        with self._writing():
            query = "update steps set who = ?, why = ?, undone_at = ? where key = ?"
            if self._db.execute(query, values).rowcount == 0:
                raise _unknown(key)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with durable.errors(self._path), durable.transaction(self._db):
            yield


def _unknown(key: str) -> StoreError:
    return StoreError("unknown-step", f"nothing is kept under {key!r}", key=key)


def _step(row: tuple[Any, ...], arguments: dict[str, Any]) -> Step:
    _, key, call_id, tool, undo, _, at, who, why, undone_at = row
    undone = None if undone_at is None else Undone(who, why, undone_at)
    return Step(key, call_id, tool, undo, arguments, at, undone)
