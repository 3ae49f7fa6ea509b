"""What somebody who can write the audit's file may do to it, without the signing key."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voicecore.audit import Signer
from voicecore.audit.chain import now
from voicecore.audit.record import digest

Tamper = Callable[[sqlite3.Connection, random.Random], tuple[int, int]]
"""Does it to an open database; the records that it concerns: the first and the last."""


def change(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """One byte of one record."""
    seq = _any(db, rng)
    body = bytearray(_body(db, seq))
    body[rng.randrange(len(body))] ^= 1 << rng.randrange(7)
    _write(db, seq, bytes(body))
    return seq, seq


def replace(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """One record, with the hash that it then has."""
    seq = _any(db, rng)
    body = _body(db, seq).replace(b'"data":{', b'"data":{"!":%d,' % rng.randrange(10**6))
    _write(db, seq, body)
    db.execute("UPDATE records SET hash = ? WHERE seq = ?", (digest(body), seq))
    return seq, seq


def rewrite(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """One record, and all hashes after it; the head is signed with another key."""
    seq = _any(db, rng)
    body = _body(db, seq).replace(b'"data":{', b'"data":{"!":%d,' % rng.randrange(10**6))
    last = int(db.execute("SELECT max(seq) FROM records").fetchone()[0])
    relink(db, seq, last, body)
    return seq, last


def remove(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """One record."""
    seq = _any(db, rng)
    db.execute("DELETE FROM records WHERE seq = ?", (seq,))
    return seq, seq


def close_up(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """One record; those after it move up, but keep their content."""
    seq = _any(db, rng)
    last = int(db.execute("SELECT max(seq) FROM records").fetchone()[0])
    db.execute("DELETE FROM records WHERE seq = ?", (seq,))
    db.execute("UPDATE records SET seq = -seq WHERE seq > ?", (seq,))
    db.execute("UPDATE records SET seq = -seq - 1 WHERE seq < 0")
    return seq, last


def reorder(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """Two records change places."""
    one = _any(db, rng)
    other = _any(db, rng, besides=one)
    db.execute("UPDATE records SET seq = 0 WHERE seq = ?", (one,))
    db.execute("UPDATE records SET seq = ? WHERE seq = ?", (one, other))
    db.execute("UPDATE records SET seq = ? WHERE seq = 0", (other,))
    return min(one, other), max(one, other)


def insert(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """A copy of a record, before it; those after it make room."""
    seq = _any(db, rng)
    last = int(db.execute("SELECT max(seq) FROM records").fetchone()[0])
    db.execute("UPDATE records SET seq = -seq WHERE seq >= ?", (seq,))
    db.execute("UPDATE records SET seq = 1 - seq WHERE seq < 0")
    db.execute("INSERT INTO records SELECT ?, call, hash, body FROM records WHERE seq = ?", (seq, seq + 1))
    return seq, last


def move(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """One record is filed under another call."""
    seq = _any(db, rng)
    db.execute("UPDATE records SET call = call || 'x' WHERE seq = ?", (seq,))
    return seq, seq


def truncate(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """The end of the chain, with the checkpoints there."""
    seq = _any(db, rng)
    last = int(db.execute("SELECT max(seq) FROM records").fetchone()[0])
    db.execute("DELETE FROM records WHERE seq >= ?", (seq,))
    db.execute("DELETE FROM checkpoints WHERE seq >= ?", (seq,))
    return seq, last


def roll_back(db: sqlite3.Connection, rng: random.Random) -> tuple[int, int]:
    """The file as it was at an earlier checkpoint, genuine head included: only who has the checkpoints
    that were exported since can tell."""
    points = [row[0] for row in db.execute("SELECT seq FROM checkpoints ORDER BY seq")]
    seq = rng.choice(points[:-1])
    db.execute("UPDATE head SET line = (SELECT line FROM checkpoints WHERE seq = ?)", (seq,))
    db.execute("DELETE FROM records WHERE seq > ?", (seq,))
    db.execute("DELETE FROM checkpoints WHERE seq > ?", (seq,))
    return seq + 1, points[-1]


KINDS: dict[str, Tamper] = {
    "changed": change,
    "replaced": replace,
    "rewritten": rewrite,
    "removed": remove,
    "closed_up": close_up,
    "reordered": reorder,
    "inserted": insert,
    "moved": move,
    "truncated": truncate,
    "rolled_back": roll_back,
}


def relink(db: sqlite3.Connection, first: int, last: int, body: bytes) -> None:
    """Put ``body`` at ``first`` and make everything after it fit; sign with a key that is not the box's."""
    new: dict[bytes, bytes] = {}
    hash_ = ""
    for seq in range(first, last + 1):
        text = body if seq == first else _body(db, seq)
        for old, changed in new.items():
            text = text.replace(old, changed)
        before = str(db.execute("SELECT hash FROM records WHERE seq = ?", (seq,)).fetchone()[0])
        hash_ = digest(text)
        new[before.encode()] = hash_.encode()
        _write(db, seq, text)
        db.execute("UPDATE records SET hash = ? WHERE seq = ?", (hash_, seq))
    forged = Signer(Ed25519PrivateKey.generate()).sign(last, hash_, now())
    db.execute("UPDATE head SET line = ?", (re.sub(r'"key":"\w+"', '"key":"x"', forged.line()),))


def _any(db: sqlite3.Connection, rng: random.Random, besides: int = 0) -> int:
    seqs = [row[0] for row in db.execute("SELECT seq FROM records WHERE seq != ?", (besides,))]
    return int(rng.choice(seqs))


def _body(db: sqlite3.Connection, seq: int) -> bytes:
    query = "SELECT cast(body AS blob) FROM records WHERE seq = ?"
    return bytes(db.execute(query, (seq,)).fetchone()[0])


def _write(db: sqlite3.Connection, seq: int, body: bytes) -> None:
    db.execute("UPDATE records SET body = cast(? AS text) WHERE seq = ?", (body, seq))
