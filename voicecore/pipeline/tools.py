"""Calls the back-end's tools over HTTP, as the agent's ``tools.yaml`` declares them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx

from voicecore.dialogue.schema import Tool
from voicecore.errors import ToolError

MAX_ANSWER = 262_144
"""Bytes of an answer that a tool may send."""
_LATER = (408, 425, 429)
"""Client errors that may be none later."""
_HOLE = re.compile(r"{(\w+)}")
_NO_SEGMENT = ("", ".", "..")
"""Values that would change which path is asked."""


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(
            re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) and date.fromisoformat(value)
        )
    except ValueError:
        return False


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "list": lambda value: isinstance(value, list | tuple),
}


def misfits(values: Mapping[str, Any], declared: Mapping[str, str]) -> list[str]:
    """What is wrong with ``values`` against name -> type ("date", "string?"), values not quoted."""
    faults = [f"{name} is not declared" for name in values if name not in declared]
    for name, kind in declared.items():
        value = values.get(name)
        if value is None:
            faults += [] if kind.endswith("?") else [f"{name} is missing"]
        elif not _CHECKS[kind.removesuffix("?")](value):
            faults.append(f"{name} is no {kind.removesuffix('?')}")
    return faults


class HttpTools:
    """``ports.Tools`` over one back-end. Only its base URL is ever asked: no redirects, no proxies.

    Arguments named in a tool's path go there, the others into the query of a GET or DELETE or the
    JSON body of the rest. Dates may be ``datetime.date``.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        base_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``transport`` replaces the network in tests."""
        self._tools = tools
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            timeout=None,
            headers={"Accept": "application/json"},
        )

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Run a tool once; its answer, checked against what the tool declares.

        Raises ToolError. Trying again may heal ``tool-timeout``, ``tool-unreachable`` and ``tool-status``
        (5xx, 408, 429, a redirect), but not ``tool-rejected`` (4xx), ``tool-unknown``,
        ``tool-bad-arguments`` and ``tool-bad-answer``. Facts: tool; status and reason (the
        back-end's own error code) where it answered.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise ToolError("tool-unknown", f"no tool {name!r}; known: {', '.join(self._tools)}", tool=name)
        values = {
            n: v.isoformat() if isinstance(v, date) else v for n, v in arguments.items() if v is not None
        }
        faults = misfits(values, tool.arguments)
        faults += [
            f"{hole} can't be in a path"
            for hole in _HOLE.findall(tool.path)
            if values.get(hole) in _NO_SEGMENT
        ]
        if faults:
            raise ToolError("tool-bad-arguments", "; ".join(faults), tool=name)
        response, body = await self._ask(name, tool, values, key)
        if response.status_code != httpx.codes.OK:
            raise _refusal(name, response.status_code, body)
        return _answer(name, tool, body)

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(
        self, name: str, tool: Tool, values: Mapping[str, Any], key: str
    ) -> tuple[httpx.Response, bytes]:
        """One exchange within the tool's time limit, connection included."""
        request = self._request(tool, values, key)
        limit = tool.timeout_ms / 1000
        try:
            async with asyncio.timeout(limit):
                response = await self._client.send(request, stream=True)
                try:
                    return response, await _read(name, response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException) as exc:
            message = f"{name} did not answer within {tool.timeout_ms} ms"
            raise ToolError("tool-timeout", message, tool=name) from exc
        except httpx.HTTPError as exc:
            raise ToolError("tool-unreachable", f"{name}: {type(exc).__name__}", tool=name) from exc

    def _request(self, tool: Tool, values: Mapping[str, Any], key: str) -> httpx.Request:
        rest = dict(values)
        path = _HOLE.sub(lambda hole: quote(str(rest.pop(hole[1])), safe=""), tool.path)
        headers = {} if tool.read_only else {"Idempotency-Key": key}
        if tool.method in ("GET", "DELETE"):
            return self._client.build_request(tool.method, path, params=rest or None, headers=headers)
        return self._client.build_request(tool.method, path, json=rest, headers=headers)


async def _read(name: str, response: httpx.Response) -> bytes:
    """The body, up to ``MAX_ANSWER``. Raises ToolError("tool-bad-answer")."""
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER:
            raise ToolError("tool-bad-answer", f"{name} answered more than {MAX_ANSWER} bytes", tool=name)
    return bytes(body)


def _answer(name: str, tool: Tool, body: bytes) -> dict[str, Any]:
    """The declared fields of an answer; the back-end may send more. Raises ToolError("tool-bad-answer")."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ToolError("tool-bad-answer", f"{name} did not answer JSON", tool=name) from exc
    if not isinstance(data, dict):
        raise ToolError("tool-bad-answer", f"{name} did not answer a JSON object", tool=name)
    answer = {field: value for field, value in data.items() if field in tool.returns}
    faults = misfits(answer, tool.returns)
    if faults:
        raise ToolError("tool-bad-answer", f"{name}: {'; '.join(faults)}", tool=name)
    return answer


def _refusal(name: str, status: int, body: bytes) -> ToolError:
    final = 400 <= status < 500 and status not in _LATER
    reason = _reason(body)
    message = f"{name} answered {status} {reason}".rstrip()
    code = "tool-rejected" if final else "tool-status"
    return ToolError(code, message, tool=name, status=status, reason=reason)


def _reason(body: bytes) -> str:
    """The back-end's error code (``{"error": {"code": ...}}``) if it is one, else ""."""
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[a-z][a-z0-9-]{0,63}", code) else ""
