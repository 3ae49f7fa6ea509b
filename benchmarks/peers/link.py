"""A peer process and the packets to and from it: a call's audio out, the peer's decisions in."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicecore.errors import EngineError
from voicecore.types import Pcm

ROOT = Path(__file__).parents[2]
PIPECAT = (
    str(ROOT / ".peers" / "pipecat" / "bin" / "python"),
    str(Path(__file__).parent / "pipecat" / "serve.py"),
)
"""The command of the Pipecat peer; ``make peers`` installs its interpreter."""

_PACKET = 65_536
_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that a peer decided, or its reason."""

    event: str
    """``vad-start``, ``turn-start``, ``interruption``, ``vad-stop``, ``verdict`` or ``turn-stop``."""
    at: float
    """Seconds of the call that the peer had been given by then."""
    facts: dict[str, Any]
    """``verdict``: probability that the turn is complete, took_ms that its model took."""


class Link:
    """Our end of the socket to one peer process, which serves one call at a time."""

    def __init__(self, wire: socket.socket) -> None:
        wire.setblocking(False)
        self.hello: dict[str, Any] = {}
        """The peer's versions and settings; empty before it was first ready for a call."""
        self.taken = False
        """Whether a call has it."""
        self.lost = 0
        """Packets that the peer was too late to take: a run with any is not a fair one."""
        self._wire = wire
        self._ready = False

    @property
    def idle(self) -> bool:
        """Ready for a call. Raises EngineError("peer-gone")."""
        self.decisions()
        return self._ready and not self.taken

    def hear(self, pcm: Pcm) -> None:
        """Give the peer 20 ms of the caller, int16 at ``RATE``."""
        self._send(b"A" + pcm.tobytes())

    def agent_speaks(self, speaking: bool) -> None:
        """Tell the peer that the agent is heard, or no longer."""
        self._send(b"S" if speaking else b"Q")

    def hang_up(self) -> None:
        """The call is over; the peer makes itself ready for the next one."""
        self.decisions()
        self._send(b"H")
        self._ready = self.taken = False

    def decisions(self) -> list[Decision]:
        """What has come since the last call, in order. Raises EngineError("peer-gone")."""
        found = []
        for message in self._messages():
            if message["event"] == "ready":
                self.hello, self._ready = message, True
            elif self._ready:
                event, at = message.pop("event"), message.pop("at")
                found.append(Decision(event, at, message))
        return found

    def close(self) -> None:
        """Let the peer go; it ends by itself."""
        self._wire.close()

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                packet = self._wire.recv(_PACKET)
            except BlockingIOError:
                return
            except OSError as exc:
                raise EngineError("peer-gone", "a peer process ended") from exc
            if not packet:
                raise EngineError("peer-gone", "a peer process ended")
            yield json.loads(packet)

    def _send(self, packet: bytes) -> None:
        try:
            self._wire.send(packet)
        except BlockingIOError:
            self.lost += 1
        except OSError as exc:
            raise EngineError("peer-gone", "a peer process ended") from exc


@contextlib.contextmanager
def started(command: Sequence[str] = PIPECAT, calls: int = 1) -> Iterator[list[Link]]:
    """As many peer processes as there are calls at once; returns when they run, not yet ``idle``.

    Raises EngineError("no-peer") when the peer's environment is not installed.
    """
    if not Path(command[0]).exists():
        raise EngineError("no-peer", f"needs {command[0]}: make peers")
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_process(command)) for _ in range(calls)]


@contextlib.contextmanager
def _process(command: Sequence[str]) -> Iterator[Link]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        environment = {**os.environ, "LOGURU_LEVEL": "WARNING"}
        process = subprocess.Popen(command, stdin=theirs.fileno(), env=environment)
    link = Link(ours)
    try:
        yield link
    finally:
        link.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
