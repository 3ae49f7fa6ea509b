"""The WebSocket on which people watch calls, and the route that says whether the process is alive."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect

from voicecore.control.access import SUBPROTOCOL, Anybody, Needs
from voicecore.control.events import visible
from voicecore.control.office import Office
from voicecore.control.roles import Permission
from voicecore.errors import AccessError

router = APIRouter(prefix="/v1")

RECHECK_S = 10.0
"""How long a watcher whose session has ended may still see events."""
_GONE = 1008
"""Policy violation (RFC 6455)."""


@router.get("/health", summary="Whether this process answers", dependencies=[Depends(Anybody())])
async def health() -> dict[str, str]:
    return {"status": "ok"}


@router.websocket("/events", dependencies=[Depends(Needs(Permission.WATCH))])
async def events(socket: WebSocket) -> None:
    """Events as JSON texts, as the person's role lets them see; nothing is read from the other end."""
    at: Office = socket.app.state.office
    offered = socket.headers.get("sec-websocket-protocol")
    await socket.accept(SUBPROTOCOL if offered else None)
    sending = asyncio.ensure_future(_send(socket, at))
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        return
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send(socket: WebSocket, at: Office) -> None:
    """Until the watcher may not watch any more; who they are is asked again now and then."""
    events = at.relay.feed.subscribe()
    waiting: asyncio.Future[dict[str, Any]] | None = None
    try:
        while True:
            person = await at.access.person(socket, Permission.WATCH)
            until = asyncio.get_running_loop().time() + RECHECK_S
            while (left := until - asyncio.get_running_loop().time()) > 0:
                waiting = waiting or asyncio.ensure_future(anext(events))
                done, _ = await asyncio.wait([waiting], timeout=left)
                if done:
                    event, waiting = waiting.result(), None
                    await socket.send_json(visible(event, person.permissions))
    except AccessError as exc:
        with contextlib.suppress(RuntimeError):
            await socket.close(_GONE, exc.code)
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await events.aclose()
