"""The lock inside a Python process: an audit hook (PEP 578) that refuses every peer that is not allowed.

It holds for asyncio, httpx and all else that goes through Python's sockets, and can't be taken off again.
It does not see sockets of native libraries (pjsua2, ZeroMQ, llama.cpp): those are held by ``seal_sockets``
where they need no network, and by the kernel's rules (``rules``) where they do.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
from collections import Counter
from typing import Any

from voicecore.egress.peers import Peers, parse_address
from voicecore.errors import VoicecoreError

log = logging.getLogger(__name__)

_ASKS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_NUMERIC = 2
"""Fields of an IPv4 address; IPv6 has two more."""
_MOST_TOLD = 100
"""Peers whose refusal is logged; more are only counted."""


class EgressRefused(VoicecoreError, PermissionError):
    """A connection that would leave the box; an OSError (EACCES), as if the kernel had refused it."""

    def __init__(self, peer: str) -> None:
        VoicecoreError.__init__(self, "egress-refused", f"{peer} is no peer of this appliance", peer=peer)
        self.errno = errno.EACCES


class EgressLock:
    """One allow-list for the process. ``refused`` counts what was tried, by peer."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._telling = threading.local()
        self.refused: Counter[str] = Counter()

    def install(self) -> None:
        """From here on, for the rest of the process's life."""
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _SENDS:
            self._check_send(*arguments)
        elif event in _ASKS:
            self._check_name(arguments[0])

    def _check_send(self, sock: socket.socket, address: object) -> None:
        match sock.family:
            case socket.AF_UNIX | socket.AF_NETLINK:
                return
            case socket.AF_INET | socket.AF_INET6:
                if address is None:
                    return  # a datagram to the peer that connect() was checked for
                host, port = address[:_NUMERIC] if isinstance(address, tuple) else ("", 0)
                if isinstance(host, bytes):
                    host = host.decode("ascii", "replace")
                if not (isinstance(host, str) and self._peers.allows(host, port)):
                    self._refuse(f"{host}:{port}")
            case family:
                self._refuse(getattr(family, "name", f"family {family}"))

    def _check_name(self, host: object) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
        if name is None or name == "":
            return  # one's own addresses
        literal = isinstance(name, str) and parse_address(name) is not None
        if not (literal or str(name).lower() in self._peers.names):
            self._refuse(str(name))

    def _refuse(self, peer: str) -> None:
        self.refused[peer] += 1
        if self.refused[peer] == 1 and len(self.refused) <= _MOST_TOLD:
            self._tell(peer)
        raise EgressRefused(peer)

    def _tell(self, peer: str) -> None:
        """Log it, unless it is the log itself that wants out."""
        if getattr(self._telling, "now", False):
            return
        self._telling.now = True
        try:
            log.error("egress refused: %s", peer)
        finally:
            self._telling.now = False
