"""The agent's end of the control process: what people may see and do, over a local socket, acts on record.

One JSON line asks, one answers, then the connection ends: {"do", "who", "why", ...} is answered by
{"ok": ...} or {"error": code, "message"}. Only processes of this user, or root, are answered. The other end
has made sure of who the person is and may do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from voicecore.errors import StoreError, VoicecoreError
from voicecore.pipeline.approvals import Desk
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.pauses import Pause, Pauses, Scope
from voicecore.pipeline.undo import Now, Undoing, utc
from voicecore.ports import Audit
from voicecore.types import Answer

log = logging.getLogger(__name__)

CONTROL_SOCKET = "control.sock"
"""In the appliance's ``run_dir``."""
LONGEST = 1 << 20
"""Bytes of one line."""
_PATIENCE_S = 5.0
"""How long somebody who connects may take to ask."""
_MOST_TEXT = 500
_MOST_STEPS = 200

Request = Mapping[str, Any]
Reply = dict[str, Any]


class Overseen(Protocol):
    """A call in progress, as far as people can touch it."""

    @property
    def now(self) -> float:
        """Seconds on its audio clock."""
        ...

    def rescue(self, code: str) -> None:
        """Tell the caller, and hand over to a person."""
        ...


class Oversight:
    """Answers the control process. What stops something is done even if the record of it can't be kept."""

    def __init__(
        self,
        calls: Callable[[], Mapping[str, Overseen]],
        desk: Desk,
        pauses: Pauses,
        undoing: Undoing,
        audit: Audit,
        feed: Feed,
        now: Now = utc,
    ) -> None:
        self._calls = calls
        self._desk = desk
        self._pauses = pauses
        self._undoing = undoing
        self._audit = audit
        self._feed = feed
        self._now = now
        self._server: asyncio.Server | None = None
        self._verbs: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "look": self._look,
            "answer": self._answer,
            "pause": self._pause,
            "resume": self._resume,
            "hand-over": self._hand_over,
            "steps": self._steps,
            "undo": self._undo,
        }

    async def serve(self, path: Path) -> None:
        """Listen on ``path``, for this user only, until ``close``."""
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._client, path, limit=LONGEST)
        path.chmod(0o600)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def do(self, request: Request) -> Any:
        """One request without the socket. Raises VoicecoreError."""
        verb = self._verbs.get(str(request.get("do")))
        if verb is None:
            raise VoicecoreError("bad-request", f"one of {', '.join(self._verbs)} can be done")
        return await verb(request)

    # What is seen

    async def _look(self, _request: Request) -> Reply:
        waiting = [{**asdict(request), "left_s": round(left, 1)} for request, left in self._desk.waiting]
        calls = [
            {"id": call_id, "t": round(call.now, 2), "waits": self._desk.waits(call_id)}
            for call_id, call in self._calls().items()
        ]
        return {"approvals": waiting, "pauses": [asdict(pause) for pause in self._pauses.all], "calls": calls}

    async def _steps(self, request: Request) -> list[Reply]:
        call = request.get("call")
        steps = await self._undoing.latest(_MOST_STEPS, None if call is None else str(call))
        return [{k: v for k, v in asdict(step).items() if k != "arguments"} for step in steps]

    # What is done

    async def _answer(self, request: Request) -> Reply:
        key, approved = _text(request, "key"), request.get("approved") is True
        about, who, why = self._desk.request(key), _text(request, "who"), _text(request, "why")
        facts = {"key": key, "tool": about.tool, "arguments": dict(about.arguments), "reason": about.reason}
        await self._record(
            "approve" if approved else "deny", request, facts, about.call_id, safe=not approved
        )
        self._desk.answer(key, Answer(approved, who, why))
        return {"approved": approved}

    async def _pause(self, request: Request) -> Reply:
        scope, name = self._scope(request)
        pause = Pause(scope, name, _text(request, "who"), _text(request, "why"), self._now())
        self._pauses.pause(pause)
        await self._record("pause", request, {"scope": scope, "name": name}, _call_of(scope, name), safe=True)
        return asdict(pause)

    async def _resume(self, request: Request) -> Reply:
        scope, name = self._scope(request)
        pause = self._pauses.require(scope, name)
        await self._record("resume", request, {"scope": scope, "name": name}, _call_of(scope, name))
        self._pauses.lift(scope, name)
        return asdict(pause)

    async def _hand_over(self, request: Request) -> Reply:
        call_id = _text(request, "call")
        call = self._call(call_id)
        await self._record("hand-over", request, {}, call_id, safe=True)
        call.rescue("taken-over")
        return {"call": call_id}

    async def _undo(self, request: Request) -> Reply:
        step = await self._undoing.find(_text(request, "key"))
        who, why = _text(request, "who"), _text(request, "why")
        facts = {"key": step.key, "tool": step.tool, "undo": step.undo}
        await self._record("undo", request, facts, step.call_id)
        outcome = "done"
        try:
            return {"result": await self._undoing.undo(step, who, why)}
        except VoicecoreError as exc:
            outcome = exc.code
            raise
        finally:
            with contextlib.suppress(StoreError):  # the act itself is on record
                data = {**facts, "outcome": outcome}
                self._audit.note(step.call_id, "human.undo.outcome", self._at(step.call_id), data)

    async def _record(
        self, act: str, request: Request, facts: Reply, call_id: str, safe: bool = False
    ) -> None:
        """Put a person's act on record, durably, before its effect. Raises StoreError("audit-unavailable").

        A ``safe`` one only stops something: it stands, record or not.
        """
        who, why = _text(request, "who"), _text(request, "why")
        try:
            data = {"who": who, "why": why, **facts}
            await asyncio.wrap_future(self._audit.keep(call_id, f"human.{act}", self._at(call_id), data))
        except StoreError:
            if not safe:
                raise
            log.exception("%s by %s could not be put on record", act, who, extra={"call": call_id})
        self._feed.publish(f"human.{act}", call_id, self._at(call_id), who=who, why=why, **facts)

    def _at(self, call_id: str) -> float:
        call = self._calls().get(call_id)
        return 0.0 if call is None else call.now

    def _call(self, call_id: str) -> Overseen:
        call = self._calls().get(call_id)
        if call is None:
            raise VoicecoreError("unknown-call", f"no call {call_id!r} is up", call=call_id)
        return call

    def _scope(self, request: Request) -> tuple[Scope, str]:
        try:
            scope = Scope(str(request.get("scope")))
        except ValueError as exc:
            raise VoicecoreError("bad-request", f"scope is one of {', '.join(Scope)}") from exc
        return scope, "" if scope is Scope.BOX else _text(request, "name")

    # The socket

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _is_ours(writer.get_extra_info("socket")):
                async with asyncio.timeout(_PATIENCE_S):
                    line = await reader.readline()
                writer.write(json.dumps(await self._reply(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, TimeoutError):
            log.warning("somebody at the control socket did not keep to its rules")
        finally:
            writer.close()

    async def _reply(self, line: bytes) -> Reply:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise VoicecoreError("bad-request", "a JSON object is needed")
            return {"ok": await self.do(request)}
        except (ValueError, RecursionError):
            return {"error": "bad-request", "message": "this is not JSON"}
        except VoicecoreError as exc:
            return {"error": exc.code, "message": str(exc).removeprefix(f"{exc.code}: ")}
        except Exception:
            log.exception("a request of the control process failed")
            return {"error": "internal", "message": ""}


def _is_ours(sock: socket.socket) -> bool:
    """Whether the process at the other end belongs to this user or root (SO_PEERCRED, unix(7))."""
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return user in (0, os.geteuid())


def _text(request: Request, name: str) -> str:
    """A field with something in it. Raises VoicecoreError("bad-request")."""
    value = request.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _MOST_TEXT:
        raise VoicecoreError("bad-request", f"{name} must say something, in at most {_MOST_TEXT} characters")
    return value.strip()


def _call_of(scope: Scope, name: str) -> str:
    return name if scope is Scope.CALL else ""


async def tell(path: Path, do: str, **fields: Any) -> Any:
    """Ask the agent at socket ``path`` to do something, and return its answer.

    Raises VoicecoreError: the agent's code, ``agent-unreachable`` when there is none, ``bad-answer``.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST)
    except OSError as exc:
        raise VoicecoreError("agent-unreachable", f"{path}: {exc.strerror}") from exc
    try:
        writer.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        await writer.drain()
        answer = json.loads(await reader.readline())
    except (OSError, ValueError) as exc:
        raise VoicecoreError("bad-answer", "the agent process did not answer") from exc
    finally:
        writer.close()
    if "error" in answer:
        raise VoicecoreError(str(answer["error"]), str(answer.get("message", "")))
    return answer["ok"]
