"""The one place that wires everything together: engines, agent, endpoint, store and feed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

from models import engines as engine_table
from models.choice import Choice, chosen, load_choice, refuse_synthetic
from models.serving.fleet import Fleet
from models.sharing.board import Boards
from models.warming import warm_asr, warm_llm, warm_tts, warm_turn_model
from sip.remote import SipEndpoint
from voicecore.config import Appliance, EngineSettings, data_dir, line_of, load_yaml
from voicecore.dialogue import Agent, Dialogue, IntentIndex, load_agent
from voicecore.egress import EgressLock
from voicecore.errors import ConfigError
from voicecore.pipeline.admission import Admission
from voicecore.pipeline.boundary import boundary
from voicecore.pipeline.emergency import Emergency
from voicecore.pipeline.engines import Engines, Lanes
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.house import FloorMaker, House, own_floor
from voicecore.pipeline.reply import Mind
from voicecore.pipeline.runner import Runner
from voicecore.pipeline.tools import HttpTools
from voicecore.pipeline.work import ThreadLane
from voicecore.ports import Endpoint, Tts
from voicecore.safeguards import safeguards
from voicecore.store import SqlStore
from voicecore.terms import Terms, approve_fixed, load_terms

log = logging.getLogger(__name__)

_SHARED_THREADS = 2
FEED_SOCKET = "feed.sock"
OnDeath = Callable[[str], None]


Choices = dict[engine_table.Port, Choice]


def load_appliance(path: Path) -> Appliance:
    """The file, its engines checked against the table. Raises ConfigError with file, line and field."""
    appliance = load_yaml(path, Appliance)
    for port, wanted in appliance.engines.choices.items():
        try:
            chosen(cast("engine_table.Port", port), wanted)
        except ConfigError as exc:
            loc = cast("tuple[str, ...]", exc.facts.get("loc", ("engines", port)))
            line = line_of(path.read_text(encoding="utf-8"), loc)
            what = str(exc).removeprefix(f"{exc.code}: ")
            message, field = f"{path}:{line}: {what}", ".".join(loc)
            raise ConfigError(exc.code, message, file=str(path), line=line, field=field) from exc
    return appliance


def choices(settings: EngineSettings, agent: Agent, weights: Path) -> Choices:
    """What the configuration wants of the engines, for this agent.

    Raises as ``models.choice.chosen`` does; EngineError("model-synthetic") unless that is allowed.
    """
    persona = agent.persona
    made: Choices = {}
    for port in get_args(engine_table.Port):
        wanted = settings.choices[port]
        added = {
            "voice": persona.voice.called(wanted.engine),
            "rate": persona.voice.words_per_minute,
            "pitch": persona.voice.pitch,
            "lexicon": dict(agent.lexicon),
            "fixed": list(persona.manners.fixed),
            "opening": persona.instruction,
        }
        made[port] = chosen(port, wanted, added)
    if not settings.allow_synthetic:
        refuse_synthetic(made, weights)
    return made


def engine_processes(made: Choices, weights: Path, on_death: OnDeath, sealed: bool = False) -> Fleet:
    """The engines of ``made`` that have processes of their own, not started yet.

    ``on_death``, ``sealed``: see ``Fleet``.
    """
    shared = made["llm"].name == "retrieval"
    theirs = {port: choice for port, choice in made.items() if port != "embedder" or shared}
    return Fleet(theirs, weights, on_death, sealed)


def load_engines(made: Choices, weights: Path, fleet: Fleet | None = None) -> Engines:
    """All engines of ``made``; those that ``fleet`` runs are its.

    Raises ConfigError and EngineError (see models).
    """
    boards = Boards()

    def load(port: engine_table.Port, **more: Any) -> Any:
        return load_choice(port, made[port], weights, boards, **more)

    embedder = load("embedder")
    shares = {"embedder": embedder} if made["llm"].name == "retrieval" else {}
    return Engines(
        vad=load("vad"),
        turn_model=fleet.turn_model if fleet else load("turn"),
        sounds=load("sounds"),
        asr=fleet.asr if fleet else load("asr"),
        tts=fleet.tts if fleet else load("tts"),
        embedder=embedder,
        llm=fleet.llm if fleet else load("llm", **shares),
    )


def emergency(tts: Tts, agent: Agent) -> Emergency:
    """What callers hear when an engine fails, in the agent's own voice. Raises EngineError."""
    manners = agent.persona.manners
    sorry, goodbye = manners.engine_failed[0], manners.handoff_failed[0]
    return Emergency.prepared(tts, sorry, goodbye, agent.persona.handoff.target)


