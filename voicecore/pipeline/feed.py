"""Publishes what happens in calls, as it happens: to watchers in this process and on a local socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

_BACKLOG = 1000


class Feed:
    """Fans events out to subscribers; a slow one loses the oldest events, never the call."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[dict[str, Any]]] = set()
        self._server: asyncio.Server | None = None

    @property
    def watchers(self) -> int:
        """How many subscribe now."""
        return len(self._queues)

    def publish(self, kind: str, call: str, t: float, **data: Any) -> None:
        """One event; ``t`` is seconds on the call's audio clock."""
        event = {"type": kind, "call": call, "t": round(t, 3), **data}
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    async def subscribe(self) -> AsyncGenerator[dict[str, Any], None]:
        """All events from now on."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_BACKLOG)
        self._queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.discard(queue)

    async def serve(self, path: Path) -> None:
        """Offer the feed as JSON lines on a unix socket that only this user can read."""
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._client, path)
        path.chmod(0o600)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _client(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for event in self.subscribe():
                writer.write(json.dumps(event).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def follow(path: Path) -> AsyncIterator[dict[str, Any]]:
    """Events of a running appliance, from its feed socket, until it closes."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        while line := await reader.readline():
            yield json.loads(line)
    finally:
        writer.close()
