"""A chain with a few calls in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from voicecore.audit import Chain, Signer
from voicecore.audit.record import Entry


def entry(call: str, nth: int = 0) -> Entry:
    data = {"heard": "my card is [CARD_1]", "n": nth, "signals": {"turn": 0.5}}
    return Entry.make(call, "turn", nth / 2, data, "billing 1", "2026-11-20T12:00:00.000000Z")


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.create(tmp_path / "audit.key")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


@pytest.fixture
def chain(path: Path, signer: Signer) -> Iterator[Chain]:
    """Twelve records of three calls, checkpoints at 4, 8 and 12."""
    made = Chain(path, signer)
    for start in (0, 4, 8):
        made.append([entry(f"call-{nth % 3}", nth) for nth in range(start, start + 4)])
        made.checkpoint()
    yield made
    made.close()


def save(db: sqlite3.Connection, path: Path) -> None:
    """Write a database of the test's own to a file, quickly."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as file:
        file.execute("pragma synchronous = off")
        db.backup(file)


def copy(chain: Chain) -> sqlite3.Connection:
    """The same database in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    chain._db.backup(db)
    return db
