"""The store's tables, in types that SQLite and PostgreSQL both have, and their version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import CreateColumn

VERSION = 3
"""Of the schema; a store with a higher one is not touched."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
Json = sa.JSON().with_variant(JSONB, "postgresql")


class Moment(sa.TypeDecorator[datetime]):
    """A point in time; aware in Python, UTC without a zone where the database has no zones (SQLite)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _call(**options: Any) -> sa.Column[str]:
    """The column that says which call a row belongs to; rows go when their call goes."""
    return sa.Column("call_id", sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, **options)


def _turn_key(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["call_id", "turn"], ["turns.call_id", "turns.turn"], ondelete="CASCADE", name=name
    )


schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True))

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("remote_uri", sa.Text, nullable=False),
    sa.Column("local_uri", sa.Text, nullable=False),
    sa.Column("headers", Json, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("engines", Json, nullable=False),
    sa.Column("began_at", Moment, nullable=False, index=True),
    sa.Column("ended_at", Moment),
    sa.Column("duration_s", sa.Double),
    sa.Column("outcome", Json),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("sealed_outcome", sa.LargeBinary),
    sa.Column("erased_at", Moment),
)
"""``sealed`` holds what is personal, here and in ``turns`` (words too) and ``tools``, if the call has a key:
JSON under AES-256-GCM. ``erased_at``: when all that was removed."""

turns = sa.Table(
    "turns",
    metadata,
    _call(primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("caller_text", sa.Text, nullable=False),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("intent", sa.Text, nullable=False),
    sa.Column("agent_text", sa.Text, nullable=False),
    sa.Column("heard_text", sa.Text, nullable=False),
    sa.Column("interrupted", sa.Boolean, nullable=False),
    sa.Column("reopened", sa.Integer, nullable=False),
    sa.Column("wait_ms", sa.Integer, nullable=False, server_default="0"),
    sa.Column("wait_reasons", Json, nullable=False, server_default="[]"),
    sa.Column("sealed", sa.LargeBinary),
)

words = sa.Table(
    "words",
    metadata,
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("start_s", sa.Double, nullable=False),
    sa.Column("end_s", sa.Double, nullable=False),
    sa.Column("confidence", sa.Double, nullable=False),
    _turn_key("fk_words_turns"),
)

stages = sa.Table(
    "stages",
    metadata,
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("at_s", sa.Double, nullable=False),
    _turn_key("fk_stages_turns"),
)
"""When each stage of a turn was done, seconds on the call's audio clock, in the order they happened."""

work = sa.Table(
    "work",
    metadata,
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("ms", sa.Double, nullable=False),
    _turn_key("fk_work_turns"),
)
"""Wall-clock cost of compute stages."""

tools = sa.Table(
    "tools",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    _call(index=True),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("arguments", Json, nullable=False),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("result", Json, nullable=False),
    sa.Column("start_s", sa.Double, nullable=False),
    sa.Column("end_s", sa.Double, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
)

recordings = sa.Table(
    "recordings",
    metadata,
    _call(primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
)
"""Stereo sound files, caller left and agent right: WAV, or sealed."""

_ADDED: dict[int, tuple[sa.Column[Any], ...]] = {
    1: (turns.c.wait_ms, turns.c.wait_reasons),
    2: (calls.c.sealed, calls.c.sealed_outcome, calls.c.erased_at, turns.c.sealed, tools.c.sealed),
}


def upgrade(version: int, dialect: sa.Dialect) -> list[str]:
    """What makes a store of the next version out of one of ``version``, in the database's own words."""
    columns = ((c.table, CreateColumn(c).compile(dialect=dialect)) for c in _ADDED[version])
    return [f"ALTER TABLE {table.name} ADD COLUMN {column}" for table, column in columns]
