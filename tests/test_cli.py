"""The command line as a user meets it: real processes, and clear answers to bad input."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

pytestmark = pytest.mark.interop

EXAMPLE = Path("voicecore/examples/billing").absolute()


def voicecore(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voicecore", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **env},
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "appliance.yaml"
    path.write_text(
        f"agent: {EXAMPLE}\nsip: {{port: 0}}\nrun_dir: {tmp_path / 'run'}\n"
        f"store: {{url: 'sqlite:///{tmp_path / 'calls.db'}', recordings: {tmp_path / 'recordings'}}}\n"
    )
    return path


def test_a_broken_configuration_names_file_line_and_field(config: Path) -> None:
    config.write_text(config.read_text() + "turns:\n  wait_max_ms: soon\n")
    answer = voicecore("serve", "--config", str(config))
    assert answer.returncode == 2
    assert f"bad-field: {config}:6: turns.wait_max_ms: " in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_broken_agent_names_file_line_and_field(config: Path, tmp_path: Path) -> None:
    agent = tmp_path / "agent"
    shutil.copytree(EXAMPLE, agent)
    persona = (agent / "agent.yaml").read_text()
    (agent / "agent.yaml").write_text(f"voices: loud\n{persona}")
    config.write_text(config.read_text().replace(str(EXAMPLE), str(agent)))
    answer = voicecore("serve", "--config", str(config))
    assert answer.returncode == 2
    assert f"bad-field: {agent}/agent.yaml:1: voices: " in answer.stderr


def test_an_unknown_engine_lists_the_known_ones(config: Path) -> None:
    config.write_text(config.read_text() + "engines: {asr: oracle}\n")
    answer = voicecore("serve", "--config", str(config))
    assert answer.returncode == 2
    assert "unknown-engine" in answer.stderr
    assert "known: pocketsphinx" in answer.stderr


def test_a_missing_model_says_the_command_that_gets_it(config: Path, tmp_path: Path) -> None:
    answer = voicecore("serve", "--config", str(config), VOICECORE_DATA=str(tmp_path / "empty"))
    assert answer.returncode == 2
    assert "model-missing" in answer.stderr
    assert "voicecore models pull" in answer.stderr


def test_an_unknown_benchmark_lists_the_known_ones() -> None:
    answer = voicecore("bench", "speed")
    assert answer.returncode == 2
    assert "known: kernels" in answer.stderr


def test_models_are_listed_and_verified() -> None:
    assert "silero-vad" in voicecore("models", "list").stdout
    assert voicecore("models", "verify", VOICECORE_DATA="/nonexistent").returncode == 1


def test_an_unknown_call_is_an_error_with_a_code(config: Path) -> None:
    answer = voicecore("export", "--config", str(config), "nobody")
    assert answer.returncode == 2
    assert "unknown-call" in answer.stderr


def test_the_version_is_the_packages() -> None:
    assert voicecore("version").stdout.strip() == metadata.version("voicecore")


def test_a_policy_that_is_not_proved_is_not_served(config: Path, tmp_path: Path) -> None:
    agent = tmp_path / "agent"
    shutil.copytree(EXAMPLE, agent)
    policy = (agent / "policy.yaml").read_text()
    (agent / "policy.yaml").write_text(policy.replace("per: call, amount: 200000", "per: call, amount: 100"))
    config.write_text(config.read_text().replace(str(EXAMPLE), str(agent)))
    answer = voicecore("serve", "--config", str(config))
    assert answer.returncode == 2
    assert "policy-unproved" in answer.stderr
