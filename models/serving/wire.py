"""One end of the socket between an agent and an engine process: any thread sends, one thread polls."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence

import zmq

from models.serving.protocol import MOST_BYTES, Packet, pack, unpack
from voicecore.errors import EngineError

_LINGER_MS = 200
"""How long what was sent last may still be on its way when the wire is closed."""


class Wire:
    """A pair of ZeroMQ sockets has no more than two ends: agent and process, each with its own wire.

    All but ``send`` belongs to the polling thread.
    """

    def __init__(self, address: str, bind: bool) -> None:
        """``address``: ``ipc://PATH``. Raises EngineError("engine-socket")."""
        self._outbox: deque[list[bytes]] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PAIR)
        self._socket.set(zmq.LINGER, _LINGER_MS)
        self._socket.set(zmq.SNDHWM, 0)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.MAXMSGSIZE, MOST_BYTES)
        try:
            (self._socket.bind if bind else self._socket.connect)(address)
        except zmq.ZMQError as exc:
            self.close()
            raise EngineError("engine-socket", f"{address}: {exc}") from exc
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._wake, zmq.POLLIN)

    def send(self, packet: Packet) -> None:
        """Queue a packet, in order per thread; it is dropped when either end is gone."""
        self._outbox.append(pack(packet))
        self.wake()

    def wake(self) -> None:
        """Have ``poll`` return."""
        with self._lock:
            if not self._closed:
                os.eventfd_write(self._wake, 1)

    def watch(self, fd: int) -> None:
        """Have ``poll`` return when ``fd`` becomes readable, too."""
        self._poller.register(fd, zmq.POLLIN)

    def poll(self, timeout_s: float) -> list[Packet]:
        """Send what is queued; what has come in, at the latest after ``timeout_s``.

        Raises EngineError("engine-protocol").
        """
        self._flush()
        ready = dict(self._poller.poll(round(timeout_s * 1000)))
        if self._wake in ready:
            os.eventfd_read(self._wake)
            self._flush()
        return self._received()

    def close(self) -> None:
        """Send what is queued and let go."""
        self._flush()
        self._socket.close()
        self._context.term()
        with self._lock:
            self._closed = True
            os.close(self._wake)

    def _flush(self) -> None:
        while self._outbox:
            try:
                self._socket.send_multipart(self._outbox.popleft(), zmq.NOBLOCK)
            except zmq.Again:
                continue

    def _received(self) -> list[Packet]:
        packets: list[Packet] = []
        while True:
            try:
                frames: Sequence[bytes] = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return packets
            packets.append(unpack(frames))
