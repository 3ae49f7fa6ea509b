"""A control process over an agent with one call, without the network."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from tests.pipeline.test_oversight import Book, House
from voicecore.config import ControlSettings
from voicecore.control.access import Access
from voicecore.control.accounts import Accounts, Lifetimes
from voicecore.control.app import create_app
from voicecore.control.events import Relay
from voicecore.control.office import Office
from voicecore.control.roles import Role

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Not for use."""


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Control:
    """The API, its accounts (one per role, named after it) and what is behind it."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.settings = ControlSettings(accounts=folder / "control.db")
        lifetimes = Lifetimes(self.settings.session_s, self.settings.idle_s)
        self.accounts = Accounts(self.settings.accounts, lifetimes, QUICK, self.clock)
        for role in Role:
            self.accounts.add(role, role, PASSWORD)
        self.house, self.book = House(folder), Book()
        self.access = Access(self.accounts, self.settings, self.clock)
        relay = Relay(folder / "feed.sock")
        self.office = Office(self.access, self.house.socket, relay, self.book)
        self.app = create_app(self.office)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://control", trust_env=False
        )

    async def login(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return await self.client.post("/v1/login", json={"name": name, "password": password})

    async def be(self, name: str) -> dict[str, str]:
        """The headers of somebody who has logged in."""
        return {"Authorization": f"Bearer {(await self.login(name)).json()['secret']}"}


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Control]:
    control = Control(folder)
    await control.house.oversight.serve(control.house.socket)
    await control.house.feed.serve(folder / "feed.sock")
    yield control
    await control.client.aclose()
    await control.house.oversight.close()
    await control.house.feed.close()
    control.accounts.close()


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with opened(tmp_path) as made:
        yield made


@pytest.fixture
def free_port() -> int:
    """A TCP port that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
