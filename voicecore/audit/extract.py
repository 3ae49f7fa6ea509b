"""The chain, or one call's part of it, as a text file that proves itself: a record a line, then who signs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO

from voicecore import durable
from voicecore.audit.chain import now
from voicecore.audit.checkpoint import Checkpoint, Signer, Verifier
from voicecore.audit.record import GENESIS, digest, links
from voicecore.audit.verify import Fault, Report, Walk
from voicecore.errors import StoreError

FORMAT = "voicecore-audit"
VERSION = 1


def records(path: Path, call: str | None = None) -> Iterator[tuple[int, str]]:
    """Place and canonical JSON of all records of the database ``path``, or of one call's, in order.

    Raises StoreError: ``store-unavailable``, ``store-damaged``.
    """
    where, values = ("", ()) if call is None else ("WHERE call = ?", (call,))
    with closing(durable.connect_to_read(path)) as db, durable.errors(path):
        yield from db.execute(f"SELECT seq, body FROM records {where} ORDER BY seq", values)


def extract(path: Path, signer: Signer, out: TextIO, call: str | None = None) -> int:
    """Write a call's records, or the whole chain with its checkpoints, and a signature over the last; how
    many records."""
    print(json.dumps({"call": call, "format": FORMAT, "version": VERSION}), file=out)
    count, last = 0, (0, GENESIS)
    for seq, body in records(path, call):
        print(body, file=out)
        count, last = count + 1, (seq, digest(body.encode()))
    if call is None:
        with closing(durable.connect_to_read(path)) as db, durable.errors(path):
            for (line,) in db.execute("SELECT line FROM checkpoints WHERE seq < ? ORDER BY seq", (last[0],)):
                print(line, file=out)
    print(signer.sign(*last, now()).line(), file=out)
    return count


def verify_extract(path: Path, verifier: Verifier) -> Report:
    """Check a file that ``extract`` wrote, without the database. Raises StoreError("bad-extract")."""
    try:
        head, *lines = path.read_bytes().splitlines()
        about = json.loads(head)
        if about["format"] != FORMAT or about["version"] != VERSION:
            raise StoreError("bad-extract", f"{path}: of another version", file=str(path))
        signed = [Checkpoint.parse(line) for line in lines if links(line) is None]
    except (OSError, ValueError, KeyError, TypeError, StoreError) as exc:
        raise StoreError("bad-extract", f"{path}: no extract of an audit chain", file=str(path)) from exc
    report = Report()
    for checkpoint in signed:
        if not verifier.genuine(checkpoint):
            report.faults.append(Fault("bad-signature", checkpoint.seq, checkpoint.seq))
    genuine = [checkpoint for checkpoint in signed if verifier.genuine(checkpoint)]
    bodies = [line for line in lines if links(line) is not None]
    if not genuine:
        report.faults.append(Fault("no-head", 0, 0))
    elif about["call"] is None:
        _check_chain(report, bodies, genuine)
    else:
        _check_call(report, bodies, genuine[-1], about["call"])
    return report


def _check_chain(report: Report, bodies: list[bytes], signed: list[Checkpoint]) -> None:
    walk = Walk(report)
    first = json.loads(bodies[0])["seq"] if bodies else 1
    walk.begin(signed, first - 1)
    for body in bodies:
        record = json.loads(body)
        walk.step(record["seq"], record["call"].encode(), digest(body).encode(), body)
    walk.end()


def _check_call(report: Report, bodies: list[bytes], signed: Checkpoint, call: str) -> None:
    """Each record names the call's one before, the first none; the signature is over the last."""
    prev = GENESIS
    for body in bodies:
        record, found = json.loads(body), links(body)
        report.records += 1
        if found != (call.encode(), prev.encode()):
            report.faults.append(Fault("call-chain-broken", record["seq"], record["seq"]))
        prev = digest(body)
    report.calls = report.checkpoints = 1
    if signed.hash != prev:
        report.faults.append(Fault("tail-missing", signed.seq, signed.seq))
    else:
        report.proved = signed.seq
