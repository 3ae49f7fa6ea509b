"""``voicecore policy``: what it prints, and its exit status."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.policy.conftest import POLICY, TOOLS
from voicecore.errors import ConfigError
from voicecore.policy.command import policy_app


def folder(path: Path, text: str = POLICY) -> str:
    path.mkdir()
    (path / "policy.yaml").write_text(text)
    (path / "tools.yaml").write_text(TOOLS)
    return str(path)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(policy_app, arguments, catch_exceptions=False)
    return done.exit_code, done.output


def test_a_proof_is_told(tmp_path: Path) -> None:
    status, told = run("check", folder(tmp_path / "a"))
    assert status == 0
    assert "proved   limit a-call\n" in told
    assert "note     wipe: has no rule and is always denied\n" in told
    assert told.endswith("\nproved\n")


def test_a_broken_promise_fails_with_an_example(tmp_path: Path) -> None:
    text = POLICY + "promises:\n  small: {tools: [pay], per: call, amount: 700}\n"
    status, told = run("check", folder(tmp_path / "a", text), "--json")
    data = json.loads(told)
    assert status == 1
    assert not data["proved"]
    assert [claim["about"] for claim in data["claims"] if claim["status"] == "broken"] == ["promise small"]


def test_a_difference_is_told_with_its_request(tmp_path: Path) -> None:
    old = folder(tmp_path / "old")
    new = folder(tmp_path / "new", POLICY.replace("maximum: 500", "maximum: 600"))
    assert run("diff", old, old) == (0, "permits nothing more\n")
    status, told = run("diff", old, new)
    assert status == 1
    assert told.startswith("pay: old: deny (bad-arguments: cents: maximum); new: approve (needs-approval)\n")
    assert told.endswith("PERMITS MORE\n")
    status, told = run("diff", old, new, "--json")
    assert json.loads(told)["differences"][0]["values"]["args"]["cents"] > 500


def test_a_wrong_policy_is_no_proof(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bad-policy"):
        run("check", folder(tmp_path / "a", POLICY.replace("amount > 300", "amount")))
