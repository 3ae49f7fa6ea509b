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
from typing import Any, get_args

import numpy as np

from models import engines as engine_table
from models.serving.fleet import Fleet
from models.serving.spec import Choice
from sip.remote import SipEndpoint
from voicecore.config import Appliance, EngineNames, data_dir
from voicecore.dialogue import Agent, Dialogue, IntentIndex, load_agent
from voicecore.pipeline.admission import Admission
from voicecore.pipeline.emergency import Emergency
from voicecore.pipeline.engines import Engines, Lanes
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.reply import Mind
from voicecore.pipeline.runner import Runner
from voicecore.pipeline.session import FloorMaker, House, own_floor
from voicecore.pipeline.tools import HttpTools
from voicecore.pipeline.work import ThreadLane
from voicecore.ports import Endpoint, Tts
from voicecore.store import SqlStore
from voicecore.types import RATE

log = logging.getLogger(__name__)

_SHARED_THREADS = 2
FEED_SOCKET = "feed.sock"


def tts_options(name: str, agent: Agent) -> dict[str, Any]:
    """How the agent speaks, for the speech engine called ``name``."""
    voice = agent.persona.voice
    return {
        "voice": voice.called(name),
        "rate": voice.words_per_minute,
        "pitch": voice.pitch,
        "lexicon": dict(agent.lexicon),
    }


def engine_processes(
    names: EngineNames, agent: Agent, weights: Path, on_death: Callable[[str], None]
) -> Fleet:
    """The engines that the configuration names, in processes of their own, not started yet.

    ``on_death``: see ``EngineHost``.
    """
    choices: dict[engine_table.Port, Choice] = {
        "asr": Choice(names.asr),
        "turn": Choice(names.turn),
        "llm": Choice(names.llm),
        "tts": Choice(names.tts, options=tts_options(names.tts, agent)),
    }
    if names.llm == "retrieval":
        choices["embedder"] = Choice(names.embedder)
    return Fleet(choices, weights, on_death)


def load_engines(names: EngineNames, agent: Agent, weights: Path, fleet: Fleet | None = None) -> Engines:
    """The engines that the configuration names; those that ``fleet`` runs are its.

    Raises ConfigError and EngineError (see models).
    """
    for port in get_args(engine_table.Port):
        engine_table.find_engine(port, getattr(names, port))
    load = engine_table.load
    embedder = load("embedder", names.embedder, weights)
    options = {"embedder": embedder} if names.llm == "retrieval" else {}
    return Engines(
        vad=load("vad", names.vad, weights),
        turn_model=fleet.turn_model if fleet else load("turn", names.turn, weights),
        sounds=load("sounds", names.sounds, weights),
        asr=fleet.asr if fleet else load("asr", names.asr, weights),
        tts=fleet.tts if fleet else load("tts", names.tts, weights, **tts_options(names.tts, agent)),
        embedder=embedder,
        llm=fleet.llm if fleet else load("llm", names.llm, weights, **options),
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
    names, weights = appliance.engines, data_dir(appliance.data_dir)
    if names.place == "in-process":
        yield await asyncio.to_thread(load_engines, names, agent, weights), lambda: True
        return
    loop = asyncio.get_running_loop()
    fleet = engine_processes(names, agent, weights, lambda name: tell(loop, partial(on_death, name)))
    await asyncio.to_thread(fleet.start)
    try:
        yield await asyncio.to_thread(load_engines, names, agent, weights, fleet), lambda: fleet.up
    finally:
        await asyncio.to_thread(fleet.stop)


def tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """Have ``what`` done on the loop, from another thread, unless it is over."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(what)


def warm_up(engines: Engines, dialogue: Dialogue) -> None:
    """Use every engine once, so that the first caller does not wait for what is made on first use."""
    state, _ = dialogue.start()
    utterance = engines.asr.open(state.expectation)
    utterance.accept(np.zeros(RATE, np.int16))
    utterance.finish()
    engines.turn_model.probability(np.zeros(RATE, np.int16))
    for _ in engines.tts.synthesize("ready"):
        pass


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
    agent = load_agent(appliance.agent)
    runners: list[Runner] = []

    def engine_died(_name: str) -> None:
        for runner in runners:
            runner.engine_failed("engine-died")

    async with engines_ready(appliance, agent, engine_died) as (engines, engines_up):
        admission = Admission(appliance.admission, engines_up)
        endpoint = endpoint or SipEndpoint(appliance.sip)
        async with _serving(appliance, agent, engines, admission, (endpoint, floor)) as served:
            runners.append(served.runner)
            yield served


@contextlib.asynccontextmanager
async def _serving(
    appliance: Appliance,
    agent: Agent,
    engines: Engines,
    admission: Admission,
    outside: tuple[Endpoint, FloorMaker],
) -> AsyncIterator[Running]:
    endpoint, floor = outside
    intents = await asyncio.to_thread(IntentIndex.build, agent, engines.embedder.embed)
    await asyncio.to_thread(warm_up, engines, Dialogue(agent, intents, date.today()))
    ready = await asyncio.to_thread(emergency, engines.tts, agent)
    tools = HttpTools(agent.tools, appliance.backend or agent.backend)
    shared = ThreadLane("engines", _SHARED_THREADS)
    keeping = ThreadLane("store")
    feed = Feed()
    store = SqlStore(appliance.store.url)
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
    )
    labels = {"agent": agent.persona.name, **appliance.engines.model_dump()}
    runner = Runner(endpoint, house, appliance.store.recordings, labels)
    appliance.run_dir.mkdir(parents=True, exist_ok=True)
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
        engines.asr.close()
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
    async with running(appliance, endpoint):
        print(announcement(appliance, endpoint), flush=True)
        await stop.wait()
