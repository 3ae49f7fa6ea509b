"""Keeps tool calls that can be taken back, and takes them back when a person says so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from voicecore.dialogue.schema import Tool
from voicecore.errors import StoreError, ToolError, VoicecoreError
from voicecore.pipeline.work import Lane
from voicecore.ports import Steps, Tools
from voicecore.types import Step, Undone

log = logging.getLogger(__name__)

Now = Callable[[], str]
"""The time, ISO 8601, UTC."""


def utc() -> str:
    """The system's."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def undo_arguments(
    tool: Tool, arguments: Mapping[str, Any], result: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What the tool's undo is to be called with; None where there is nothing to take back: it declares no
    undo, or the answer lacks what the undo needs (a back-end that declined did nothing)."""
    if tool.undo is None:
        return None
    sources = {"arguments": arguments, "result": result}
    values = {}
    for name, source in tool.undo.arguments.items():
        place, _, field = source.partition(".")
        value = sources[place].get(field)
        if value is None:
            return None
        values[name] = value.isoformat() if isinstance(value, date) else value
    return values


class UndoableTools:
    """``ports.Tools`` of one call: whatever can be taken back is kept before the dialogue hears of it."""

    def __init__(
        self,
        call_id: str,
        tools: Tools,
        declared: Mapping[str, Tool],
        steps: Steps,
        lane: Lane,
        now: Now = utc,
    ) -> None:
        """``declared``: the agent's tools; ``lane``: where ``steps`` is used."""
        self._call_id = call_id
        self._tools = tools
        self._declared = declared
        self._steps = steps
        self._lane = lane
        self._now = now

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Run a tool; see ``ports.Tools``. It stands even if its undo can't be kept."""
        result = await self._tools.call(name, arguments, key)
        tool = self._declared[name]
        undo = undo_arguments(tool, arguments, result)
        if undo is not None and tool.undo is not None:
            step = Step(key, self._call_id, name, tool.undo.tool, undo, self._now())
            try:
                await self._lane.submit(lambda: self._steps.add(step))
            except StoreError as exc:
                log.error("%s can't be taken back: %s", name, exc.code, extra={"call": self._call_id})
        return result

    async def close(self) -> None:
        await self._tools.close()


class Undoing:
    """Takes steps back: each once, however often it is asked for, also after a crash in between."""

    def __init__(
        self,
        steps: Steps,
        tools: Callable[[str], Tools],
        declared: Mapping[str, Tool],
        lane: Lane,
        now: Now = utc,
    ) -> None:
        """``tools``: whom a call's undo is asked of, by call id, also when the call is over; ``declared``:
        the agent's tools; ``lane``: where ``steps`` is used."""
        self._declared = declared
        self._steps = steps
        self._tools = tools
        self._lane = lane
        self._now = now
        self._busy: set[str] = set()

    async def latest(self, limit: int, call_id: str | None = None) -> list[Step]:
        """See ``ports.Steps``."""
        return await self._lane.submit(lambda: self._steps.latest(limit, call_id))

    async def find(self, key: str) -> Step:
        """What can be taken back under ``key``.

        Raises VoicecoreError("already-undone", "undo-in-progress") and StoreError (see ``ports.Steps``).
        """
        step = await self._lane.submit(lambda: self._steps.find(key))
        if step.undone is not None:
            raise VoicecoreError("already-undone", f"by {step.undone.who} at {step.undone.at}", key=key)
        if key in self._busy:
            raise VoicecoreError("undo-in-progress", key, key=key)
        return step

    async def undo(self, step: Step, who: str, why: str) -> dict[str, Any]:
        """Call the tool that takes it back; its answer.

        Raises ToolError (``undo-declined``: the back-end would not) and StoreError.
        """
        self._busy.add(step.key)
        try:
            tools = self._tools(step.call_id)
            result = await tools.call(step.undo, step.arguments, f"{step.key}:undo")
            done = self._done(step)
            if done is not None and result.get(done) is not True:
                raise ToolError("undo-declined", f"{step.undo} answered {done}: no", tool=step.undo)
            undone = Undone(who, why, self._now())
            await self._lane.submit(lambda: self._steps.mark(step.key, undone))
        finally:
            self._busy.discard(step.key)
        return result

    def _done(self, step: Step) -> str | None:
        """The field of the answer that says whether it was taken back, if the agent declares one."""
        tool = self._declared.get(step.tool)
        return None if tool is None or tool.undo is None else tool.undo.done
