"""The lock, in a process of its own because it can't be taken off again."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from voicecore.egress import EgressRefused
from voicecore.errors import VoicecoreError

LOCKED = """
import asyncio, json, logging, logging.handlers, socket, sys
import httpx
from voicecore.egress import EgressLock, Peer, Peers
from voicecore.errors import VoicecoreError

logging.getLogger().addHandler(logging.handlers.SysLogHandler(("198.51.100.9", 514)))
lock = EgressLock(Peers([Peer("127.0.0.0/8", None, "loopback"), Peer("192.0.2.1", 80, "test")]))
lock.install()
there = ("198.51.100.7", 443)

def tcp(family=socket.AF_INET, address=there):
    with socket.socket(family) as sock:
        sock.settimeout(0)
        sock.connect(address)

def udp(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", address)

def message():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"x"], [], 0, there)

def http(url):
    with httpx.Client(trust_env=False) as client:
        return client.get(url).status_code

def unix():
    here, there = socket.socketpair()
    return here.send(b"x")

TRIES = {
    "connect": tcp,
    "connect6": lambda: tcp(socket.AF_INET6, ("2001:db8::1", 443)),
    "mapped": lambda: tcp(socket.AF_INET6, ("::ffff:198.51.100.7", 443)),
    "port": lambda: tcp(address=("192.0.2.1", 81)),
    "sendto": lambda: udp(there),
    "sendmsg": message,
    "getaddrinfo": lambda: socket.getaddrinfo("telemetry.example", 443),
    "gethostbyname": lambda: socket.gethostbyname("telemetry.example"),
    "asyncio": lambda: asyncio.run(asyncio.open_connection(*there)),
    "asyncio-name": lambda: asyncio.run(asyncio.open_connection("telemetry.example", 443)),
    "httpx": lambda: http("http://198.51.100.7/"),
    "httpx-name": lambda: http("https://telemetry.example/"),
    "loopback": lambda: http(sys.argv[1]),
    "datagram": lambda: udp(("127.0.0.1", 9)),
    "unix": unix,
    "localhost": lambda: socket.getaddrinfo("localhost", 1) and None,
}
outcomes = {}
for name, attempt in TRIES.items():
    try:
        outcomes[name] = attempt()
    except Exception as exc:
        outcomes[name] = [type(exc).__name__, getattr(exc, "code", ""), isinstance(exc, OSError)]
print(json.dumps({"outcomes": outcomes, "refused": lock.refused}))
"""


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Hello) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_only_peers_are_reached_by_any_way_through_python(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOCKED, url], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    outcomes = told["outcomes"]
    assert {name: outcomes.pop(name) for name in ("loopback", "datagram", "unix", "localhost")} == {
        "loopback": 204,
        "datagram": None,
        "unix": 1,
        "localhost": None,
    }
    for name in ("httpx", "httpx-name"):
        assert outcomes.pop(name)[0] == "ConnectError"
    assert all(outcome == ["EgressRefused", "egress-refused", True] for outcome in outcomes.values()), (
        outcomes
    )
    assert told["refused"]["198.51.100.7:443"] == 4
    assert told["refused"]["telemetry.example"] == 4
    assert told["refused"]["198.51.100.9:514"] >= 1, (
        "a log handler that wants out does not go round in circles"
    )


def test_a_refusal_is_ours_and_an_error_of_the_network() -> None:
    refusal = EgressRefused("198.51.100.7:443")
    assert isinstance(refusal, VoicecoreError)
    assert isinstance(refusal, PermissionError)
    assert (refusal.code, refusal.facts["peer"]) == ("egress-refused", "198.51.100.7:443")
