"""What agent and media process say to each other: typed messages, one JSON packet each, with descriptors."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from voicecore.audio import Ring
from voicecore.errors import SipError

PACKET_BYTES = 65_536
MAX_FDS = 8


@dataclass(frozen=True, slots=True)
class Login:
    """Whom to register with, and the secret (it travels over the socket only)."""

    registrar: str
    user: str
    password: str
    realm: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Configure:
    """First message to a media process: everything it needs to know."""

    address: str
    port: int
    transports: tuple[str, ...]
    rtp_port: int
    codecs: tuple[str, ...]
    max_calls: int
    retry_after_s: int
    user: str
    trunks: tuple[str, ...]
    user_agent: str
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """Place a call; carries the descriptors of its rings."""

    call: str
    uri: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a call; carries the descriptors of its rings."""

    call: str


@dataclass(frozen=True, slots=True)
class Reject:
    call: str
    code: int
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Hangup:
    call: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    call: str
    digits: str
    method: str


@dataclass(frozen=True, slots=True)
class Hold:
    call: str


@dataclass(frozen=True, slots=True)
class Resume:
    call: str


@dataclass(frozen=True, slots=True)
class Transfer:
    call: str
    uri: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for ``Stats``."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Hang up everything, destroy the stack, exit."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The stack is up; ``port`` is the one it got."""

    port: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The stack did not come up; the process exits."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Event:
    """A ``CallEvent``; ``info`` comes with "incoming" only."""

    kind: str
    call: str
    detail: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registered:
    """The registrar's answer to our REGISTER; ``expires_s`` 0 means not registered."""

    code: int
    expires_s: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Media clock statistics since the start: ``interval_ms[i]`` ticks came i ms after the one before."""

    interval_ms: list[int]
    longest_ms: float
    calls: int
    """Served since the start."""
    live: int
    refused: int
    """INVITEs answered 503 because all lines were taken."""


Message = (
    Configure
    | Dial
    | Answer
    | Reject
    | Hangup
    | Dtmf
    | Hold
    | Resume
    | Transfer
    | Ask
    | Stop
    | Ready
    | Failed
    | Event
    | Registered
    | Stats
)


_TYPES: dict[str, Any] = {kind.__name__: kind for kind in get_args(Message)}


def encode(message: Message) -> bytes:
    """One packet for one message."""
    return json.dumps([type(message).__name__, dataclasses.asdict(message)]).encode()


def decode(packet: bytes) -> Message:
    """Raises SipError("bad-control") for anything that is not a message of ours."""
    try:
        name, fields = json.loads(packet)
        if fields.get("login") is not None:
            fields["login"] = Login(**fields["login"])
        message: Message = _TYPES[name](**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise SipError("bad-control", f"{type(exc).__name__} in a control packet") from exc
    return message


class Channel:
    """One end of the control socket (AF_UNIX, SOCK_SEQPACKET). ``closed`` once the peer is gone."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.closed = False

    @staticmethod
    def pair() -> tuple[Channel, socket.socket]:
        """Our end, and the socket to hand to the other process."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return Channel(ours), theirs

    def send(self, message: Message, rings: Sequence[Ring] = ()) -> None:
        """Never blocks. A peer that is gone, or so far behind that nothing fits, closes the channel."""
        fds = [fd for ring in rings for fd in (ring.memfd, ring.eventfd)]
        try:
            socket.send_fds(self.sock, [encode(message)], fds)
        except OSError:
            self.closed = True

    def receive(self) -> tuple[Message, list[Ring]] | None:
        """The next message and the rings it carries; None when there is none, or the peer is gone."""
        try:
            packet, fds, flags, _ = socket.recv_fds(self.sock, PACKET_BYTES, MAX_FDS)
        except BlockingIOError:
            return None
        except OSError:
            packet, fds, flags = b"", [], 0
        rings = []
        try:
            if not packet:
                self.closed = True
                return None
            if flags & socket.MSG_TRUNC:
                raise SipError("bad-control", "a control packet is too long")
            rings = [Ring.attach(*fds[i : i + 2]) for i in range(0, len(fds), 2)]
            return decode(packet), rings
        finally:
            for fd in fds:
                os.close(fd)

    def close(self) -> None:
        self.closed = True
        self.sock.close()
