"""What a person can take back: kept once, sealed, and gone with the call's key."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicecore.errors import StoreError
from voicecore.store.steps import SqlSteps
from voicecore.types import Step, Undone


class Xor:
    """A key that hides and binds to its context, for tests."""

    def seal(self, content: bytes, context: str, /) -> bytes:
        return context.encode() + b"\0" + bytes(byte ^ 0x5A for byte in content)

    def open(self, sealed: bytes, context: str, /) -> bytes:
        bound, _, content = sealed.partition(b"\0")
        assert bound == context.encode()
        return bytes(byte ^ 0x5A for byte in content)


class Ring:
    """Keys of calls; ``erased`` ones are destroyed."""

    def __init__(self) -> None:
        self.erased: set[str] = set()

    def open(self, call_id: str, /) -> Xor:
        if call_id in self.erased:
            raise StoreError("key-destroyed", call_id)
        return Xor()


def step(number: int, call: str = "c1") -> Step:
    arguments = {"reference": f"274{number}"}
    return Step(
        f"{call}:a{number}", call, "create_arrangement", "cancel_arrangement", arguments, f"2026-11-2{number}"
    )


@pytest.fixture
def steps(tmp_path: Path) -> SqlSteps:
    return SqlSteps(tmp_path / "steps.db", Ring())


def test_a_step_is_kept_once_over_restarts(tmp_path: Path, steps: SqlSteps) -> None:
    steps.add(step(1))
    steps.add(step(1))
    steps.close()
    again = SqlSteps(tmp_path / "steps.db", Ring())
    assert again.find("c1:a1") == step(1)
    assert [s.key for s in again.latest(10)] == ["c1:a1"]
    again.close()


def test_the_latest_come_first_without_their_arguments(steps: SqlSteps) -> None:
    for one in (step(1), step(2), step(3, "c2")):
        steps.add(one)
    assert [(s.key, s.arguments) for s in steps.latest(2)] == [("c2:a3", {}), ("c1:a2", {})]
    assert [s.key for s in steps.latest(10, "c1")] == ["c1:a2", "c1:a1"]
    steps.close()


def test_what_was_taken_back_says_by_whom(steps: SqlSteps) -> None:
    steps.add(step(1))
    undone = Undone("mona", "by mistake", "2026-11-21")
    steps.mark("c1:a1", undone)
    assert steps.find("c1:a1").undone == undone
    for call in (lambda: steps.find("c1:a9"), lambda: steps.mark("c1:a9", undone)):
        with pytest.raises(StoreError, match="unknown-step"):
            call()
    steps.close()


def test_no_value_is_readable_in_the_file_and_an_erased_call_is_over(tmp_path: Path) -> None:
    ring = Ring()
    steps = SqlSteps(tmp_path / "steps.db", ring)
    steps.add(step(1))
    assert all(b"2741" not in file.read_bytes() for file in tmp_path.iterdir())
    ring.erased.add("c1")
    with pytest.raises(StoreError, match="key-destroyed"):
        steps.find("c1:a1")
    assert [s.key for s in steps.latest(10)] == ["c1:a1"]
    steps.close()
