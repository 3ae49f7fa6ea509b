"""Presidio on the same calls, in a process and environment of its own (``make peers``)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.redaction.corpus import Case
from benchmarks.redaction.score import Span

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".peers" / "presidio" / "bin" / "python"
SERVE = ROOT / "benchmarks" / "peers" / "presidio" / "serve.py"
NAMES = {
    "CREDIT_CARD": "card",
    "US_BANK_NUMBER": "account",
    "IBAN_CODE": "iban",
    "ABA_ROUTING_NUMBER": "routing",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "URL": "url",
    "PERSON": "name",
    "LOCATION": "address",
    "DATE_TIME": "birth_date",
}
"""Its entities as ours; national numbers of any country are all "national_id"."""


def analyse(cases: Sequence[Case]) -> tuple[list[list[list[Span]]], list[float]] | None:
    """For each case its turns' spans, and each turn's processor time, ms; None when it is not installed."""
    if not PYTHON.exists():
        return None
    texts = "".join(json.dumps(turn.text) + "\n" for case in cases for turn in case)
    done = subprocess.run([PYTHON, SERVE], input=texts, capture_output=True, text=True, check=True)
    answers = iter([json.loads(line) for line in done.stdout.splitlines()])
    took: list[float] = []
    found: list[list[list[Span]]] = []
    for case in cases:
        turns = [next(answers) for _ in case]
        took += [turn["ms"] for turn in turns]
        found.append([[(NAMES.get(e, "national_id"), a, b) for e, a, b in turn["found"]] for turn in turns])
    return found, took
