"""What the API answers when it can't do what was asked: a status, a code, a sentence; never an input."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from voicecore.errors import VoicecoreError

log = logging.getLogger(__name__)

_REFUSED = 1008
"""Closes a WebSocket; before it was accepted that is a 403 (RFC 6455)."""
_STATUS = {
    "not-authenticated": 401,
    "bad-login": 401,
    "forbidden": 403,
    "too-many": 429,
    "bad-request": 422,
    "bad-name": 422,
    "weak-password": 422,
    "name-taken": 409,
    "not-paused": 409,
    "already-undone": 409,
    "undo-in-progress": 409,
    "key-destroyed": 410,
    "no-key": 410,
    "undo-declined": 502,
    "bad-answer": 502,
}
_UNAVAILABLE = ("agent-unreachable", "audit-unavailable", "store-unavailable")


def status_of(code: str) -> int:
    """The HTTP status of an error's code."""
    if code.startswith("unknown-"):
        return 404
    if code in _UNAVAILABLE:
        return 503
    return _STATUS.get(code, 502 if code.startswith("tool-") else 500)


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """``{"error": {"code", "message"}}``."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


async def _ours(connection: HTTPConnection, exc: Exception) -> JSONResponse | None:
    assert isinstance(exc, VoicecoreError)
    if isinstance(connection, WebSocket):
        await connection.close(_REFUSED, exc.code)
        return None
    status = status_of(exc.code)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after_s" in exc.facts:
        headers["Retry-After"] = str(exc.facts["retry_after_s"])
    return error(status, exc.code, str(exc).removeprefix(f"{exc.code}: "), headers)


async def _invalid(_request: Request, exc: Exception) -> JSONResponse:
    """Says where and what, but not the value: it may be a password."""
    assert isinstance(exc, RequestValidationError)
    faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors()]
    return error(422, "bad-request", "; ".join(faults))


async def _http(_request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)
    code = {404: "no-such-path", 405: "method-not-allowed", 413: "too-long"}.get(
        exc.status_code, "bad-request"
    )
    return error(exc.status_code, code, str(exc.detail), dict(exc.headers or {}))


async def _bug(_request: Request, exc: Exception) -> JSONResponse:
    log.error("a request failed: %s", type(exc).__name__)
    return error(500, "internal", "the control process has logged what happened")


def install(app: FastAPI) -> None:
    """Have ``app`` answer so."""
    app.add_exception_handler(VoicecoreError, _ours)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