@contextlib.asynccontextmanager
async def engines_ready(
    appliance: Appliance, agent: Agent, on_death: Callable[[str], None]
) -> AsyncIterator[tuple[Engines, Callable[[], bool]]]:
    """The engines, where the configuration wants them, and whether all are up; ended with the context.

    ``on_death`` gets the name of an engine process that has died, on the event loop.
    """
    weights = data_dir(appliance.data_dir)
    made = await asyncio.to_thread(choices, appliance.engines, agent, weights)
    if appliance.engines.place == "in-process":
        engines = await asyncio.to_thread(load_engines, made, weights)
        try:
            yield engines, lambda: True
        finally:
            await asyncio.to_thread(close_engines, engines)
        return
    loop = asyncio.get_running_loop()

    def died(name: str) -> None:
        tell(loop, partial(on_death, name))

    fleet = engine_processes(made, weights, died, appliance.egress.lock)
    await asyncio.to_thread(fleet.start)
    try:
        yield await asyncio.to_thread(load_engines, made, weights, fleet), lambda: fleet.up
    finally:
        await asyncio.to_thread(fleet.stop)


def close_engines(engines: Engines) -> None:
    """Stop their threads, free their models."""
    for engine in (engines.asr, engines.llm, engines.tts):
        close = getattr(engine, "close", None)
        if close is not None:
            close()


def tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """Have ``what`` done on the loop, from another thread, unless it is over."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(what)


def warm_up(engines: Engines, dialogue: Dialogue) -> None:
    """Use the engines of a turn once: see ``models.warming``; the language model is warmed by itself."""
    state, _ = dialogue.start()
    warm_asr(engines.asr, state.expectation)
    warm_turn_model(engines.turn_model)
    warm_tts(engines.tts)


@dataclass(frozen=True, slots=True)
class Running:
    """A running agent: what its callers, watchers and benchmarks hold on to."""

    endpoint: Endpoint
    runner: Runner
    feed: Feed
    house: House


@contextlib.asynccontextmanager
async def running(
    appliance: Appliance,
    endpoint: Endpoint | None = None,
    floor: FloorMaker = own_floor,
) -> AsyncIterator[Running]:
    """The agent process: serves calls while the context is open. ``floor``: see ``House``."""
    terms = await asyncio.to_thread(load_terms, appliance.agent, appliance.trust)
    await approve_fixed(terms)
    runners: list[Runner] = []

    def engine_died(_name: str) -> None:
        for runner in runners:
            runner.engine_failed("engine-died")

    async with engines_ready(appliance, terms.agent, engine_died) as ready:
        endpoint = endpoint or SipEndpoint(appliance.sip)
        async with _serving(appliance, terms, ready, (endpoint, floor)) as served:
            runners.append(served.runner)
            yield served


@contextlib.asynccontextmanager
async def _serving(
    appliance: Appliance,
    terms: Terms,
    perception: tuple[Engines, Callable[[], bool]],
    outside: tuple[Endpoint, FloorMaker],
) -> AsyncIterator[Running]:
    endpoint, floor = outside
    engines, engines_up = perception
    agent = terms.agent
    intents = await asyncio.to_thread(IntentIndex.build, agent, engines.embedder.embed)
    await asyncio.to_thread(warm_up, engines, Dialogue(agent, intents, date.today()))
    await warm_llm(engines.llm)
    ready = await asyncio.to_thread(emergency, engines.tts, agent)
    tools = HttpTools(agent.tools, appliance.backend or agent.backend)
    shared = ThreadLane("engines", _SHARED_THREADS)
    keeping = ThreadLane("store")
    feed = Feed()
    embedder = engines.embedder
    async with safeguards(appliance, terms, embedder, intents, tools, feed) as safe:
        store = SqlStore(appliance.store.url, keys=safe.vault)
        admission = Admission(
            appliance.admission, lambda: engines_up() and safe.healthy, paused=lambda: safe.pauses.box
        )
        house = House(
            engines=engines,
            lanes=Lanes(shared, keeping, ThreadLane),
            mind=lambda: Mind(Dialogue(agent, intents, date.today()), tools, engines.llm),
            feed=feed,
            store=store,
            turns=appliance.turns,
            floor=floor,
            admission=admission,
            emergency=ready,
            trust=safe.trust,
            recorder=safe.recorder,
        )
        labels = {"agent": agent.persona.name, **appliance.engines.labels}
        runner = Runner(endpoint, house, appliance.store.recordings, labels)
        safe.calls = runner.sessions
        await feed.serve(appliance.run_dir / FEED_SOCKET)
        await endpoint.start()
        serving = asyncio.ensure_future(runner.run())
        try:
            yield Running(endpoint, runner, feed, house)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await endpoint.stop()
            await feed.close()
            await tools.close()
            shared.close()
            keeping.close()
            store.close()


def announcement(appliance: Appliance, endpoint: SipEndpoint) -> str:
    """The line of JSON that says that calls can come, and where."""
    sip = appliance.sip
    uri = f"sip:{sip.user}@{sip.address}:{endpoint.port}"
    return json.dumps({"event": "ready", "uri": uri, "feed": str(appliance.run_dir / FEED_SOCKET)})


async def serve_agent(appliance: Appliance) -> None:
    """Run the agent process until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    endpoint = SipEndpoint(appliance.sip)
    if appliance.egress.lock:
        agent = await asyncio.to_thread(load_agent, appliance.agent)
        EgressLock(await asyncio.to_thread(boundary, appliance, agent)).install()
    async with running(appliance, endpoint):
        print(announcement(appliance, endpoint), flush=True)
        await stop.wait()
