"""The command line: every command of the appliance, each part's own beside ours."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup
from typer.main import get_command, get_group

from voicecore import __version__
from voicecore.config import Appliance, load_yaml
from voicecore.egress import go_offline
from voicecore.errors import VoicecoreError
from voicecore.supervisor import USAGE_EXIT, Supervisor, agent_command, control_command, die_with_parent

PARTS = {
    "models": "models.commands:models_app",
    "policy": "voicecore.policy.command:policy_app",
    "redteam": "voicecore.assurance.command:redteam",
    "guardrails": "voicecore.assurance.command:guardrails_app",
    "audit": "voicecore.custody.command:audit_app",
    "vault": "voicecore.custody.command:vault_app",
    "recording": "voicecore.custody.command:recording_app",
    "retention": "voicecore.custody.command:retention_app",
    "erase": "voicecore.custody.command:erase",
    "approvals": "voicecore.control.command:approvals_app",
    "pauses": "voicecore.control.command:pauses_app",
    "steps": "voicecore.control.command:steps_app",
    "accounts": "voicecore.control.command:accounts_app",
    "egress": "voicecore.control.command:egress_app",
}
"""Commands that other parts bring, loaded when they are asked for."""


class _Commands(TyperGroup):
    """Ours, and those of ``PARTS``."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *PARTS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in PARTS:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = PARTS[cmd_name].partition(":")
        part = getattr(import_module(module), attribute)
        if isinstance(part, typer.Typer):
            command: Any = get_group(part)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command()(part)
            command = get_command(alone)
        command.name = cmd_name
        return command


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Config = Annotated[Path, typer.Option("--config", help="The appliance's YAML file.")]


def main() -> None:
    """Run the command line; an error of ours prints its code and message and exits with 2."""
    go_offline(os.environ)
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
    commands = [agent_command(str(config))]
    if load_yaml(config, Appliance).control is not None:
        commands.append(control_command(str(config)))
    sys.exit(asyncio.run(Supervisor(*commands).run()))


@app.command(hidden=True)
def agent(config: Config, parent: Annotated[int, typer.Option()]) -> None:
    """The agent process itself, as the supervisor (process ``parent``) starts it."""
    from voicecore.app import load_appliance, serve_agent

    die_with_parent(parent)
    _scrub_logs()
    asyncio.run(serve_agent(load_appliance(config)))


@app.command(hidden=True)
def control(config: Config, parent: Annotated[int, typer.Option()]) -> None:
    """The control process itself, as the supervisor (process ``parent``) starts it."""
    from voicecore.control.process import serve_control

    die_with_parent(parent)
    _scrub_logs()
    serve_control(load_yaml(config, Appliance))


def _scrub_logs() -> None:
    """Whatever is logged, no private data is."""
    from voicecore.redaction.scrub import LogFilter, Scrubber

    for handler in logging.getLogger().handlers:
        handler.addFilter(LogFilter(Scrubber()))


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
    from voicecore.custody import custodian

    table = Table("call", "begun", "from", "seconds", "turns", "ended by", "flows")
    with custodian(load_yaml(config, Appliance)) as keeper:
        rows = keeper.store.calls(limit)
    for row in rows:
        outcome = row["outcome"] or {}
        cells = (row["id"], row["began_at"], row["remote_uri"], row["duration_s"], row["turns"])
        table.add_row(*map(str, cells), outcome.get("by", ""), ", ".join(outcome.get("flows", ())))
    Console().print(table)


@app.command()
def export(config: Config, call_id: str) -> None:
    """One call as JSON: turns with every stage's times, tool calls, recording."""
    from voicecore.custody import custodian

    with custodian(load_yaml(config, Appliance)) as keeper:
        print(json.dumps(keeper.store.export(call_id), indent=2))
