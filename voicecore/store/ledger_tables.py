"""The ledger's tables, in types that SQLite and PostgreSQL both have, and their version."""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 1
"""Of the schema; a ledger with a higher one is not touched."""

metadata = sa.MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"}
)

version = sa.Table(
    "ledger_version",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)

reservations = sa.Table(
    "ledger_reservations",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, nullable=False, index=True),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("body", sa.LargeBinary),
    sa.Index("ix_ledger_reservations_state", "state", "expires"),
)
"""One row per idempotency key; times in seconds of Unix time."""

draws = sa.Table(
    "ledger_draws",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("limit_name", sa.Text, primary_key=True),
    sa.Column("whose", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
)
"""What a reservation counts; gone once it is released."""

counters = sa.Table(
    "ledger_counters",
    metadata,
    sa.Column("limit_name", sa.Text, primary_key=True),
    sa.Column("whose", sa.Text, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
)
"""The sums of ``draws``, so that a check reads one row however long the day was."""
