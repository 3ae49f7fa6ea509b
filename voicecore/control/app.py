"""The HTTP API of the control process, whole: routes, answers, headers, the description of itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute, APIWebSocketRoute
from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicecore import __version__
from voicecore.control import answers, oversee, people, watch
from voicecore.control.access import Anybody, Needs
from voicecore.control.office import Office

MAX_BODY = 65_536
"""Bytes of a request."""
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}


router = APIRouter(prefix="/v1")
_ROUTERS = (watch.router, people.router, oversee.router, router)


def doors() -> dict[tuple[str, str], Needs | Anybody]:
    """What each route asks for, by method ("WS" for a WebSocket) and path.

    Raises AssertionError for a route that does not say.
    """
    found: dict[tuple[str, str], Needs | Anybody] = {}
    for part in _ROUTERS:
        for route in part.routes:
            assert isinstance(route, APIRoute | APIWebSocketRoute)
            calls = [dependency.call for dependency in route.dependant.dependencies]
            own = [call for call in calls if isinstance(call, Needs | Anybody)]
            assert len(own) == 1, f"{route.path} must name one permission"
            methods = sorted(route.methods or ()) if isinstance(route, APIRoute) else ["WS"]
            found |= {(method, route.path): own[0] for method in methods}
    return found


@router.get("/openapi.json", summary="This API as an OpenAPI document", dependencies=[Depends(Needs(None))])
async def described(request: Request) -> dict[str, Any]:
    """Each operation says under "x-permission" what it asks for."""
    app: FastAPI = request.app
    document = app.openapi()
    for (method, path), door in doors().items():
        if method != "WS":
            document["paths"][path][method.lower()]["x-permission"] = door.name
    return document


def create_app(office: Office) -> FastAPI:
    """The API over one agent. Its pages come from nowhere else: no interactive documentation from a CDN."""

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        relay = asyncio.ensure_future(office.relay.run())
        try:
            yield
        finally:
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)

    doors()
    app = FastAPI(
        title="voicecore control",
        version=__version__,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.office = office
    app.state.access = office.access
    for part in _ROUTERS:
        app.include_router(part)
    answers.install(app)
    app.add_middleware(Guard)
    return app


class Guard:
    """Puts ``_HEADERS`` on every answer, and ends a request whose body is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = 0

        async def careful_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                raise HTTPException(413, f"a request has at most {MAX_BODY} bytes")
            return message

        async def careful_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, careful_receive, careful_send)
