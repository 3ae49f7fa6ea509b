"""``voicecore bench policy``: limits through crashes and contention, decisions, proofs against the truth."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

from benchmarks.figures import Figure, figure
from benchmarks.policy import contention
from benchmarks.policy.crashes import AT_ONCE, crash_test
from benchmarks.policy.mutants import pairs
from benchmarks.report import Plot
from voicecore.console import charts
from voicecore.demo import EXAMPLE
from voicecore.policy import Policy, Request, decide, load_policy
from voicecore.policy.proof import compare, prove
from voicecore.store.ledger import SqlLedger

ROUNDS = 625
"""Of sixteen sequences each."""
MUTANTS, SEED = 300, 20
DECISIONS, PROOFS = 20_000, 5
_CUSTOMER, _INVOICE = "482716", "4102"


def run() -> list[Figure]:
    """All figures; some minutes."""
    policy = load_policy(EXAMPLE)
    with tempfile.TemporaryDirectory(prefix="voicecore-") as folder:
        return [
            *_crash_figures(Path(folder)),
            *_decision_figures(policy),
            *_ledger_figures(Path(folder)),
            *_proof_figures(policy),
            *_mutant_figures(),
        ]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """What a reservation waits for the disk."""
    waits = {f["name"].removesuffix("_ms"): f["value"] for f in figures if f["name"].startswith("reserve_")}
    names = {
        "reserve_full": "a transaction each, synchronous=FULL",
        "reserve_normal": "a transaction each, synchronous=NORMAL",
        "reserve_grouped": "sixteen callers at a time, group commit, FULL",
    }
    picture = charts.bars([("a reservation", waits)], names, "ms")
    return [Plot("How long a reservation takes", picture, "Median; the product uses group commit at FULL.")]


def _crash_figures(folder: Path) -> list[Figure]:
    found = crash_test(folder, ROUNDS)
    n = found.sequences
    return [
        figure("sequences", found.sequences, "calls", n, f">= {ROUNDS * AT_ONCE}"),
        figure("tool_calls", found.calls, "calls", n),
        figure("crashes", found.crashes, "crashes", ROUNDS),
        figure("effects", found.effects, "payments", n),
        figure("violations", found.violations, "limits", n, "<= 0"),
        figure("double_effects", found.double_effects, "payments", n, "<= 0"),
        figure("lost_effects", found.lost_effects, "payments", n, "<= 0"),
    ]


def _decision_figures(policy: Policy) -> list[Figure]:
    """The example's dearest decision: four conditions and a threshold, three limits, JSON Schema."""
    arguments = {
        "customer_number": _CUSTOMER,
        "invoice_id": _INVOICE,
        "instalments": 3,
        "first_date": "2026-12-01",
    }
    request = Request("create_arrangement", arguments, "call", _CUSTOMER, datetime(2026, 11, 20, 10))
    facts = {
        "identity": {"verified": True, "customer": _CUSTOMER},
        "results": {"latest_invoice": {"invoice_id": _INVOICE, "open_cents": 8420}},
    }
    assert decide(policy, request, facts, {}).verdict == "allow"
    took = _timed(lambda: decide(policy, request, facts, {}), DECISIONS)
    return [
        figure("decision_p50_us", median(took) * 1e6, "us", DECISIONS),
        figure("decision_p99_us", quantiles(took, n=100)[98] * 1e6, "us", DECISIONS, "<= 1000"),
        figure("decisions_per_s", 1 / median(took), "per s", DECISIONS),
    ]


def _ledger_figures(folder: Path) -> list[Figure]:
    over, granted = contention.overspent(folder)
    full = SqlLedger(f"sqlite:///{folder / 'full.db'}")
    normal = contention.RelaxedLedger(f"sqlite:///{folder / 'normal.db'}")
    singles, relaxed = contention.single_ms(full), contention.single_ms(normal)
    grouped, rate = contention.grouped_ms(full)
    full.close()
    normal.close()
    together = contention.PROCESSES * contention.DRAWS
    return [
        figure("overspent_cents", over, "cents", together, "<= 0"),
        figure("granted", granted, "draws", together, f">= {contention.MOST // contention.CENTS}"),
        figure("reserve_full_ms", median(singles), "ms", len(singles)),
        figure("reserve_normal_ms", median(relaxed), "ms", len(relaxed)),
        figure("reserve_grouped_ms", median(grouped), "ms", len(grouped)),
        figure("reservations_per_s", rate, "per s", len(grouped)),
    ]


def _proof_figures(policy: Policy) -> list[Figure]:
    assert prove(policy).proved
    proofs = _timed(lambda: prove(policy), PROOFS)
    same = _timed(lambda: compare(policy, policy), PROOFS)
    return [
        figure("proof_ms", median(proofs) * 1000, "ms", PROOFS),
        figure("diff_ms", median(same) * 1000, "ms", PROOFS),
    ]


def _mutant_figures() -> list[Figure]:
    agreed = more = unsure = 0
    for pair in pairs(MUTANTS, SEED):
        found = compare(pair.old, pair.new)
        agreed += found.more == pair.more
        more += pair.more
        unsure += found.more and not any(difference.confirmed for difference in found.differences)
    return [
        figure("diff_agreement", agreed / MUTANTS, "share", MUTANTS, ">= 1"),
        figure("diff_permits_more", more, "mutants", MUTANTS),
        figure("diff_unconfirmed", unsure, "mutants", MUTANTS),
    ]


def _timed(work: Callable[[], object], times: int) -> list[float]:
    """Seconds of each."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return took
