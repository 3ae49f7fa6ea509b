"""``voicecore redteam`` and ``voicecore guardrails``: attacks before an agent serves, its calls after."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.engines import load
from models.guards import Parts, judges
from models.llm_retrieval import RetrievalLlm
from voicecore.assurance.behaviour import Reviewed, review
from voicecore.assurance.player import Bundle, Played, play
from voicecore.assurance.report import calls_data, calls_shown, scenarios_data, scenarios_shown
from voicecore.assurance.scenario import OWN, SHIPPED, Scenario, load_scenarios
from voicecore.config import Appliance, data_dir, load_yaml
from voicecore.custody import custodian
from voicecore.dialogue import IntentIndex, load_agent
from voicecore.guardrails import Layers, load_guardrails
from voicecore.pipeline.constraints import constrain
from voicecore.store import SqlStore
from voicecore.store.exports import from_json

ENGINES = ("classifier", "examples")
"""Those that a call has time for."""
ALL_CALLS = 1_000_000_000

guardrails_app = typer.Typer(
    no_args_is_help=True, help="Guardrails: check a bundle's, look through ended calls."
)
Folder = Annotated[Path, typer.Argument(help="The agent's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="End with one line of JSON.")]


def load_bundle(folder: Path, engines: Sequence[str] = ENGINES, weights: Path | None = None) -> Bundle:
    """An agent with its guardrails, embeddings real, the language model by retrieval.

    Raises ConfigError (the folder's faults), EngineError (``model-*``).
    """
    embedder = load("embedder", "minilm", data_dir(weights))
    rules = load_guardrails(folder)
    agent = constrain(load_agent(folder), rules, folder)
    parts = Parts(embedder, {str(kind): texts for kind, texts in rules.examples.items()})
    layers = Layers(rules, judges(engines, "input", parts), judges(engines, "output", parts))
    intents = IntentIndex.build(agent, embedder.embed)
    llm = RetrievalLlm(embedder)
    return Bundle(agent, intents, layers, embedder, llm, date.today(), time.perf_counter)


def redteam(
    bundle: Folder,
    scenarios: Annotated[
        list[Path] | None, typer.Option(help="Folders of scenarios; default: ours and BUNDLE/redteam.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only scenarios of this class.")] = "",
    as_json: AsJson = False,
) -> None:
    """Play attacks against an agent; 1 when one got through or an ordinary conversation was stopped."""
    chosen = load_scenarios(scenarios or (SHIPPED, bundle / OWN))
    chosen = tuple(scenario for scenario in chosen if only in ("", scenario.kind))
    results = asyncio.run(_played(load_bundle(bundle), chosen))
    Console(stderr=as_json).print(scenarios_shown(results))
    data = scenarios_data(results)
    if as_json:
        print(json.dumps(data))
    raise typer.Exit(0 if data["ok"] and results else 1)


async def _played(bundle: Bundle, scenarios: Sequence[Scenario]) -> list[Played]:
    return [await play(bundle, scenario) for scenario in scenarios]


@guardrails_app.command()
def check(bundle: Folder) -> None:
    """Say whether a bundle's guardrails.yaml is right, and what it makes the language model be told."""
    rules = load_guardrails(bundle)
    print(constrain(load_agent(bundle), rules, bundle).persona.instruction)


@guardrails_app.command()
def audit(
    config: Annotated[Path, typer.Option("--config", help="The appliance's YAML file.")],
    limit: Annotated[int, typer.Option(min=1, help="Only the latest so many calls.")] = ALL_CALLS,
    as_json: AsJson = False,
) -> None:
    """Run the checks over all ended calls in the store; 1 when an unsafe sentence was spoken."""
    appliance = load_yaml(config, Appliance)
    bundle = load_bundle(appliance.agent, weights=appliance.data_dir)
    with custodian(appliance) as keeper:
        calls = asyncio.run(_reviewed(bundle, keeper.store, limit))
    Console(stderr=as_json).print(calls_shown(calls))
    if as_json:
        print(json.dumps(calls_data(calls)))
    raise typer.Exit(1 if any(call.unsafe for call in calls) else 0)


async def _reviewed(bundle: Bundle, store: SqlStore, limit: int) -> list[Reviewed]:
    records = (from_json(store.export(row["id"])) for row in store.calls(limit))
    return [await review(bundle, record) for record in records if record.ended_at is not None]
