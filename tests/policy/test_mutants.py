"""The comparison agrees with trying every case, and the crash test with itself (benchmarks/policy)."""

from pathlib import Path

from benchmarks.policy.crashes import crash_test
from benchmarks.policy.mutants import pairs
from voicecore.policy.proof import compare


def test_the_comparison_agrees_with_trying_every_case() -> None:
    found = [(pair.more, compare(pair.old, pair.new).more) for pair in pairs(6, seed=3)]
    assert all(truth == told for truth, told in found)
    assert {truth for truth, _ in found} == {True, False}


def test_nothing_is_lost_or_doubled_when_the_process_dies(tmp_path: Path) -> None:
    found = crash_test(tmp_path, 3)
    assert found.sequences == 48
    assert found.crashes > 0
    assert (found.violations, found.double_effects, found.lost_effects) == (0, 0, 0)
