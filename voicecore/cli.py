"""The command line: serve, call, demo, bench, models, calls, export."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.commands import models_app
from voicecore import __version__
from voicecore.config import Appliance, load_yaml
from voicecore.errors import VoicecoreError
from voicecore.supervisor import USAGE_EXIT, Supervisor, agent_command, die_with_parent

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(models_app, name="models")

Config = Annotated[Path, typer.Option("--config", help="The appliance's YAML file.")]


def main() -> None:
    """Run the command line; an error of ours prints its code and message and exits with 2."""
    try:
        app()
    except VoicecoreError as exc:
        print(f"voicecore: {exc}", file=sys.stderr)
        sys.exit(USAGE_EXIT)


@app.callback()
def common(verbose: Annotated[bool, typer.Option("--verbose", "-v")] = False) -> None:
    """voicecore: a voice-agent appliance whose callers' voices never leave the box."""
    level = logging.DEBUG if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


@app.command()
def serve(config: Config) -> None:
    """Answer calls until SIGINT or SIGTERM; a process that dies is started again."""
    load_yaml(config, Appliance)
    sys.exit(asyncio.run(Supervisor(agent_command(str(config))).run()))


@app.command(hidden=True)
def agent(config: Config, parent: Annotated[int, typer.Option()]) -> None:
    """The agent process itself, as the supervisor (process ``parent``) starts it."""
    from voicecore.app import load_appliance, serve_agent

    die_with_parent(parent)
    asyncio.run(serve_agent(load_appliance(config)))


Uri = Annotated[str, typer.Argument(help="Whom to call: sip:agent@host:port")]
ScriptFile = Annotated[Path, typer.Option(help="The caller's script (YAML).")]
Record = Annotated[Path, typer.Option(help="Stereo WAV: left the caller, right what it heard.")]
FeedSocket = Annotated[Path | None, typer.Option(help="The appliance's feed socket (run_dir/feed.sock).")]
Report = Annotated[Path | None, typer.Option(help="Write an HTML report here.")]
Codec = Annotated[str, typer.Option(help="G722, PCMA or PCMU.")]


@app.command()
def call(
    uri: Uri,
    script: ScriptFile,
    record: Record = Path("call.wav"),
    feed: FeedSocket = None,
    report: Report = None,
    codec: Codec = "G722",
) -> None:
    """Call an appliance as a scripted caller over SIP, and record both directions."""
    from voicecore.demo import place_call

    sys.exit(asyncio.run(place_call(uri, script, record, feed, report, codec)))


@app.command()
def watch(
    feed: Annotated[Path, typer.Argument(help="The appliance's feed socket (run_dir/feed.sock).")],
) -> None:
    """Show the calls of a running appliance as they happen."""
    from voicecore.console.live import watch as watch_calls
    from voicecore.pipeline.feed import follow

    asyncio.run(watch_calls(follow(feed)))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files.")] = Path("demo"),
    script: Annotated[str, typer.Option(help="A caller of the billing example, or a YAML file.")] = "main",
) -> None:
    """Boot the appliance and the example's back-end, place a real call, show and measure it."""
    from voicecore.demo import run_demo

    sys.exit(asyncio.run(run_demo(folder, script)))


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="WAV: a call as the appliance records it.")],
    agent: Annotated[Path, typer.Option(help="The agent's folder.")],
    export: Annotated[
        Path | None, typer.Option(help="The call's export: its day, its keypad and what the tools answered.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="URL to ask what the export does not answer; effects are real.")
    ] = None,
    today: Annotated[str | None, typer.Option(help="The day of the call, YYYY-MM-DD.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON per decision.")] = False,
) -> None:
    """Play a recorded caller to the agent again, faster than real time, and print every decision."""
    from voicecore.replay.command import replay_file

    sys.exit(replay_file(recording, agent, export, backend, today, as_json))


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="kernels, perception, call, engines, stages, ...")],
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="HTML report; default benchmarks/reports/NAME.html.")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="engines, stages: the hardware in budgets.toml.", envvar="BENCH_PROFILE")
    ] = "",
) -> None:
    """Measure on this box; the exit status tells whether every goal was met."""
    from benchmarks.runner import run_bench

    if profile:
        os.environ["BENCH_PROFILE"] = profile
    sys.exit(run_bench(name, as_json, report))


@app.command()
def calls(config: Config, limit: int = 20) -> None:
    """The latest calls in the store."""
    from voicecore.store import SqlStore

    table = Table("call", "begun", "from", "seconds", "turns", "ended by", "flows")
    store = SqlStore(load_yaml(config, Appliance).store.url)
    for row in store.calls(limit):
        outcome = row["outcome"] or {}
        cells = (row["id"], row["began_at"], row["remote_uri"], row["duration_s"], row["turns"])
        table.add_row(*map(str, cells), outcome.get("by", ""), ", ".join(outcome.get("flows", ())))
    store.close()
    Console().print(table)


@app.command()
def export(config: Config, call_id: str) -> None:
    """One call as JSON: turns with every stage's times, tool calls, recording."""
    from voicecore.store import SqlStore

    store = SqlStore(load_yaml(config, Appliance).store.url)
    print(json.dumps(store.export(call_id), indent=2))
    store.close()
