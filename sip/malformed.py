"""Answers UDP requests that pjsip's parser gives up on: 400, 416 or 505 instead of silence.

pjsip drops such packets but tells about them; whatever has the headers that every response must repeat
(RFC 3261, 8.2.6.2) is answered here, the rest stays dropped. Over TCP all of it does: where a broken
message ends, and the next begins, is anybody's guess.
"""

from __future__ import annotations

import ctypes
import ipaddress
import re
from typing import Any, ClassVar

_REQUEST = re.compile(r"([A-Z]{2,20}) (\S+) (SIP/\d+\.\d+)\r?\n")
_REPEATED = {"via": "v", "from": "f", "to": "t", "call-id": "i", "cseq": "cseq"}
"""Headers of every response, and their compact forms."""
_SCHEMES = ("sip:", "sips:", "tel:")

SHORTEST = 100
"""Bytes; below are keep-alives and scans."""
UDP = 1
"""PJSIP_TRANSPORT_UDP."""


def answer_to(packet: str, host: str, port: int) -> str | None:
    """The response to a malformed request that came from ``host:port``; None if it can't be answered."""
    start = _REQUEST.match(packet)
    if start is None or start[1] == "ACK":
        return None
    found: dict[str, list[str]] = {name: [] for name in _REPEATED}
    for line in re.split(r"\r?\n", packet.partition("\r\n\r\n")[0])[1:]:
        key = line.partition(":")[0].strip().lower()
        for name, compact in _REPEATED.items():
            if key in (name, compact):
                found[name].append(line)
    if not all(found.values()):
        return None
    found["via"][0] = re.sub(r";rport(?![=\w])", f";rport={port}", found["via"][0]) + f";received={host}"
    if ";tag=" not in found["to"][0]:
        found["to"][0] += ";tag=malformed"
    repeated = [*found["via"], *(found[name][0] for name in ("from", "to", "call-id", "cseq"))]
    return "\r\n".join([f"SIP/2.0 {_status(start[2], start[3])}", *repeated, "Content-Length: 0", "", ""])


def _status(uri: str, version: str) -> str:
    if version != "SIP/2.0":
        return "505 Version Not Supported"
    if re.match(r"[a-z][a-z0-9+.-]*:", uri) and not uri.startswith(_SCHEMES):
        return "416 Unsupported URI Scheme"
    return "400 Bad Request"


PACKET = (ctypes.c_char_p, ctypes.c_size_t)
ADDRESS = (ctypes.c_char_p, ctypes.c_int)


class Dropped(ctypes.Structure):
    """pjsip_tp_dropped_data."""

    _fields_: ClassVar = [
        ("transport", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("status", ctypes.c_int),
    ]


class Received(ctypes.Structure):
    """pjsip_rx_data.pkt_info from the packet on, with the wheel's PJSIP_MAX_PKT_LEN."""

    _fields_: ClassVar = [
        ("packet", ctypes.c_char * 4000),
        ("zero", ctypes.c_uint32),
        ("length", ctypes.c_ssize_t),
        ("address", ctypes.c_ubyte * 28),
        ("address_length", ctypes.c_int),
        ("host", ctypes.c_char * 46),
        ("port", ctypes.c_int),
    ]

    def plausible(self, length: int) -> bool:
        """Whether this build of pjsip lays the structure out as we believe."""
        try:
            ipaddress.ip_address(self.host.decode())
        except ValueError:
            return False
        fits = (self.zero, self.length) == (0, length)
        return fits and self.address_length in (16, 28) and 0 < self.port < 65_536


OnDropped = ctypes.CFUNCTYPE(None, ctypes.POINTER(Dropped))


class MalformedAnswers:
    """Hooks into a running pjsip. Keep the object until the stack is destroyed."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._c = library
        pointer = ctypes.c_void_p
        signatures: dict[str, tuple[Any, list[Any]]] = {
            "pjsua_get_pjsip_endpt": (pointer, []),
            "pjsip_endpt_get_tpmgr": (pointer, [pointer]),
            "pjsip_tpmgr_set_drop_data_cb": (ctypes.c_int, [pointer, OnDropped]),
            "pjsip_tpmgr_send_raw": (
                ctypes.c_int,
                [pointer, ctypes.c_int, pointer, pointer, *PACKET, *ADDRESS, pointer, pointer],
            ),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._manager = library.pjsip_endpt_get_tpmgr(library.pjsua_get_pjsip_endpt())
        self._hook = OnDropped(self._on_dropped)
        library.pjsip_tpmgr_set_drop_data_cb(self._manager, self._hook)

    def _on_dropped(self, pointer: Any) -> None:
        dropped = pointer.contents
        if dropped.length < SHORTEST or ctypes.string_at(dropped.transport, 3) != b"udp":
            return
        received = Received.from_address(dropped.data)
        if not received.plausible(dropped.length):
            return
        text = ctypes.string_at(dropped.data, dropped.length).decode("utf-8", "replace")
        answer = answer_to(text, received.host.decode(), received.port)
        if answer is not None:
            packet, address = answer.encode(), bytes(received.address)[: received.address_length]
            where = (address, len(address), None, None)
            self._c.pjsip_tpmgr_send_raw(self._manager, UDP, None, None, packet, len(packet), *where)
