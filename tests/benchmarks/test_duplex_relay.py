"""The lossy relay: passes SIP and RTP on, rewrites ports, and loses the same packets each time."""

from __future__ import annotations

import asyncio
import struct

from benchmarks.duplex.relay import Relay, relayed

PACKETS = 400
LOSS = 0.1


class Socket(asyncio.DatagramProtocol):
    """A UDP socket that keeps what it got."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.put_nowait((data, addr))

    async def next(self) -> tuple[bytes, tuple[str, int]]:
        return await asyncio.wait_for(self.got.get(), 5)


async def socket() -> tuple[asyncio.DatagramTransport, Socket, int]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Socket, local_addr=("127.0.0.1", 0)
    )
    return transport, protocol, transport.get_extra_info("sockname")[1]


def sdp(port: int) -> bytes:
    return b"v=0\r\nm=audio %d RTP/AVP 0\r\na=rtcp:%d\r\n" % (port, port + 1)


def offered(message: bytes) -> int:
    return int(message.split(b"m=audio ")[1].split()[0])


def rtp(number: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, 0, 1) + b"sound"


async def survivors(seed: int) -> tuple[list[int], list[int]]:
    """Numbers of the packets that reached the agent, and the caller."""
    sip = [await socket() for _ in range(2)]
    media = [await socket() for _ in range(2)]
    (caller, caller_in, _), (agent, agent_in, agent_port) = sip
    async with relayed(("127.0.0.1", agent_port), LOSS, seed) as relay:
        ports = await _agreed(relay, caller, caller_in, agent, agent_in, [port for *_, port in media])
        reached = []
        ways = ((media[0], media[1], ports[0]), (media[1], media[0], ports[1]))
        for side, ((sender, _, _), (_, receiver, _), port) in enumerate(ways):
            for sent in range(1, PACKETS + 1):
                sender.sendto(rtp(65_500 + sent), ("127.0.0.1", port))
                async with asyncio.timeout(5):
                    while receiver.got.qsize() + relay.dropped[side] < sent:
                        await asyncio.sleep(0)
            got = [receiver.got.get_nowait()[0] for _ in range(receiver.got.qsize())]
            reached.append([struct.unpack_from("!H", packet, 2)[0] for packet in got])
    for transport, _, _ in (*sip, *media):
        transport.close()
    return reached[0], reached[1]


async def _agreed(
    relay: Relay,
    caller: asyncio.DatagramTransport,
    caller_in: Socket,
    agent: asyncio.DatagramTransport,
    agent_in: Socket,
    ports: list[int],
) -> tuple[int, int]:
    """Offer and answer; where the caller and the agent are told to send their sound."""
    caller.sendto(b"INVITE sip:agent@host SIP/2.0\r\n\r\n" + sdp(ports[0]), ("127.0.0.1", relay.port))
    offer, source = await agent_in.next()
    assert source[1] == relay.port
    agent.sendto(b"SIP/2.0 200 OK\r\n\r\n" + sdp(ports[1]), source)
    answer, _ = await caller_in.next()
    assert len(offer) == len(b"INVITE sip:agent@host SIP/2.0\r\n\r\n" + sdp(ports[0]))
    assert not {offered(offer), offered(answer)} & set(ports)
    return offered(answer), offered(offer)


async def test_the_same_packets_are_lost_each_time() -> None:
    first, again, other = await survivors(1), await survivors(1), await survivors(2)
    assert first == again
    assert first[0] != first[1]
    assert first[0] != other[0]
    for numbers in first:
        assert 0.04 * PACKETS < PACKETS - len(numbers) < 0.2 * PACKETS
