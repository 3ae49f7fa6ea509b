"""Makes sure who asks, and that they may: what every route of the API declares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from starlette.requests import HTTPConnection

from voicecore.config import ControlSettings
from voicecore.control.accounts import Accounts, Person
from voicecore.control.limits import Limit
from voicecore.control.roles import Permission
from voicecore.errors import AccessError

SUBPROTOCOL = "voicecore"
"""Of the WebSocket; a browser, which can't set headers, offers its secret as a second one after it."""
_HASHES = 2
"""Passwords that are checked at once: each takes 64 MB and a core."""


@dataclass(slots=True)
class Access:
    """The doors of one API.

    Raises AccessError: ``not-authenticated``, ``forbidden``, ``too-many``, ``bad-login``.
    """

    accounts: Accounts
    settings: ControlSettings
    clock: Callable[[], float] = time.monotonic
    _requests: Limit = field(init=False)
    _logins: Limit = field(init=False)
    _hashing: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        per_s, logins = self.settings.requests_per_s, self.settings.logins
        self._requests = Limit(per_s, 2 * per_s)
        self._logins = Limit(logins / self.settings.logins_s, logins)
        self._hashing = asyncio.Semaphore(_HASHES)

    async def login(self, name: str, password: str, address: str) -> tuple[str, Person]:
        """A session. Wrong passwords count against the name and against the address they came from."""
        keys, now = (f"name {name}", f"address {address}"), self.clock()
        for key in keys:
            self._take(self._logins, key, now)
        async with self._hashing:
            secret, person = await asyncio.to_thread(self.accounts.login, name, password)
        for key in keys:
            self._logins.give_back(key, self.clock())
        return secret, person

    async def person(self, connection: HTTPConnection, permission: Permission | None) -> Person:
        """Who asks, if they may (None: anybody who is known)."""
        secret = secret_of(connection)
        address = connection.client.host if connection.client else ""
        if secret is None:
            raise AccessError("not-authenticated", "a valid session or token is needed")
        self._take(self._requests, secret, self.clock())
        try:
            person = await asyncio.to_thread(self.accounts.person, secret)
        except AccessError:
            self._take(self._requests, f"address {address}", self.clock())
            raise
        if permission is not None and permission not in person.permissions:
            raise AccessError("forbidden", f"{person.role} may not {permission}")
        return person

    @staticmethod
    def _take(limit: Limit, key: str, now: float) -> None:
        if wait := limit.take(key, now):
            raise AccessError("too-many", "wait before trying again", retry_after_s=ceil(wait))


def secret_of(connection: HTTPConnection) -> str | None:
    """The bearer secret (RFC 6750), or that among a WebSocket's subprotocols."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    offered = [p.strip() for p in connection.headers.get("sec-websocket-protocol", "").split(",")]
    others = [p for p in offered if p not in ("", SUBPROTOCOL)]
    return others[0] if SUBPROTOCOL in offered and others else None


class Needs:
    """The dependency with which a route says what permission it asks for; None: to be known is enough."""

    def __init__(self, permission: Permission | None) -> None:
        self.permission = permission
        self.name = "known" if permission is None else permission.value

    async def __call__(self, connection: HTTPConnection) -> Person:
        access: Access = connection.app.state.access
        return await access.person(connection, self.permission)


class Anybody:
    """The dependency of a route that is open to all; it has to say so too."""

    name = "anybody"

    async def __call__(self, connection: HTTPConnection) -> None:
        """Nothing is asked."""
