"""The seal, in a process of its own: native code and children are held as well, local sockets are not."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from voicecore.egress import seal_sockets
from voicecore.errors import VoicecoreError

SEALED = """
import ctypes, socket, subprocess, sys, threading
from voicecore.egress import seal_sockets

go, outcome = threading.Event(), []

def attempt():
    go.wait()
    libc = ctypes.CDLL(None, use_errno=True)
    outcome.append((libc.socket(socket.AF_INET, socket.SOCK_DGRAM, 0), ctypes.get_errno()))

thread = threading.Thread(target=attempt)
thread.start()
seal_sockets()
go.set()
thread.join()
assert outcome == [(-1, 13)], "a thread from before, in native code"
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_PACKET):
    try:
        socket.socket(family)
    except PermissionError:
        continue
    raise SystemExit(f"{family} is open")
here, there = socket.socketpair()
here.send(b"x")
assert there.recv(1) == b"x"
code = "import socket; socket.socket()"
child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
assert "PermissionError" in child.stderr, child
"""


def test_no_thread_and_no_child_gets_an_internet_socket() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEALED], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_an_unknown_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    with pytest.raises(VoicecoreError, match="no-seccomp: no filter for pdp11"):
        seal_sockets()
