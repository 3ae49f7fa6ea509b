"""The one place that wires everything together: engines, agent, endpoint, store and feed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np

from models import engines as engine_table
from sip.remote import SipEndpoint
from voicecore.config import Appliance, EngineNames, data_dir
from voicecore.dialogue import Agent, Dialogue, IntentIndex, load_agent
from voicecore.pipeline.engines import Engines, Lanes
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.reply import Mind
from voicecore.pipeline.runner import Runner
from voicecore.pipeline.session import FloorMaker, House, own_floor
from voicecore.pipeline.tools import HttpTools
from voicecore.pipeline.work import ThreadLane
from voicecore.ports import Endpoint
from voicecore.store import SqlStore
from voicecore.types import RATE

log = logging.getLogger(__name__)

_SHARED_THREADS = 2
FEED_SOCKET = "feed.sock"


def load_engines(names: EngineNames, agent: Agent, weights: Path) -> Engines:
    """The engines that the configuration names. Raises ConfigError and EngineError (see models)."""
    for port in get_args(engine_table.Port):
        engine_table.find_engine(port, getattr(names, port))
    load, voice = engine_table.load, agent.persona.voice
    embedder = load("embedder", names.embedder, weights)
    return Engines(
        vad=load("vad", names.vad, weights),
        turn_model=load("turn", names.turn, weights),
        sounds=load("sounds", names.sounds, weights),
        asr=load("asr", names.asr, weights),
        tts=load(
            "tts",
            names.tts,
            weights,
            voice=voice.called(names.tts),
            rate=voice.words_per_minute,
            pitch=voice.pitch,
            lexicon=agent.lexicon,
        ),
        embedder=embedder,
        llm=load("llm", names.llm, weights, embedder=embedder),
    )


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
    engines = await asyncio.to_thread(load_engines, appliance.engines, agent, data_dir(appliance.data_dir))
    intents = await asyncio.to_thread(IntentIndex.build, agent, engines.embedder.embed)
    await asyncio.to_thread(warm_up, engines, Dialogue(agent, intents, date.today()))
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
    )
    endpoint = endpoint or SipEndpoint(appliance.sip)
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
