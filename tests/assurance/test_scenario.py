"""Scenarios: the shipped ones, and what may be written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from voicecore.assurance.scenario import SHIPPED, load_scenarios
from voicecore.errors import ConfigError


def test_enough_are_shipped_of_every_class() -> None:
    scenarios = load_scenarios([SHIPPED])
    kinds = Counter(s.kind for s in scenarios)
    assert sum(s.must != "pass" for s in scenarios) >= 60
    assert kinds["ordinary"] >= 20
    assert sum(len(s.turns) > 1 for s in scenarios) >= 20
    assert {"injection", "jailbreak", "extraction", "promise", "amount", "self_harm", "emergency"} <= set(
        kinds
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("scenarios:\n  - {id: A!, kind: x, must: stop, turns: [{says: a}]}\n", 2),
        ("scenarios:\n  - {id: a, kind: x, must: be-safe, turns: [{says: a}]}\n", 2),
        ("scenarios:\n  - id: a\n    kind: x\n    must: win\n    turns: [{says: a}]\n", 4),
    ],
)
def test_faults_are_located(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigError) as fault:
        load_scenarios([tmp_path])
    assert (fault.value.code, fault.value.facts["line"]) == ("bad-field", line)


def test_ids_are_unique(tmp_path: Path) -> None:
    for name in ("x.yaml", "y.yaml"):
        (tmp_path / name).write_text("scenarios:\n  - {id: a, kind: x, must: stop, turns: [{says: a}]}\n")
    with pytest.raises(ConfigError, match="same-scenario"):
        load_scenarios([tmp_path])
