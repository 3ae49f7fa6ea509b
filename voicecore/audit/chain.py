"""The chain on disk: an SQLite file to which records are only ever added, in batches, by any process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from voicecore import durable
from voicecore.audit.checkpoint import Checkpoint, Signer
from voicecore.audit.record import BOX, GENESIS, Entry, Receipt, digest
from voicecore.errors import StoreError

VERSION = 1
PRUNED = "audit.pruned"
"""The kind of the record that says which records were removed when their time was over."""
_PRUNED_AT_ONCE = 10_000
_MAKE = (
    "CREATE TABLE records"
    " (seq INTEGER PRIMARY KEY, call TEXT NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX records_of_call ON records (call, seq)",
    "CREATE TABLE checkpoints (seq INTEGER PRIMARY KEY, line TEXT NOT NULL)",
    "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), line TEXT NOT NULL)",
    "CREATE TABLE shipped (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL)",
    f"PRAGMA user_version = {VERSION}",
)


def now() -> str:
    """RFC 3339, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Chain:
    """One process's hold on the chain; used by one thread at a time.

    All methods raise StoreError: ``store-unavailable``, ``store-damaged``. Each ``append`` is one durable
    transaction, alone among all processes, and signs the new head: without the key nobody can end the chain
    elsewhere. To a chain whose head is not the signed one nothing is added (``audit-tampered``).
    """

    def __init__(self, path: Path, signer: Signer, clock: Callable[[], str] = now) -> None:
        """Raises StoreError("store-newer") too."""
        self.path = path
        self._signer = signer
        self._clock = clock
        self._signed = ""
        """The head that is known to be genuine."""
        self._db = durable.connect(path)
        try:
            with durable.errors(path), durable.transaction(self._db):
                durable.make_tables(self._db, path, _MAKE, VERSION)
        except BaseException:
            self._db.close()
            raise

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        """Add records; when this returns they are on disk."""
        with durable.errors(self.path), durable.transaction(self._db):
            return self._append(entries)

    def checkpoint(self) -> Checkpoint | None:
        """Keep the signed head for export; None if nothing was added since the last."""
        with durable.errors(self.path), durable.transaction(self._db):
            seq, hash_ = self._head()
            last = self._db.execute("SELECT max(seq) FROM checkpoints").fetchone()[0]
            if seq == (last or 0):
                return None
            made = self._signer.sign(seq, hash_, self._clock())
            self._db.execute("INSERT INTO checkpoints VALUES (?, ?)", (seq, made.line()))
            return made

    def pending(self) -> tuple[int, str | None]:
        """How many records no checkpoint covers, and the date of the last checkpoint."""
        with durable.errors(self.path):
            row = self._db.execute("SELECT seq, line FROM checkpoints ORDER BY seq DESC LIMIT 1").fetchone()
            covered, date = (row[0], Checkpoint.parse(row[1]).date) if row else (0, None)
            return self._head()[0] - covered, date

    def unshipped(self, sink: str) -> Iterator[Checkpoint]:
        """Checkpoints that ``sink`` has not got, oldest first."""
        query = "SELECT line FROM checkpoints WHERE seq > ifnull((SELECT seq FROM shipped WHERE sink = ?), 0)"
        with durable.errors(self.path):
            lines = self._db.execute(f"{query} ORDER BY seq", (sink,)).fetchall()
        return (Checkpoint.parse(line) for (line,) in lines)

    def ship(self, sink: str, seq: int) -> None:
        """``sink`` has got everything up to ``seq``."""
        with durable.errors(self.path), durable.transaction(self._db):
            self._db.execute("INSERT OR REPLACE INTO shipped VALUES (?, ?)", (sink, seq))

    def prune(self, before: str) -> int:
        """Remove what is older than ``before`` (RFC 3339, UTC), up to a checkpoint; how many records.

        The checkpoint stays and the chain goes on from it; a record says what was removed. In steps, between
        which others can add.
        """
        gone = 0
        with durable.errors(self.path):
            while some := self._prune(before):
                gone += some
        if gone:
            durable.wipe_log(self._db, self.path)
        return gone

    def close(self) -> None:
        self._db.close()

    def _prune(self, before: str) -> int:
        """Up to one checkpoint, or more if the records are few."""
        with durable.transaction(self._db):
            first = self._db.execute("SELECT min(seq) FROM records").fetchone()[0] or 0
            last = 0
            for seq, line in self._db.execute("SELECT seq, line FROM checkpoints ORDER BY seq"):
                if Checkpoint.parse(line).date >= before or (
                    last >= first and seq - first >= _PRUNED_AT_ONCE
                ):
                    break
                last = seq
            if last < first or not first:
                return 0
            gone = self._db.execute("DELETE FROM records WHERE seq <= ?", (last,)).rowcount
            self._db.execute("DELETE FROM checkpoints WHERE seq < ?", (last,))
            data = {"through": last, "records": gone}
            self._append([Entry.make(BOX, PRUNED, 0.0, data, "", self._clock())])
            return gone

    def _head(self) -> tuple[int, str]:
        row = self._db.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
        if row is None:
            row = self._db.execute("SELECT seq, line FROM checkpoints ORDER BY seq DESC LIMIT 1").fetchone()
            return (0, GENESIS) if row is None else (row[0], Checkpoint.parse(row[1]).hash)
        return int(row[0]), str(row[1])

    def _append(self, entries: Sequence[Entry]) -> list[Receipt]:
        seq, prev = self._head()
        self._check(seq, prev)
        heads: dict[str, str] = {}
        rows, receipts = [], []
        for entry in entries:
            call_prev = heads.get(entry.call) or self._head_of(entry.call)
            seq += 1
            body = entry.linked(seq, prev, call_prev)
            prev = heads[entry.call] = digest(body)
            rows.append((seq, entry.call, prev, body.decode()))
            receipts.append(Receipt(seq, prev))
        self._db.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
        line = self._signer.sign(seq, prev, self._clock()).line()
        self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (line,))
        self._signed = line
        return receipts

    def _check(self, seq: int, hash_: str) -> None:
        """Raises StoreError("audit-tampered") unless the chain ends where it was signed."""
        row = self._db.execute("SELECT line FROM head").fetchone()
        if row is None and not seq:
            return
        head = Checkpoint.parse(row[0]) if row else None
        if head is None or (head.seq, head.hash) != (seq, hash_):
            raise StoreError(
                "audit-tampered", f"{self.path.name}: record {seq} is not the signed head", seq=seq
            )
        if row[0] != self._signed and not self._signer.genuine(head):
            raise StoreError("audit-tampered", f"{self.path.name}: the head's signature is not ours", seq=seq)
        self._signed = row[0]

    def _head_of(self, call: str) -> str:
        query = "SELECT hash FROM records WHERE call = ? ORDER BY seq DESC LIMIT 1"
        row = self._db.execute(query, (call,)).fetchone()
        return GENESIS if row is None else str(row[0])
