"""``voicecore bench audit``: what the record of decisions costs, what it finds, and what erasing leaves."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.erasure import erased, sealing
from benchmarks.figures import figure
from benchmarks.report import Plot
from benchmarks.tampering import KINDS
from voicecore.audit import Audit, Chain, Signer, verify
from voicecore.audit.record import Entry
from voicecore.audit.verify import check
from voicecore.console import charts

Figure = dict[str, Any]

RECORDS = 1_000_000
EVENTS = 10_000
DURABLE = 200
"""Durable appends one after the other, and of each of ``CALLS`` at once."""
CALLS = 8
TAMPERINGS = 1000
"""Of each kind, ..."""
CHAIN = 60
"""... in a chain of so many records."""
KILLS = 10
KILL_S = (0.1, 1.0)
"""How long after its first record a writer is killed."""
DECISION = {
    "heard": "my card is [CARD_1] and I would like to pay the March invoice",
    "signals": {"turn": 0.93, "wait_ms": 180, "intent": 0.88},
    "rules": ["pay.limit_call", "pay.identified"],
    "decided": "allow",
    "amount": 4200,
}


def run() -> list[Figure]:
    """All figures; about two minutes on an idle machine."""
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name:
        folder = Path(name)
        signer = Signer.create(folder / "audit.key")
        return [
            *_appending(folder, signer),
            *_verifying(folder, signer),
            *_tampering(folder, signer),
            *_killing(folder, signer),
            *sealing(folder),
            *erased(folder),
        ]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """What one event costs, and what is found."""
    costs = {f["name"]: f["value"] for f in figures if f["unit"] == "us"}
    found = {
        f["name"].removeprefix("found_"): 100 * f["value"] for f in figures if f["name"].startswith("found_")
    }
    return [
        Plot(
            "What one takes",
            charts.bars([(name, {"us": us}) for name, us in costs.items()], {"us": "us"}, "us"),
        ),
        Plot(
            "Tamperings found, by kind",
            charts.bars([(name, {"share": share}) for name, share in found.items()], {"share": "found"}, "%"),
            "By who can write the file but has no signing key; rolled_back needs an exported checkpoint.",
        ),
    ]


def _appending(folder: Path, signer: Signer) -> list[Figure]:
    """What an event costs its decider, the writer, and who waits until it is durable."""
    audit = Audit(Chain(folder / "append.db", signer), "billing 1")
    begun, cpu = time.perf_counter(), time.thread_time()
    for nth in range(EVENTS):
        audit.note(f"call-{nth % CALLS}", "turn", nth / 50, DECISION)
    cpu = time.thread_time() - cpu
    audit.keep("call-0", "tool", 0.0, DECISION).result()
    took = time.perf_counter() - begun

    def keep(call: int) -> list[float]:
        return [
            _timed(lambda: audit.keep(f"call-{call}", "tool", 0.0, DECISION).result()) for _ in range(DURABLE)
        ]

    alone = keep(0)
    with ThreadPoolExecutor(CALLS) as pool:
        together = [ms for found in pool.map(keep, range(CALLS)) for ms in found]
    audit.close()
    return [
        figure("append_us", took / EVENTS * 1e6, "us", EVENTS),
        figure("append_cpu_us", cpu / EVENTS * 1e6, "us", EVENTS),
        _spread("durable_ms", alone),
        _spread(f"durable_ms_of_{CALLS}", together),
    ]


def _verifying(folder: Path, signer: Signer) -> list[Figure]:
    """A million records, made by the same code in large batches."""
    path = folder / "million.db"
    chain = Chain(path, signer)
    entries = [
        Entry.make(f"call-{n % 20}", "turn", n / 50, DECISION, "billing 1", "2026-11-20") for n in range(1000)
    ]
    for _ in range(RECORDS // len(entries) // 10):
        chain.append(entries * 10)
        chain.checkpoint()
    chain.close()
    begun, cpu = time.perf_counter(), time.thread_time()
    report = verify(path, signer)
    took, cpu = time.perf_counter() - begun, time.thread_time() - cpu
    path.unlink()
    return [
        figure("records_per_s", report.records / took, "1/s", report.records, ">= 100000"),
        figure("records_per_cpu_s", report.records / cpu, "1/s", report.records),
        figure("verified_whole", float(report.ok and report.proved == RECORDS), "share", RECORDS, ">= 1"),
    ]


def _tampering(folder: Path, signer: Signer) -> list[Figure]:
    """Every kind of tampering, at random places: found, and among the records that it concerns."""
    chain = Chain(folder / "tamper.db", signer)
    for start in range(0, CHAIN, 10):
        made = (
            Entry.make(f"call-{n % 4}", "turn", n, DECISION | {"n": n}, "1", "2026-11-20") for n in range(10)
        )
        chain.append(list(made))
        if start % 20:
            chain.checkpoint()
    exported = list(chain.unshipped("elsewhere"))
    rng = random.Random(7)
    found, located = dict.fromkeys(KINDS, 0), 0
    for kind, tamper in KINDS.items():
        for _ in range(TAMPERINGS):
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
                chain._db.backup(db)
                first, last = tamper(db, rng)
                faults = check(db, signer, exported).faults
            found[kind] += bool(faults)
            located += any(f.first <= last and f.last >= first and f.code != "bad-signature" for f in faults)
    chain.close()
    total = TAMPERINGS * len(KINDS)
    return [
        figure("tamperings_found", sum(found.values()), "", total, f">= {total}"),
        figure("tamperings_missed", total - sum(found.values()), "", total, "<= 0"),
        figure("tamperings_located", located / total, "share", total, ">= 1"),
        *(
            figure(f"found_{kind}", count / TAMPERINGS, "share", TAMPERINGS, ">= 1")
            for kind, count in found.items()
        ),
    ]


WRITER = """
    import sys
    from pathlib import Path
    from voicecore.audit import Audit, Chain, Signer
    folder = Path(sys.argv[1])
    audit = Audit(Chain(folder / "killed.db", Signer.load(folder / "audit.key")), checkpoint_records=20)
    while True:
        for _ in range(3):
            audit.note("call", "turn", 0.0, {"heard": "yes"})
        receipt = audit.keep("call", "tool", 0.0, {"decided": "allow"}).result()
        print(receipt.seq, receipt.hash, flush=True)
