"""Where checkpoints go off the box: a file, or syslog (RFC 5424) over UDP, TCP or a local socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from voicecore.errors import ConfigError

TIMEOUT_S = 2.0
PRIORITY = 13 * 8 + 5
"""Facility "log audit", severity "notice" (RFC 5424, 6.2.1)."""
_BOM = b"\xef\xbb\xbf"


class Sink(Protocol):
    """Takes lines; what it has taken it may get again after a crash."""

    def send(self, line: str) -> None:
        """Raises OSError."""
        ...


class FileSink:
    """Appends to a file, synced; on a file system of another machine, if it is to be off the box."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, line: str) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, line.encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)


class SyslogSink:
    """One message per line: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, octet counting) or a local socket.

    UDP and local sockets tell nothing of what became of it; TCP tells that it was taken by a kernel.
    """

    def __init__(self, transport: str, address: tuple[str, int] | str) -> None:
        """``transport``: "udp", "tcp" (``address``: host and port) or "unix" (a datagram socket's path)."""
        self._transport = transport
        self._address = address

    def send(self, line: str) -> None:
        message = syslog_message(line, socket.gethostname(), os.getpid())
        if self._transport == "tcp":
            assert isinstance(self._address, tuple)
            with socket.create_connection(self._address, TIMEOUT_S) as out:
                out.sendall(b"%d %b" % (len(message), message))
            return
        for family, address in self._datagram():
            with socket.socket(family, socket.SOCK_DGRAM) as out:
                out.settimeout(TIMEOUT_S)
                out.sendto(message, address)

    def _datagram(self) -> list[tuple[int, tuple[str, int] | str]]:
        if isinstance(self._address, str):
            return [(socket.AF_UNIX, self._address)]
        found = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
        return [(found[0], (str(found[4][0]), int(found[4][1])))]


def syslog_message(text: str, host: str, process: int, clock: Callable[[], datetime] | None = None) -> bytes:
    """RFC 5424, 6: version 1, no structured data, UTF-8."""
    at = (clock() if clock else datetime.now(UTC)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f"<{PRIORITY}>1 {at} {host} voicecore {process} checkpoint - ".encode() + _BOM + text.encode()


def sink(url: str) -> Sink:
    """The sink that a URL of ``AuditSettings.export`` names. Raises ConfigError("bad-field")."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FileSink(Path(parts.path))
    if parts.scheme == "unix":
        return SyslogSink("unix", parts.path)
    if parts.scheme in ("udp", "tcp") and parts.hostname and parts.port:
        return SyslogSink(parts.scheme, (parts.hostname, parts.port))
    raise ConfigError("bad-field", f"audit.export: {url!r}", field="audit.export")
