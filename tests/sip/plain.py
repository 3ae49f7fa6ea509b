"""A SIP peer that is nothing but a UDP socket: for messages that no proper stack would send."""

from __future__ import annotations

import asyncio
import re
import socket
import time

PATIENCE_S = 0.5


async def ask(port: int, packet: str) -> str:
    """Send one datagram to the endpoint; its first answer that is not provisional, "" if none comes."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        sock.connect(("127.0.0.1", port))
        own = sock.getsockname()[1]
        await loop.sock_sendall(sock, packet.replace("OWNPORT", str(own)).encode())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    answer = (await loop.sock_recv(sock, 65_536)).decode()
                    if not re.match(r"SIP/2.0 1\d\d ", answer):
                        return answer
        except TimeoutError:
            return ""


def request(method: str, port: int, body: str = "", **headers: str) -> str:
    """A request as a plain peer sends it."""
    fields = {
        "Via": f"SIP/2.0/UDP 127.0.0.1:OWNPORT;branch=z9hG4bK{time.monotonic_ns()}",
        "From": "<sip:peer@127.0.0.1>;tag=1",
        "To": f"<sip:agent@127.0.0.1:{port}>",
        "Call-ID": f"{time.monotonic_ns()}@test",
        "CSeq": f"1 {method}",
        "Contact": "<sip:peer@127.0.0.1:OWNPORT>",
        "Max-Forwards": "70",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} sip:agent@127.0.0.1:{port} SIP/2.0", *(f"{k}: {v}" for k, v in fields.items() if v)]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])


def invite(port: int) -> str:
    """An INVITE that offers mu-law."""
    sdp = (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"
    )
    return request("INVITE", port, sdp, Content_Type="application/sdp")
