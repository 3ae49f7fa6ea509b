"""Proves that the chain is whole, or names the place where it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicecore import durable
from voicecore.audit.chain import PRUNED
from voicecore.audit.checkpoint import Checkpoint, Verifier
from voicecore.audit.record import BOX, GENESIS, digest, ending, links
from voicecore.errors import StoreError

MOST_FAULTS = 100
"""After which verification ends: the chain is no evidence any more."""
_GENESIS = GENESIS.encode()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, with which records."""

    code: str
    """``record-changed`` ``record-missing`` ``record-inserted`` ``chain-broken`` ``call-chain-broken``
    ``rewritten`` (hashes fit each other but not what was signed) ``tail-missing`` ``bad-signature``
    ``no-head`` ``unreadable``."""
    first: int
    last: int


@dataclass(slots=True)
class Report:
    """What verification found. ``proved``: the last record that a signature covers."""

    records: int = 0
    calls: int = 0
    checkpoints: int = 0
    proved: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults


def verify(path: Path, verifier: Verifier, exported: Iterable[Checkpoint] = ()) -> Report:
    """Read the whole chain of the database ``path`` and check it against its signatures and against
    ``exported`` checkpoints, which alone prove that the file was not put back to an earlier state.

    A chain that is being added to may be verified. Raises StoreError("store-unavailable").
    """
    with closing(durable.connect_to_read(path)) as db:
        return check(db, verifier, exported)


def check(db: sqlite3.Connection, verifier: Verifier, exported: Iterable[Checkpoint] = ()) -> Report:
    """``verify`` of an open database, which is set to give texts as bytes."""
    walk = Walk(Report())
    db.text_factory = bytes
    try:
        db.execute("begin")
        signed = _signed(db, verifier, walk.report)
        for checkpoint in exported:
            if verifier.genuine(checkpoint):
                signed.append(checkpoint)
            else:
                walk.fault("bad-signature", checkpoint.seq)
        walk.begin(signed, _pruned(db))
        for row in db.execute("SELECT seq, call, hash, body FROM records NOT INDEXED ORDER BY seq"):
            walk.step(*row)
            if len(walk.report.faults) >= MOST_FAULTS:
                return walk.report
    except (sqlite3.DatabaseError, StoreError):
        walk.fault("unreadable", walk.seq + 1)
    walk.end()
    return walk.report


def _signed(db: sqlite3.Connection, verifier: Verifier, report: Report) -> list[Checkpoint]:
    """The genuine checkpoints in the database, its head the last."""
    found = []
    rows = db.execute("SELECT seq, line FROM checkpoints ORDER BY seq").fetchall()
    head = db.execute("SELECT line FROM head").fetchall()
    for seq, line in [*rows, *((None, row[0]) for row in head)]:
        try:
            checkpoint = Checkpoint.parse(line)
        except StoreError:
            report.faults.append(Fault("bad-signature", seq or 0, seq or 0))
            continue
        if verifier.genuine(checkpoint) and seq in (None, checkpoint.seq):
            found.append(checkpoint)
        else:
            report.faults.append(Fault("bad-signature", checkpoint.seq, checkpoint.seq))
    if not head and (rows or db.execute("SELECT 1 FROM records LIMIT 1").fetchone()):
        report.faults.append(Fault("no-head", 0, 0))
    return found


class Walk:
    """Goes along the chain, record by record; finds its feet again after a fault."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.seq = 0
        self._prev = _GENESIS
        self._heads: dict[bytes, bytes] = {}
        self._signed: dict[int, bytes] = {}
        self._good = 0
        self._anchor = 0

    def begin(self, signed: Sequence[Checkpoint], anchor: int = 0) -> None:
        """``signed``: checkpoints whose signatures are genuine; ``anchor``: the last record that was removed
        when its time was over."""
        for checkpoint in signed:
            hash_ = checkpoint.hash.encode()
            if self._signed.setdefault(checkpoint.seq, hash_) != hash_:
                self.fault("rewritten", checkpoint.seq)
        self._anchor = anchor
        if self._anchor:
            if self._anchor not in self._signed:
                self.fault("record-missing", 1, self._anchor)
            self.seq, self._prev = self._anchor, self._signed.get(self._anchor, _GENESIS)
            self._good = self._anchor
        self._signed = {seq: h for seq, h in self._signed.items() if seq > self._anchor}

    def step(self, seq: int, call: Any, hash_: Any, body: Any) -> None:
        """The next record as it lies in the file."""
        if seq != self.seq + 1:
            self.fault(
                "record-missing" if seq > self.seq else "record-inserted", self.seq + 1, max(seq - 1, 1)
            )
        body = body if isinstance(body, bytes) else b""
        real = digest(body).encode()
        if real != hash_:
            self.fault("record-changed", seq)
        elif not body.endswith(self._prev + ending(seq)) and seq == self.seq + 1:
            self.fault("chain-broken", max(seq - 1, 1), seq)
        self._check_call(seq, call, body, real)
        if seq in self._signed:
            self._check_signed(seq, real)
        self.seq = seq
        self._prev = hash_ if isinstance(hash_, bytes) else b""
        self.report.records += 1

    def end(self) -> None:
        """Nothing comes any more."""
        beyond = [seq for seq in self._signed if seq > self.seq]
        if beyond:
            self.fault("tail-missing", self.seq + 1, max(beyond))
        self.report.calls = len(self._heads) - (BOX.encode() in self._heads)
        self.report.proved = self._good

    def fault(self, code: str, first: int, last: int | None = None) -> None:
        self.report.faults.append(Fault(code, first, first if last is None else last))

    def _check_call(self, seq: int, call: Any, body: bytes, real: bytes) -> None:
        """The record belongs to the call that its row says, and follows that call's last."""
        found = links(body)
        if found is None or found[0] != call:
            self.fault("record-changed", seq)
            return
        head = self._heads.get(call)
        if found[1] != (head or _GENESIS) and not (head is None and self._anchor):
            self.fault("call-chain-broken", seq)
        self._heads[call] = real

    def _check_signed(self, seq: int, real: bytes) -> None:
        self.report.checkpoints += 1
        if self._signed[seq] != real:
            self.fault("rewritten", self._good + 1, seq)
        self._good = seq


def _pruned(db: sqlite3.Connection) -> int:
    """The record up to which the chain says it was removed; 0 if it says nothing that fits."""
    first = db.execute("SELECT min(seq) FROM records").fetchone()[0]
    if first in (None, 1):
        return 0
    text = f'instr(body, \'"kind":"{PRUNED}","prev":"\') AND instr(body, \'"through":{first - 1}}}\')'
    said = db.execute(f"SELECT count(*) FROM records WHERE call = '' AND {text}").fetchone()[0]
    return int(first) - 1 if said else 0
