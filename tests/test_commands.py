"""The commands that other parts bring: each loads, and is offered."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from voicecore.cli import PARTS, app


@pytest.mark.parametrize("name", PARTS)
def test_every_part_answers_for_itself(name: str) -> None:
    told = CliRunner().invoke(app, [name, "--help"])
    assert told.exit_code == 0
    assert f" {name} " in told.output
    assert "install-completion" not in told.output


def test_all_are_listed() -> None:
    told = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in ("serve", "demo", *PARTS) if name not in told] == []


def test_what_is_no_command_is_refused() -> None:
    assert CliRunner().invoke(app, ["redact"]).exit_code == 2
