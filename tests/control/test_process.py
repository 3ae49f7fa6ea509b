"""The control process as a process: it serves, ends when told, and refuses to start half."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from tests.control.conftest import PASSWORD
from tests.control.test_command import EXAMPLE
from tests.control.test_server import certificate
from voicecore.audit import Signer
from voicecore.config import Appliance
from voicecore.control.process import control_settings, open_accounts, serve_control
from voicecore.control.roles import Role
from voicecore.errors import ConfigError

RUN = """
import sys
from pathlib import Path
from voicecore.config import Appliance, load_yaml
from voicecore.control.process import serve_control
serve_control(load_yaml(Path(sys.argv[1]), Appliance))
"""


def test_half_an_appliance_is_refused() -> None:
    with pytest.raises(ConfigError, match="no-control"):
        serve_control(Appliance(agent=EXAMPLE))
    with pytest.raises(ConfigError, match="no-audit"):
        serve_control(Appliance.model_validate({"agent": EXAMPLE, "control": {}}))


@pytest.mark.interop
def test_it_serves_over_tls_and_ends_when_told(tmp_path: Path, free_port: int) -> None:
    Signer.create(tmp_path / "audit.key")
    cert, key = certificate(tmp_path)
    config = {
        "agent": str(EXAMPLE),
        "run_dir": str(tmp_path),
        "control": {
            "accounts": str(tmp_path / "control.db"),
            "port": free_port,
            "certificate": str(cert),
            "key": str(key),
        },
        "audit": {"file": str(tmp_path / "audit.db"), "signing_key": str(tmp_path / "audit.key")},
    }
    appliance = Appliance.model_validate(config)
    accounts = open_accounts(control_settings(appliance))
    accounts.add("viewer", Role.VIEWER, PASSWORD)
    accounts.close()
    path = tmp_path / "appliance.yaml"
    path.write_text(yaml.safe_dump(config))
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        trust = ssl.create_default_context(cafile=cert)
        with httpx.Client(base_url=f"https://127.0.0.1:{free_port}", verify=trust, trust_env=False) as client:
            _until_up(client, process)
            secret = client.post("/v1/login", json={"name": "viewer", "password": PASSWORD}).json()["secret"]
            answer = client.get("/v1/calls", headers={"Authorization": f"Bearer {secret}"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "agent-unreachable")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert process.returncode in (0, -signal.SIGTERM)
        assert secret.encode() not in out
        assert PASSWORD.encode() not in out
    finally:
        process.kill()
        process.communicate()


def _until_up(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.get("/v1/health")
        except httpx.HTTPError:
            continue
        return
    raise AssertionError("the control process did not come up")
