"""The server itself: TLS on a real socket, events on a real WebSocket, no plain HTTP to other machines."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.control.conftest import Control
from voicecore.config import ControlSettings
from voicecore.control.server import check_door, make_server
from voicecore.errors import ConfigError


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed one for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "voicecore test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths[1].touch(0o600)
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return paths


@contextlib.asynccontextmanager
async def served(control: Control, settings: ControlSettings) -> AsyncIterator[int]:
    """The API on a port of its own."""
    server: uvicorn.Server = make_server(control.app, settings)
    running = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(20):
        while not server.started:
            await asyncio.sleep(0)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await running


@pytest.fixture
def tls(tmp_path: Path) -> ControlSettings:
    cert, key = certificate(tmp_path)
    return ControlSettings(port=0, certificate=cert, key=key)


async def test_a_login_over_tls_and_nothing_in_the_clear(control: Control, tls: ControlSettings) -> None:
    async with served(control, tls) as port:
        trust = ssl.create_default_context(cafile=tls.certificate)
        async with httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{port}", verify=trust, trust_env=False
        ) as client:
            answer = await client.post(
                "/v1/login", json={"name": "viewer", "password": "correct horse battery"}
            )
            assert answer.status_code == 200
            assert "server" not in answer.headers
        async with httpx.AsyncClient(trust_env=False) as plain:
            with pytest.raises(httpx.HTTPError):
                await plain.get(f"http://127.0.0.1:{port}/v1/health")
        old = ssl.create_default_context(cafile=tls.certificate)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=old)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(("name", "hears"), [("viewer", False), ("supervisor", True)])
async def test_events_arrive_as_the_role_may_see_them(
    control: Control, tls: ControlSettings, name: str, hears: bool
) -> None:
    async with served(control, tls) as port:
        trust = ssl.create_default_context(cafile=tls.certificate)
        headers = await control.be(name)
        url = f"wss://127.0.0.1:{port}/v1/events"
        secret = headers["Authorization"].split()[1]
        async with (
            websockets.connect(url, ssl=trust, additional_headers=headers, proxy=None) as one,
            websockets.connect(url, ssl=trust, subprotocols=["voicecore", secret], proxy=None) as two,  # type: ignore[list-item]
        ):
            assert two.subprotocol == "voicecore"
            async with asyncio.timeout(20):
                while control.office.relay.feed.watchers < 2 or not control.house.feed.watchers:
                    await asyncio.sleep(0)
                control.house.feed.publish(
                    "caller.said", "c1", 1.0, turn=1, text="hello", confidence=1.0, by="speech"
                )
                for socket in (one, two):
                    while (event := json.loads(await socket.recv()))["type"] == "agent.down":
                        continue
                    assert event["turn"] == 1
                    assert ("text" in event) is hears


async def test_no_events_without_a_secret_and_none_after_the_session(
    control: Control, tls: ControlSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecore.control.watch.RECHECK_S", 0.01)
    async with served(control, tls) as port:
        trust = ssl.create_default_context(cafile=tls.certificate)
        url = f"wss://127.0.0.1:{port}/v1/events"
        with pytest.raises(websockets.InvalidStatus) as caught:
            await websockets.connect(url, ssl=trust, proxy=None)
        assert caught.value.response.status_code == 403
        headers = await control.be("viewer")
        async with websockets.connect(url, ssl=trust, additional_headers=headers, proxy=None) as socket:
            control.accounts.remove("viewer")
            async with asyncio.timeout(20):
                with contextlib.suppress(websockets.ConnectionClosed):
                    while True:
                        await socket.recv()
            assert (socket.close_code, socket.close_reason) == (1008, "not-authenticated")


def test_plain_http_is_for_this_machine_only(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    for address in ("127.0.0.1", "::1", "127.8.8.8"):
        check_door(ControlSettings(address=address))
    for address in ("0.0.0.0", "::", "10.0.0.1", "localhost", "box.example"):
        with pytest.raises(ConfigError, match="no-certificate"):
            check_door(ControlSettings(address=address))
        check_door(ControlSettings(address=address, certificate=cert, key=key))
    with pytest.raises(ConfigError, match="no-certificate"):
        check_door(ControlSettings(certificate=cert))


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="key-exposed"):
        check_door(ControlSettings(certificate=cert, key=key))
    with pytest.raises(ConfigError, match="bad-certificate"):
        check_door(ControlSettings(certificate=cert, key=tmp_path / "none"))


def test_a_certificate_that_is_none_is_named(control: Control, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    cert.write_text("no certificate")
    with pytest.raises(ConfigError, match="bad-certificate"):
        make_server(control.app, ControlSettings(certificate=cert, key=key))
