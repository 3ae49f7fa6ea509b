"""Finds a port to listen on."""

from __future__ import annotations

import contextlib
import socket


def free_port(address: str) -> int:
    """A port that is free for UDP and TCP on ``address`` right now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        with (
            socket.socket(family, socket.SOCK_DGRAM) as udp,
            socket.socket(family, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind((address, 0))
            port: int = udp.getsockname()[1]
            with contextlib.suppress(OSError):
                tcp.bind((address, port))
                return port
