"""Counts what a network interface sends, by whom it is for (packet(7))."""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections import Counter
from collections.abc import Collection

_EVERY_PROTOCOL = 0x0003
_OUTGOING = 4
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_ARP, _IPV4, _IPV6 = 0x0806, 0x0800, 0x86DD
_ICMPV6 = 58
_HOP_BY_HOP = 0
_NEIGHBOURS = range(130, 144)
"""ICMPv6 types of multicast listening and neighbour discovery (RFC 2710, 4861, 3810): the kernel's own."""
_ARP_TARGET = slice(24, 28)


def destination(protocol: int, packet: bytes) -> str | None:
    """Whom an outgoing packet (from layer 3) is for; None for the kernel's search for neighbours."""
    if protocol == _ARP:
        return f"arp {ipaddress.ip_address(packet[_ARP_TARGET])}"
    if protocol == _IPV4:
        return str(ipaddress.ip_address(packet[16:20]))
    if protocol == _IPV6:
        following, at = packet[6], 40
        if following == _HOP_BY_HOP:
            following, at = packet[40], 48
        if following == _ICMPV6 and packet[at] in _NEIGHBOURS:
            return None
        return str(ipaddress.ip_address(packet[24:40]))
    return f"protocol {protocol:#06x}"


class WireCounter:
    """A context that counts. Needs CAP_NET_RAW."""

    def __init__(self, interface: str) -> None:
        self.sent: Counter[str] = Counter()
        """Packets by destination ("arp ADDRESS" for a search)."""
        self.dropped = 0
        """Packets that came too fast to be counted."""
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY_PROTOCOL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self._socket.bind((interface, _EVERY_PROTOCOL))
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, name="counter")

    def __enter__(self) -> WireCounter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.dropped = _dropped(self._socket)
        self._socket.close()

    def outside(self, inside: Collection[str]) -> Counter[str]:
        """What went to anybody else than the addresses ``inside``."""
        known = {*inside, *(f"arp {address}" for address in inside)}
        return Counter({to: count for to, count in self.sent.items() if to not in known})

    def _count(self) -> None:
        while True:
            try:
                packet, address = self._socket.recvfrom(2048)
            except TimeoutError:
                if self._over.is_set():
                    return
                continue
            if address[2] == _OUTGOING and (to := destination(address[1], packet)) is not None:
                self.sent[to] += 1


def _dropped(sock: socket.socket) -> int:
    """Packets that the socket had no room for (PACKET_STATISTICS: two counters, seen and dropped)."""
    counters = sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
    return int.from_bytes(counters[4:], sys.byteorder)
