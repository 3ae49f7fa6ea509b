"""Keeps the agent and the control process running, and takes everything down with it."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Sequence

from voicecore.egress import go_offline

log = logging.getLogger(__name__)

USAGE_EXIT = 2
"""Exit status of a child that was started wrongly (bad configuration): restarting is no help."""
_PR_SET_PDEATHSIG = 1
_STOP_GRACE_S = 10.0
_STEADY_S = 30.0
"""A child that lived this long starts again at once."""
LEAN = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
"""Environment of a child: one numeric thread (more spin on busy cores), one heap (several fragment: over
300 calls in memory the agent process grew by 1.2 MB per 100 with two heaps, by 0.2 MB with one)."""
_BACKOFF_S = (0.2, 1.0, 2.0, 5.0, 10.0)


def die_with_parent(parent: int) -> None:
    """Get SIGTERM when process ``parent`` ends, however it ends, or has ended already (prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


class Supervisor:
    """Runs child commands, each restarted when it dies, all stopped when we are told to stop.

    Children ask no hub and report to nobody (``egress.offline``).
    """

    def __init__(self, *commands: Sequence[str]) -> None:
        self._commands = commands
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Until SIGINT or SIGTERM (returns 0) or until a child was started wrongly (its status)."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, self._stopping.set)
        return max(await asyncio.gather(*(self._keep(command) for command in self._commands)))

    async def _keep(self, command: Sequence[str]) -> int:
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._stopping.is_set():
            begun = loop.time()
            status = await self._run_child(command)
            if self._stopping.is_set():
                break
            if status == USAGE_EXIT:
                self._stopping.set()
                return status
            failures = 0 if loop.time() - begun >= _STEADY_S else failures + 1
            delay = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            log.error("%s process ended with status %d; restarting in %.1f s", role(command), status, delay)
            await self._pause(delay)
        return 0

    async def _run_child(self, command: Sequence[str]) -> int:
        environment = {**os.environ, **LEAN}
        go_offline(environment)
        child = await asyncio.create_subprocess_exec(*command, env=environment)
        ended = asyncio.ensure_future(child.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([ended, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            child.terminate()
            try:
                await asyncio.wait_for(asyncio.shield(ended), _STOP_GRACE_S)
            except TimeoutError:
                child.kill()
        return await ended

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def agent_command(config: str) -> list[str]:
    """The command line of the agent process."""
    return _command("agent", config)


def control_command(config: str) -> list[str]:
    """The command line of the control process."""
    return _command("control", config)


def _command(process: str, config: str) -> list[str]:
    return [sys.executable, "-m", "voicecore", process, "--config", config, "--parent", str(os.getpid())]


def role(command: Sequence[str]) -> str:
    """Which process a command line is, for the log."""
    return next((word for word in ("agent", "control") if word in command), "child")
