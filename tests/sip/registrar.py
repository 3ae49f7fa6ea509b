"""A SIP registrar for tests: one user, digest authentication (RFC 3261 section 22), over UDP."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any

REALM = "voicecore.test"
NONCE = "5f0e1c7b"


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode()).hexdigest()


class Registrar(asyncio.DatagramProtocol):
    """Challenges every REGISTER, and grants it for 60 s when the response fits the password."""

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self.password = password
        self.granted: list[int] = []
        """Expires of every REGISTER that was granted; 0 is a goodbye."""
        self.refused = 0

    @classmethod
    async def start(cls, user: str, password: str) -> tuple[Registrar, int]:
        loop = asyncio.get_running_loop()
        transport, registrar = await loop.create_datagram_endpoint(
            lambda: cls(user, password), local_addr=("127.0.0.1", 0)
        )
        return registrar, int(transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = data.decode()
        if not message.startswith("REGISTER "):
            return
        expires = int(self._header(message, "Expires"))
        answer = re.search(r"^Authorization: Digest (.*)\r$", message, re.M)
        if answer is None:
            challenge = (
                f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}", algorithm=MD5, qop="auth"'
            )
            self._reply(message, addr, "401 Unauthorized", challenge)
        elif self._fits(dict(re.findall(r'(\w+)="?([^",]*)"?', answer[1]))):
            self.granted.append(expires)
            granted = f"Contact: {self._header(message, 'Contact').partition(';expires')[0]};expires=60"
            self._reply(message, addr, "200 OK", granted if expires else "Expires: 0")
        else:
            self.refused += 1
            self._reply(message, addr, "403 Forbidden")

    def _fits(self, given: dict[str, str]) -> bool:
        ha1 = md5(self.user, REALM, self.password)
        ha2 = md5("REGISTER", given["uri"])
        expected = md5(ha1, given["nonce"], given["nc"], given["cnonce"], given["qop"], ha2)
        return given["username"] == self.user and given["response"] == expected

    def _reply(self, request: str, addr: tuple[str, int], status: str, *extra: str) -> None:
        copied = [f"{name}: {self._header(request, name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
        to = f"To: {self._header(request, 'To')};tag=registrar"
        lines = [f"SIP/2.0 {status}", *copied, to, *extra, "Content-Length: 0", "", ""]
        self.transport.sendto("\r\n".join(lines).encode(), addr)

    @staticmethod
    def _header(message: str, name: str) -> str:
        found = re.search(rf"^{name}: *(.*)\r$", message, re.M)
        return found[1] if found else ""
