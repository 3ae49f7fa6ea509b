"""A caller that is nothing but two UDP sockets: minimal SIP (RFC 3261) and RTP (RFC 3550) on loopback.

No second media stack hides in what it measures: packets leave when the caller says, and the kernel stamps
those that come back.
"""

from __future__ import annotations

import re
import selectors
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

from voicecore.errors import SipError

PACKET_MS = 20
PACKET_TS = 160
"""Of G.711 and of G.722, whose RTP clock is 8 kHz by an old mistake (RFC 3551, 4.5.2)."""
_SO_TIMESTAMPNS = 35
_RTP = struct.Struct("!BBHII")
_TIMESPEC = struct.Struct("@ll")
_PATIENCE_S = 5.0
_LINGER_S = 0.5


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet that came back."""

    at_ns: int
    """When the kernel had it, CLOCK_MONOTONIC."""
    timestamp: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """The media of one call."""

    sent_ns: tuple[int, ...]
    """When each packet left, CLOCK_MONOTONIC; 0 for one that was lost on purpose."""
    received: tuple[Packet, ...]
    """In order of arrival, of the payload type that was agreed."""


class RtpPeer:
    """One call to an endpoint on loopback. Blocking: meant for a thread of its own."""

    def __init__(self, payload_type: int, codec: str) -> None:
        self._type, self._codec = payload_type, codec
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for sock in (self._sip, self._rtp):
            sock.bind(("127.0.0.1", 0))
        self._rtp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._name = f"{time.monotonic_ns()}-{self._port}"
        self._dialog: dict[str, str] = {}

    def __enter__(self) -> RtpPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self._sip.close()
        self._rtp.close()

    @property
    def _port(self) -> int:
        return int(self._sip.getsockname()[1])

    def ring(self, port: int) -> str:
        """INVITE ``port``; its final answer, "" when none comes. A refusal is acknowledged."""
        self._sip.connect(("127.0.0.1", port))
        self._request("INVITE", port, 1, self._offer())
        answer = self._answer(1)
        if answer and not answer.startswith("SIP/2.0 200 "):
            self._request("ACK", port, 1, branch="INVITE")
        return answer

    def dial(self, port: int) -> None:
        """``ring`` and ``take``. Raises SipError("no-answer")."""
        self.take(port, self.ring(port))

    def take(self, port: int, answer: str) -> None:
        """Acknowledge an ``answer`` that takes the call. Raises SipError("no-answer") for another one."""
        if not answer.startswith("SIP/2.0 200 "):
            raise SipError("no-answer", answer.partition("\r\n")[0])
        to, contact = re.search(r"^To: (.+?)\r$", answer, re.M), re.search(r"^Contact: <(.+?)>", answer, re.M)
        media = re.search(r"^m=audio (\d+)", answer, re.M)
        if to is None or contact is None or media is None:
            raise SipError("no-answer", "an answer without tag, contact or audio")
        self._dialog = {"to": to[1], "uri": contact[1]}
        self._rtp.connect(("127.0.0.1", int(media[1])))
        self._request("ACK", port, 1)

    def talk(self, payloads: Sequence[bytes], at_ms: Sequence[float | None]) -> Exchange:
        """Send each payload ``at_ms`` after the start (None: lost on the way), and listen all along."""
        realtime = time.time_ns() - time.monotonic_ns()
        start = time.monotonic_ns()
        sent, received = [0] * len(payloads), []
        with selectors.DefaultSelector() as selector:
            selector.register(self._rtp, selectors.EVENT_READ)
            for number, (payload, at) in enumerate(zip(payloads, at_ms, strict=True)):
                if at is not None:
                    received += self._listen(selector, start + round(at * 1e6), realtime)
                    sent[number] = time.monotonic_ns()
                    self._rtp.send(self._packet(number, payload))
            received += self._listen(selector, time.monotonic_ns() + round(_LINGER_S * 1e9), realtime)
        return Exchange(tuple(sent), tuple(received))

    def hang_up(self, port: int) -> None:
        """BYE, and its answer."""
        self._request("BYE", port, 2)
        self._answer(2)

    def _packet(self, number: int, payload: bytes) -> bytes:
        head = _RTP.pack(0x80, self._type | (0x80 if number == 0 else 0), number, number * PACKET_TS, 0x5EED)
        return head + payload

    def _listen(self, selector: selectors.BaseSelector, until_ns: int, realtime: int) -> list[Packet]:
        """All that comes back until then; ``realtime`` is how far CLOCK_REALTIME is ahead."""
        packets = []
        while (left := until_ns - time.monotonic_ns()) > 0:
            if selector.select(left / 1e9):
                data, extra, _, _ = self._rtp.recvmsg(2048, 64)
                _, kind, _, timestamp, _ = _RTP.unpack_from(data)
                if kind & 0x7F == self._type:
                    seconds, nanos = _TIMESPEC.unpack(extra[0][2])
                    at = seconds * 1_000_000_000 + nanos - realtime
                    packets.append(Packet(at, timestamp, data[_RTP.size :]))
        return packets

    def _offer(self) -> str:
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
        lines.append(f"m=audio {self._rtp.getsockname()[1]} RTP/AVP {self._type}")
        lines += [f"a=rtpmap:{self._type} {self._codec}/8000", f"a=ptime:{PACKET_MS}", ""]
        return "\r\n".join(lines)

    def _request(self, method: str, port: int, number: int, body: str = "", branch: str = "") -> None:
        """``branch``: the method whose transaction it belongs to, when not a new one (RFC 3261, 17.1.1.3)."""
        uri = self._dialog.get("uri", f"sip:agent@127.0.0.1:{port}")
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch=z9hG4bK{self._name}{branch or method}",
            f"From: <sip:meter@127.0.0.1>;tag={self._port}",
            f"To: {self._dialog.get('to', f'<sip:agent@127.0.0.1:{port}>')}",
            f"Call-ID: {self._name}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:meter@127.0.0.1:{self._port}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._sip.send("\r\n".join([*lines, "", body]).encode())

    def _answer(self, number: int) -> str:
        """The final response to request ``number``; "" when none comes in time."""
        deadline = time.monotonic() + _PATIENCE_S
        while (left := deadline - time.monotonic()) > 0:
            self._sip.settimeout(left)
            try:
                text = self._sip.recv(65_536).decode()
            except TimeoutError:
                break
            if re.match(r"SIP/2\.0 [2-6]", text) and f"CSeq: {number} " in text:
                return text
        return ""
