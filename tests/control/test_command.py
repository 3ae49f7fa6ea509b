"""The commands: accounts on the box, rules of egress, and approvals over TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from tests.control.conftest import PASSWORD, Control
from tests.control.test_server import certificate, served
from tests.pipeline.test_oversight import REQUEST
from voicecore.audit import Signer
from voicecore.config import ControlSettings
from voicecore.control import command
from voicecore.control.roles import Role
from voicecore.errors import AccessError

EXAMPLE = Path(__file__).parents[2] / "voicecore" / "examples" / "billing"


def told(app: typer.Typer, *words: str) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def config(tmp_path: Path) -> Path:
    Signer.create(tmp_path / "audit.key")
    appliance = {
        "agent": str(EXAMPLE),
        "sip": {"trunks": ["10.0.0.5"]},
        "control": {"accounts": str(tmp_path / "control.db")},
        "audit": {"file": str(tmp_path / "audit.db"), "signing_key": str(tmp_path / "audit.key")},
    }
    path = tmp_path / "appliance.yaml"
    path.write_text(yaml.safe_dump(appliance))
    return path


def test_accounts_are_made_on_the_box_and_it_is_on_record(config: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    file = ("--config", str(config), "--password-file", str(tmp_path / "password"))
    out = told(command.accounts_app, "add", "root-admin", "--role", "admin", *file)
    out += told(command.accounts_app, "password", "root-admin", *file)
    listed = told(command.accounts_app, "list", "--config", str(config))
    assert "root-admin" in listed
    assert "admin" in listed
    told(command.accounts_app, "remove", "root-admin", "--config", str(config))
    assert PASSWORD not in out + listed
    book = b"".join(path.read_bytes() for path in tmp_path.glob("audit.db*"))
    for kind in (b"account.add", b"account.change", b"account.remove", b"(on the box)"):
        assert kind in book
    assert PASSWORD.encode() not in book


def test_rules_name_the_peers_of_appliance_and_agent(config: Path) -> None:
    shown = told(command.egress_app, "show", "--config", str(config))
    assert "10.0.0.5/32" in shown
    assert "sip.trunks" in shown
    rules = told(command.egress_app, "nftables", "--config", str(config), "--user", "990")
    assert "meta skuid 990 goto appliance" in rules
    assert "tcp sport 8443 ct direction reply accept" in rules
    unit = told(command.egress_app, "systemd", "--config", str(config))
    assert f"ExecStart=/usr/local/bin/voicecore serve --config {config}" in unit
    with pytest.raises(Exception, match="bad-user"):
        told(command.egress_app, "nftables", "--config", str(config), "--user", 'x" accept')


async def test_what_waits_is_listed_and_approved(
    control: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certificate(tmp_path)
    monkeypatch.setenv("VOICECORE_CA", str(cert))
    monkeypatch.setenv("VOICECORE_TOKEN", control.accounts.issue("desk", Role.SUPERVISOR, 1))
    async with served(control, ControlSettings(port=0, certificate=cert, key=key)) as port:
        monkeypatch.setenv("VOICECORE_CONTROL", f"https://127.0.0.1:{port}")
        asked = asyncio.ensure_future(control.house.desk.ask(REQUEST))
        listed = await asyncio.to_thread(told, command.approvals_app, "list")
        assert "c1:a1" in listed
        await asyncio.to_thread(told, command.approvals_app, "approve", "c1:a1", "--why", "known customer")
        answer = await asked
        assert (answer.approved, answer.who) == (True, "token:desk")
        with pytest.raises(AccessError, match="unknown-approval"):
            await asyncio.to_thread(told, command.approvals_app, "deny", "c1:a1", "--why", "too late")
        await asyncio.to_thread(told, command.pauses_app, "set", "tool", "refund", "--why", "odd")
        assert control.house.pauses.refusal("c1", "refund") == "paused-tool"
        assert "refund" in await asyncio.to_thread(told, command.pauses_app, "list")
        await asyncio.to_thread(told, command.pauses_app, "lift", "tool", "refund", "--why", "fine")
        assert control.house.pauses.refusal("c1", "refund") is None
        assert "key" in await asyncio.to_thread(told, command.steps_app, "list")
