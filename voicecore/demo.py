"""The demo: appliance, back-end and scripted caller on one machine; and a scripted call to any appliance."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml
from rich.console import Console

from models import engines as engine_table
from sip.remote import SipEndpoint
from voicecore.audit import Signer
from voicecore.config import EngineSettings, SipSettings, data_dir
from voicecore.console.latency import latency_table
from voicecore.console.live import LiveView
from voicecore.console.report import write_report
from voicecore.errors import SipError
from voicecore.pipeline.feed import follow
from voicecore.redaction.secrets import TOKEN
from voicecore.simulation import CallerResult, Script, load_script, run_caller
from voicecore.simulation.measure import measure
from voicecore.simulation.recording import load_recording
from voicecore.supervisor import die_with_parent
from voicecore.types import AudibleTurn

EXAMPLE = Path(__file__).parent / "examples" / "billing"
ENGINES = {"engines": "real: " + ", ".join(EngineSettings().labels.values()), "synthetic": "none"}
"""What a report of the example says of its engines."""
Show = Callable[[dict[str, Any]], None]
_FINISHED = ("hung-up", "agent-hung-up")
"""How a call ends that went as its script wanted."""
_START_S = 60.0
_STOP_S = 15.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running appliance: where to call it, where to watch it."""

    uri: str
    feed: Path
    pid: int


@contextlib.asynccontextmanager
async def child(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of ours with its output piped; told to stop when the context, or this process, ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=partial(die_with_parent, os.getpid()),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def first_line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The JSON line with which a process of ours says that it is ready. Raises SipError("not-ready")."""
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_S)
        return dict(json.loads(line))
    except (TimeoutError, ValueError) as exc:
        raise SipError("not-ready", "a process did not start; its own message is above") from exc


@contextlib.asynccontextmanager
async def backend(db: Path) -> AsyncIterator[str]:
    """The example's back-end on a port of its own; yields its URL."""
    async with child("-m", "voicecore.examples.billing.backend", "--port", "0", "--db", str(db)) as process:
        yield str((await first_line(process))["url"])


def write_config(folder: Path, backend_url: str, **sections: Any) -> Path:
    """An appliance.yaml for the billing example that keeps everything in ``folder``, and has ``sections``."""
    config = {
        "agent": str(EXAMPLE),
        "sip": {"port": 0, "rtp_port": 23_000},
        "store": {"url": f"sqlite:///{folder / 'calls.db'}", "recordings": str(folder / "recordings")},
        "run_dir": str(folder / "run"),
        "backend": backend_url,
        "audit": {"file": str(folder / "audit.db"), "signing_key": str(folder / "audit.key")},
        **sections,
    }
    if not (folder / "audit.key").exists():
        Signer.create(folder / "audit.key")
    path = folder / "appliance.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


@contextlib.asynccontextmanager
async def appliance(folder: Path, backend_url: str, **sections: Any) -> AsyncIterator[Served]:
    """``voicecore serve`` with the billing example: see ``write_config``."""
    config = write_config(folder, backend_url, **sections)
    async with child("-m", "voicecore", "serve", "--config", str(config)) as process:
        ready = await first_line(process)
        yield Served(ready["uri"], Path(ready["feed"]), process.pid)


@contextlib.asynccontextmanager
async def caller_endpoint(codec: str = "G722") -> AsyncIterator[SipEndpoint]:
    """A SIP endpoint for calling out, on a port of its own."""
    endpoint = SipEndpoint(SipSettings(port=0, rtp_port=27_000, codecs=(codec,), user="caller"))
    await endpoint.start()
    try:
        yield endpoint
    finally:
        await endpoint.stop()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One scripted call to the billing example, measured, and whether its errand was done."""

    script: Script
    result: CallerResult
    turns: tuple[AudibleTurn, ...]
    errand: dict[str, bool]
    """What the script came for -> whether the back-end did it."""

    @property
    def done(self) -> bool:
        return self.result.outcome in _FINISHED and all(self.errand.values())


async def converse(
    uri: str, script: Script, record: Path, feed: Path | None, codec: str = "G722", show: Show | None = None
) -> CallerResult:
    """One scripted call from a SIP endpoint of its own; ``show`` gets what the caller says, as events."""
    tts = engine_table.load("tts", "espeak", data_dir(), voice=script.voice, rate=script.speed)
    async with caller_endpoint(codec) as endpoint:
        return await run_caller(endpoint, uri, script, tts, follow(feed) if feed else None, record, show)


async def hold_conversation(folder: Path, script: Script, show: Show | None = None) -> Conversation:
    """Boot back-end and appliance in ``folder``, let ``script`` call, see what came of it.

    ``show`` gets every event of the feed, and what the caller says, as it happens.
    """
    async with backend(folder / "backend.db") as url, appliance(folder, url) as served:
        watching = asyncio.ensure_future(_pass_on(served.feed, show))
        result = await converse(served.uri, script, folder / "caller.wav", served.feed, show=show)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        errand = await _errand(script, result, url)
    turns = measure(*load_recording(result.recording), result.lines, result.traces)
    return Conversation(script, result, turns, errand)


async def _pass_on(feed: Path, show: Show | None) -> None:
    if show is not None:
        async for event in follow(feed):
            show(event)


async def _errand(script: Script, result: CallerResult, url: str) -> dict[str, bool]:
    """Each tool the script's errand names: called with these arguments, and kept by the back-end."""
    calls = [event for event in result.events if event["type"] == "tool" and event["ok"]]
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        kept = (await client.get("/arrangements")).json()["arrangements"]
    done = {}
    for tool, wanted in script.errand.items():
        asked = any(call["name"] == tool and _fits(wanted, call["arguments"]) for call in calls)
        stored = tool != "create_arrangement" or any(wanted.items() <= row.items() for row in kept)
        done[tool] = asked and stored
    return done


def _fits(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether arguments are as wanted, as far as the feed tells: of private ones it has only tokens."""
    return all(
        TOKEN.fullmatch(str(given.get(name))) or given.get(name) == value for name, value in wanted.items()
    )


async def place_call(
    uri: str, script_path: Path, record: Path, feed: Path | None, report: Path | None, codec: str
) -> int:
    """``voicecore call``: 0 when the call was answered and the script came to its end."""
    script = load_script(script_path)
    with LiveView() as view:
        result = await converse(uri, script, record, feed, codec, view.show)
    turns = measure(*load_recording(result.recording), result.lines, result.traces)
    console = Console()
    console.print(latency_table(turns))
    console.print(f"{result.outcome} after {result.seconds:.1f} s; recorded in {result.recording}")
    if report is not None:
        write_report(report, result, turns, {})
    return 0 if result.outcome in _FINISHED else 1


async def run_demo(folder: Path, name: str) -> int:
    """``voicecore demo``: 0 only when the back-end did what the caller came for."""
    path = EXAMPLE / "callers" / f"{name}.yaml"
    script = load_script(path if path.exists() else Path(name))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    console = Console()
    with LiveView(console) as view:
        held = await hold_conversation(folder.absolute(), script, view.show)
    console.print(latency_table(held.turns))
    for tool, done in held.errand.items():
        console.print(f"{'done' if done else 'NOT DONE'}: {tool} {script.errand[tool]}")
    report = folder / "report.html"
    write_report(report, held.result, held.turns, held.errand, ENGINES)
    console.print(f"report: {report}   recording: {held.result.recording}")
    return 0 if held.done else 1
