"""Pauses: what they hold, that they outlive the process, and that doubt means pause."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from voicecore.errors import VoicecoreError
from voicecore.pipeline.pauses import Pause, Pauses, Scope


def pause(scope: Scope, name: str = "") -> Pause:
    return Pause(scope, name, "mona", "odd refunds", "2026-11-20T10:00:00+00:00")


def test_a_pause_holds_what_it_names(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path / "pauses.json")
    assert pauses.refusal("c1", "refund") is None
    pauses.pause(pause(Scope.CALL, "c1"))
    pauses.pause(pause(Scope.TOOL, "refund"))
    assert pauses.refusal("c1", "find") == "paused-call"
    assert pauses.refusal("c2", "refund") == "paused-tool"
    assert pauses.refusal("c2", "find") is None
    assert not pauses.box
    pauses.pause(pause(Scope.BOX))
    assert pauses.box
    assert pauses.refusal("c2", "find") == "paused-box"
    pauses.lift(Scope.BOX, "")
    pauses.end_call("c1")
    assert pauses.refusal("c1", "find") is None
    assert pauses.all == [pause(Scope.TOOL, "refund")]
    with pytest.raises(VoicecoreError, match="not-paused: tool find"):
        pauses.lift(Scope.TOOL, "find")


def test_tools_and_box_stay_paused_over_a_restart_but_calls_do_not(tmp_path: Path) -> None:
    path = tmp_path / "pauses.json"
    first = Pauses(path)
    for one in (pause(Scope.CALL, "c1"), pause(Scope.TOOL, "refund"), pause(Scope.BOX)):
        first.pause(one)
    assert Pauses(path).all == [pause(Scope.TOOL, "refund"), pause(Scope.BOX)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first.lift(Scope.BOX, "")
    assert Pauses(path).all == [pause(Scope.TOOL, "refund")]


@pytest.mark.parametrize(
    "text", ["", "{", "[{}]", "[1]", '[{"scope":"moon","name":"","who":"","why":"","since":""}]']
)
def test_a_file_in_doubt_pauses_the_box(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pauses.json"
    path.write_text(text)
    assert Pauses(path).box


def test_a_pause_that_can_not_be_written_holds_all_the_same(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path / "gone" / "pauses.json")
    pauses.pause(pause(Scope.BOX))
    assert pauses.box
