"""An agent process of the benchmark: ``python -m benchmarks.duplex.serve CONFIG SYSTEM``, until SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.duplex.plain import PlainFloor
from benchmarks.peers.link import started
from benchmarks.peers.tap import Tap
from sip.remote import SipEndpoint
from voicecore.app import announcement, running
from voicecore.config import Appliance, load_yaml
from voicecore.supervisor import die_with_parent


@contextlib.asynccontextmanager
async def ours(appliance: Appliance, endpoint: SipEndpoint) -> AsyncIterator[None]:
    """The product as it is."""
    async with running(appliance, endpoint):
        yield


@contextlib.asynccontextmanager
async def baseline(appliance: Appliance, endpoint: SipEndpoint) -> AsyncIterator[None]:
    """The product with voice activity and fixed times for a floor."""
    async with running(appliance, endpoint, lambda turns, _: PlainFloor(turns)):
        yield


@contextlib.asynccontextmanager
async def pipecat(appliance: Appliance, endpoint: SipEndpoint) -> AsyncIterator[None]:
    """The product with Pipecat's turn handling for a floor. Raises EngineError("no-peer")."""
    with started(calls=appliance.sip.max_calls) as links:
        tap = Tap(endpoint, links)
        async with running(appliance, tap, tap.floor):
            yield


SYSTEMS = {"ours": ours, "baseline": baseline, "pipecat": pipecat}


async def serve(appliance: Appliance, system: str) -> None:
    """Serve with the turn-taking of ``system``."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    endpoint = SipEndpoint(appliance.sip)
    async with SYSTEMS[system](appliance, endpoint):
        print(announcement(appliance, endpoint), flush=True)
        await stop.wait()


if __name__ == "__main__":
    die_with_parent(os.getppid())
    asyncio.run(serve(load_yaml(Path(sys.argv[1]), Appliance), sys.argv[2]))
