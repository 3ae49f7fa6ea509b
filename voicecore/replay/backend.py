"""The back-end of a replayed call: what it answered then, or a live one that the audio clock waits for."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from voicecore.errors import ToolError
from voicecore.ports import Tools
from voicecore.types import TICK_MS, ToolTrace


class Backend:
    """``ports.Tools`` for a replay.

    A call that the recording knows, by name and arguments, is answered as then, and takes as many whole
    ticks as then; of several in order, the last again and again. Any other goes to ``live``, whose answer
    takes no time on the audio clock; without it ToolError("tool-unreachable"), as if nobody were there.
    """

    def __init__(self, recorded: Iterable[ToolTrace] = (), live: Tools | None = None) -> None:
        self._recorded: dict[str, deque[ToolTrace]] = defaultdict(deque)
        for trace in recorded:
            self._recorded[_key(trace.name, trace.arguments)].append(trace)
        self._live = live
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="backend") if live else None
        self._runner = asyncio.Runner()
        """The live back-end's event loop, on a thread of its own, because the audio's stands still."""

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Raises ToolError: what was recorded, ``tool-unreachable``, or what the live back-end raises."""
        answers = self._recorded.get(_key(name, arguments))
        if answers:
            return await _again(answers.popleft() if len(answers) > 1 else answers[0])
        if self._live is None or self._thread is None:
            raise ToolError("tool-unreachable", f"{name}: nothing recorded for {dict(arguments)}", tool=name)
        return self._thread.submit(self._runner.run, self._live.call(name, arguments, key)).result()

    async def close(self) -> None:
        """Closes the live back-end too."""
        if self._live is not None and self._thread is not None:
            self._thread.submit(self._runner.run, self._live.close()).result()
            self._thread.submit(self._runner.close).result()
            self._thread.shutdown()


async def _again(trace: ToolTrace) -> dict[str, Any]:
    ticks = int((trace.end - trace.start) * 1000 + 0.5) // TICK_MS
    await asyncio.sleep(ticks * TICK_MS / 1000)
    if not trace.ok:
        raise ToolError(str(trace.result["code"]), "as recorded", tool=trace.name)
    return dict(trace.result)


def _key(name: str, arguments: Mapping[str, Any]) -> str:
    """A date and its ISO form are the same: exports know only the latter."""
    return json.dumps([name, dict(arguments)], sort_keys=True, default=str)
