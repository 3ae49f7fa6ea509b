"""The stage: an appliance for each system and question, and callers that play the same scripts with each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.duplex.call import FINISHED, Held, hold
from benchmarks.duplex.script import Question, Script
from sip.remote import SipEndpoint
from voicecore.config import SipSettings
from voicecore.demo import child, first_line
from voicecore.pipeline.feed import follow
from voicecore.types import Pcm

log = logging.getLogger(__name__)

AGENTS = Path(__file__).parent / "agents"
MOST_AT_ONCE = 3
"""Calls side by side: what two cores bear without being late."""
_RTP_PORT = 33_000
_CALLER_RTP_PORT = 37_000
_PORTS = 100
_MOST_CALLS = 4
"""Calls for one script: an agent that hangs up is called again."""

Run = tuple[str, Held]
"""A system's name and a call that it took."""


async def play(
    systems: Sequence[str],
    scripts: Sequence[Script],
    noises: Mapping[str, Pcm],
    keep: Path | None = None,
    at_once: int = MOST_AT_ONCE,
) -> list[Run]:
    """Every script with every system, ``at_once`` calls side by side.

    Systems alternate, so that whatever else the machine does hits all alike. ``noises``: the background of a
    script by its name, where its condition has one. ``keep``: a folder for the recordings and the log of
    events, a line of JSON per call.
    """
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        runs: list[Run] = []
        for question in dict.fromkeys(script.question for script in scripts):
            asked = [script for script in scripts if script.question == question]
            jobs = deque((system, script) for script in asked for system in systems)
            async with _appliances(systems, question, Path(name) / question, folder) as uris:
                await asyncio.gather(
                    *(_work(n, jobs, uris, noises, folder, runs) for n in range(min(at_once, len(jobs))))
                )
        return runs


async def _work(
    number: int,
    jobs: deque[tuple[str, Script]],
    uris: Mapping[str, str],
    noises: Mapping[str, Pcm],
    folder: Path,
    runs: list[Run],
) -> None:
    """One caller: takes the next job until none is left."""
    settings = SipSettings(
        port=0,
        transports=("udp",),
        rtp_port=_CALLER_RTP_PORT + _PORTS * number,
        codecs=("PCMU",),
        user="caller",
    )
    endpoint = SipEndpoint(settings)
    await endpoint.start()
    try:
        while jobs:
            system, script = jobs.popleft()
            for attempt in range(_MOST_CALLS):
                record = folder / f"{system}, {script.name}, {attempt}.wav"
                held = await hold(endpoint, uris[system], script, noises.get(script.name), record)
                log.info("%s, %s: %s after %.0f s", system, script.name, held.ended, held.seconds)
                runs.append((system, held))
                with (folder / "events.jsonl").open("a", encoding="utf-8") as log_of_events:
                    log_of_events.write(json.dumps({"system": system, **held.told()}) + "\n")
                script = held.rest
                if held.ended == FINISHED or not script.steps:
                    break
    finally:
        await endpoint.stop()


@contextlib.asynccontextmanager
async def _appliances(
    systems: Sequence[str], question: Question, folder: Path, logs: Path
) -> AsyncIterator[dict[str, str]]:
    """Where to call each system; their feeds are kept in ``logs``."""
    async with contextlib.AsyncExitStack() as stack:
        uris = {}
        for number, system in enumerate(systems):
            config = _write_config(folder / system, question, _RTP_PORT + _PORTS * number)
            process = await stack.enter_async_context(
                child("-m", "benchmarks.duplex.serve", str(config), system)
            )
            ready = await first_line(process)
            uris[system] = str(ready["uri"])
            copying = asyncio.ensure_future(_copy(Path(ready["feed"]), logs / f"{system}, {question}.jsonl"))
            stack.callback(copying.cancel)
        yield uris


async def _copy(feed: Path, log_of_calls: Path) -> None:
    """Keep what an appliance tells of its calls: its words, judgements and reasons."""
    with log_of_calls.open("w", encoding="utf-8") as file:
        async for event in follow(feed):
            file.write(json.dumps(event) + "\n")


def _write_config(folder: Path, question: Question, rtp_port: int) -> Path:
    """An appliance.yaml for the agent that asks ``question``, with everything else in ``folder``."""
    config = {
        "agent": str(AGENTS / question),
        "sip": {"port": 0, "rtp_port": rtp_port, "codecs": ["PCMU"], "max_calls": MOST_AT_ONCE},
        "store": {"url": f"sqlite:///{folder / 'calls.db'}", "recordings": str(folder / "recordings")},
        "run_dir": str(folder / "run"),
        "trust": {"redact": False, "guard": False},  # what is measured is who has the floor
    }
    folder.mkdir(parents=True)
    path = folder / "appliance.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path
