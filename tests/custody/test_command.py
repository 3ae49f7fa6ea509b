"""The commands, as a person types them."""

import json
import sqlite3
import stat
import wave
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from tests.custody.conftest import ANNA
from voicecore.config import Appliance
from voicecore.custody import command
from voicecore.errors import ConfigError, StoreError

app = typer.Typer()
app.add_typer(command.audit_app, name="audit")
app.add_typer(command.vault_app, name="vault")
app.add_typer(command.recording_app, name="recording")
app.add_typer(command.retention_app, name="retention")
app.command("erase")(command.erase)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def said(*words: object) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def write(appliance: Appliance, path: Path) -> Path:
    path.write_text(yaml.safe_dump(appliance.model_dump(mode="json", by_alias=True)))
    return path


@pytest.fixture
def config(filled: Appliance, tmp_path: Path) -> Path:
    return write(filled, tmp_path / "appliance.yaml")


def test_the_chain_is_verified_also_against_what_was_exported(config: Path, tmp_path: Path) -> None:
    assert run("audit", "checkpoint", "--config", config).exit_code == 0
    (tmp_path / "public.pem").write_text(run("audit", "key", "--config", config).stdout)
    lines = (tmp_path / "checkpoints").read_text().splitlines()
    (tmp_path / "syslog").write_text("".join(f"Nov 20 12:00:00 box voicecore: {line}\n" for line in lines))
    for more in ((), ("--public-key", tmp_path / "public.pem"), ("--against", tmp_path / "syslog")):
        assert said("audit", "verify", "--config", config, *more)["ok"]
    with closing(sqlite3.connect(tmp_path / "data" / "audit.db")) as db, db:
        db.execute("UPDATE records SET body = replace(body, 'pay', 'not') WHERE seq = 2")
    result = run("audit", "verify", "--config", config)
    assert result.exit_code == 1
    assert "record-changed     records 2 to 2" in result.stdout
    assert "NOT WHOLE" in result.stdout


def test_a_call_is_shown_and_exported(config: Path, tmp_path: Path) -> None:
    (line,) = run("audit", "show", "--config", config, "call-1").stdout.splitlines()
    assert json.loads(line)["data"]["decided"] == "pay"
    assert run("audit", "export", "--config", config, tmp_path / "out", "--call", "call-1").exit_code == 0
    (tmp_path / "public.pem").write_text(run("audit", "key", "--config", config).stdout)
    proof = ("audit", "verify", "--file", tmp_path / "out", "--public-key", tmp_path / "public.pem")
    assert said(*proof)["records"] == 1
    with pytest.raises(ConfigError):
        raise run("audit", "verify").exception or AssertionError


def test_a_caller_is_erased(config: Path) -> None:
    gone = said("erase", "--config", config, "--caller", ANNA, "--why", "asked")
    assert gone == {"calls": 2, "keys": 6, "files": 2, "records": 0}
    assert "0 calls" in run("erase", "--config", config, "--caller", ANNA, "--why", "asked").stdout
    assert said("audit", "verify", "--config", config)["ok"]


def test_a_recording_is_exported(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "call.wav"
    assert run("recording", "export", "--config", config, "call-1", out, "--why", "complaint").exit_code == 0
    with wave.open(str(out)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 16_000, 55 * 320)
        assert file.readframes(1) == b"\x07\x00\x09\x00"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    shown = run("audit", "show", "--config", config, "call-1").stdout.splitlines()[-1]
    assert json.loads(shown)["data"]["why"] == "complaint"


def test_retention_and_rotation(config: Path) -> None:
    assert said("retention", "run", "--config", config) == {"calls": 0, "keys": 0, "files": 0, "records": 0}
    assert "10 keys" in run("vault", "rotate", "--config", config).stdout
    assert (
        run("recording", "export", "--config", config, "call-1", "/dev/null/x", "--why", "x").exit_code != 0
    )
    assert said("erase", "--config", config, "--caller", ANNA, "--why", "asked")["keys"] == 6


def test_keys_are_made_once(tmp_path: Path) -> None:
    settings = {
        "agent": ".",
        "audit": {"file": f"{tmp_path}/audit.db", "signing_key": f"{tmp_path}/audit.key"},
        "vault": {"file": f"{tmp_path}/keys.db", "master_key": f"{tmp_path}/master.key"},
    }
    config = tmp_path / "appliance.yaml"
    config.write_text(yaml.safe_dump(settings))
    for words in (("audit", "init"), ("vault", "init")):
        assert run(*words, "--config", config).exit_code == 0
        failure = run(*words, "--config", config).exception
        assert isinstance(failure, StoreError)
        assert failure.code == "key-exists"


def test_what_is_not_set_is_said_so(tmp_path: Path) -> None:
    config = tmp_path / "appliance.yaml"
    config.write_text("agent: .\n")
    for words in (("audit", "verify"), ("audit", "init"), ("vault", "init"), ("vault", "rotate")):
        failure = run(*words, "--config", config).exception
        assert isinstance(failure, ConfigError)
        assert "is not set" in str(failure)
