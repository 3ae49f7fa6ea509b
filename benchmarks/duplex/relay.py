"""A lossy stretch of line: a UDP relay between caller and agent that drops RTP packets, the same each time.

It takes the INVITE for the agent, puts ports of its own into both SDP bodies (RFC 4566, RFC 3264) and passes
on what comes to them. Whether packet n of a direction is lost depends on the seed and n alone (RFC 3550).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from functools import partial

import numpy as np

Address = tuple[str, int]
_MEDIA = re.compile(rb"(?m)^m=audio (\d+) ")
_HOST = "127.0.0.1"
_PATTERN = 1 << 16
"""Packets until the pattern of losses repeats: 22 minutes."""


class Relay:
    """One call's line from ``port`` to ``agent``; the caller dials ``port`` as if it were the agent's."""

    def __init__(self, agent: Address, loss: float, seed: int) -> None:
        """``loss``: share of RTP packets dropped, drawn independently for each and each way."""
        self.agent = agent
        self.dropped = [0, 0]
        """Packets lost towards the agent and towards the caller."""
        self._lost = np.random.default_rng(seed).random((2, _PATTERN)) < loss
        self._open: list[asyncio.DatagramTransport] = []
        self._signalling: asyncio.DatagramTransport | None = None
        self._caller: Address | None = None
        self._media: list[asyncio.DatagramTransport] = []
        self._ends: list[Address | None] = [None, None]
        """Where RTP goes that came in on the caller's side (0) and on the agent's side (1)."""
        self._first: list[int | None] = [None, None]

    @property
    def port(self) -> int:
        """Where the caller's INVITE goes."""
        assert self._signalling is not None
        return _port(self._signalling)

    async def start(self) -> None:
        """Bind the ports."""
        self._signalling = await self._bind(self._on_message)
        self._media = [await self._bind(partial(self._on_packet, side)) for side in (0, 1)]

    def stop(self) -> None:
        for transport in self._open:
            transport.close()

    async def _bind(self, take: Callable[[bytes, Address], None]) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(take), local_addr=(_HOST, 0), family=socket.AF_INET
        )
        self._open.append(transport)
        return transport

    def _on_message(self, data: bytes, source: Address) -> None:
        """A SIP message: to the agent, or back to the caller; an SDP body gets our port."""
        assert self._signalling is not None
        from_agent = source == self.agent
        if not from_agent:
            self._caller = source
        # Who says "send to me here" is at the far end of the side that we offer in its place.
        data = _MEDIA.sub(partial(self._offered, 0 if from_agent else 1), data)
        to = self._caller if from_agent else self.agent
        if to is not None:
            self._signalling.sendto(data, to)

    def _offered(self, side: int, found: re.Match[bytes]) -> bytes:
        self._ends[side] = (_HOST, int(found[1]))
        return b"m=audio %05d " % _port(self._media[side])

    def _on_packet(self, side: int, data: bytes, _: Address) -> None:
        """RTP that came in on ``side``: 0 from the caller, 1 from the agent."""
        to, number = self._ends[side], struct.unpack_from("!H", data, 2)[0]
        first = self._first[side]
        if first is None:
            first = self._first[side] = number
        if self._lost[side][(number - first) % _PATTERN]:
            self.dropped[side] += 1
        elif to is not None:
            self._media[1 - side].sendto(data, to)


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._take(data, addr)


def _port(transport: asyncio.DatagramTransport) -> int:
    return int(transport.get_extra_info("sockname")[1])


@contextlib.asynccontextmanager
async def relayed(agent: Address, loss: float, seed: int) -> AsyncIterator[Relay]:
    """A relay while the context is open."""
    relay = Relay(agent, loss, seed)
    await relay.start()
    try:
        yield relay
    finally:
        relay.stop()
