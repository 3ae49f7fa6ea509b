"""What the appliance's file may say about audit and vault, and what is opened of it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from voicecore.audit import Signer, verify
from voicecore.config import AuditSettings, TokenSettings, VaultSettings
from voicecore.custody import open_audit, open_keys
from voicecore.errors import ConfigError


@pytest.mark.parametrize("url", ["http://host:80", "udp://host", "tcp://:0", "file://", "unix:", "nonsense"])
def test_checkpoints_go_only_where_they_can(url: str) -> None:
    with pytest.raises(ValidationError, match="is none of"):
        AuditSettings(export=(url,))


def test_where_checkpoints_go() -> None:
    urls = ("file:///mnt/x", "udp://10.0.0.1:514", "tcp://[fd00::1]:601", "unix:///dev/log")
    assert AuditSettings(export=urls).export == urls


@pytest.mark.parametrize(
    "more", [{}, {"master_key": "a", "token": {"module": "m", "token": "t", "pin_file": "p"}}]
)
def test_there_is_one_master_key(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="a master_key or a token"):
        VaultSettings(**more)


def test_a_token_needs_its_pin_and_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = TokenSettings(module=Path("/nowhere.so"), token="box", pin_file=tmp_path / "pin")
    settings = VaultSettings(file=tmp_path / "keys.db", token=token)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "voicecore.vault.token", None)
        with pytest.raises(ConfigError) as caught:
            open_keys(settings)
        assert caught.value.code == "no-engine"
    pytest.importorskip("pkcs11")
    with pytest.raises(ConfigError) as caught:
        open_keys(settings)
    assert caught.value.code == "no-secret"


def test_one_process_exports(tmp_path: Path) -> None:
    out = tmp_path / "checkpoints"
    settings = AuditSettings(
        file=tmp_path / "audit.db", signing_key=tmp_path / "audit.key", export=(out.as_uri(),)
    )
    signer = Signer.create(settings.signing_key)
    for export in (False, True):
        audit = open_audit(settings, "billing 1", export)
        audit.note("call-1", "turn", 0.0, {})
        audit.close()
        assert out.exists() == export
    assert len(out.read_text().splitlines()) == 2
    assert verify(settings.file, signer).ok
