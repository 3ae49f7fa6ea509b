"""An agent process with a CPU-bound Python thread in it: what the media clock must not notice.

``python -m benchmarks.busy_agent CONFIG``: one JSON line when ready, one with the media clock's
statistics at the end (SIGTERM).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sip.remote import SipEndpoint
from voicecore.app import announcement, running
from voicecore.config import Appliance, load_yaml
from voicecore.supervisor import die_with_parent


def spin() -> None:
    """Hold the GIL as much as one Python thread can."""
    count = 0
    while True:
        count += 1


async def serve(appliance: Appliance) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with running(appliance) as agent:
        assert isinstance(agent.endpoint, SipEndpoint)
        threading.Thread(target=spin, daemon=True).start()
        print(announcement(appliance, agent.endpoint), flush=True)
        await stop.wait()
        usage = await agent.endpoint.usage()
        late = {
            "p99_ms": usage.interval_ms(0.99),
            "longest_ms": usage.stats.longest_ms,
            "ticks": sum(usage.stats.interval_ms),
        }
        print(json.dumps(late), flush=True)


if __name__ == "__main__":
    die_with_parent(os.getppid())
    asyncio.run(serve(load_yaml(Path(sys.argv[1]), Appliance)))