"""


def _killing(folder: Path, signer: Signer) -> list[Figure]:
    """Two writers at once, killed at random times; what they were told was durable is there."""
    rng = random.Random(7)
    told: list[tuple[int, str]] = []
    whole = True
    for _ in range(KILLS):
        told += _killed(folder, rng)
        whole &= verify(folder / "killed.db", signer).ok
    with closing(sqlite3.connect(folder / "killed.db")) as db:
        kept = dict(db.execute("SELECT seq, hash FROM records"))
    lost = sum(kept.get(seq) != hash_ for seq, hash_ in told)
    return [
        figure("acknowledged_lost", lost, "", len(told), "<= 0"),
        figure("whole_after_kills", float(whole), "share", KILLS, ">= 1"),
    ]


def _killed(folder: Path, rng: random.Random) -> list[tuple[int, str]]:
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    lines = []
    for writer in writers:
        assert writer.stdout is not None
        lines.append(writer.stdout.readline())
    time.sleep(rng.uniform(*KILL_S))
    for writer in writers:
        writer.kill()
    for writer in writers:
        assert writer.stdout is not None
        lines += [line for line in writer.stdout if line.endswith("\n")]
        writer.stdout.close()
        writer.wait()
    return [(int(seq), hash_) for seq, hash_ in (line.split() for line in lines)]


def _timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _spread(name: str, values: Sequence[float]) -> Figure:
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    return figure(name, p95, "ms", len(values)) | {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}
