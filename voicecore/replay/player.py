"""Plays a caller's sound to the whole product in memory, tick by tick, as fast as the machine can."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from models.choice import load_choice
from models.sharing.board import Boards
from sip.memory import MemoryCall, MemoryEndpoint
from voicecore.app import choices, load_engines, warm_up
from voicecore.config import Appliance, data_dir
from voicecore.dialogue import Dialogue, IntentIndex, load_agent
from voicecore.errors import ConfigError
from voicecore.pipeline.engines import Engines, Lanes
from voicecore.pipeline.house import FloorMaker, House, own_floor
from voicecore.pipeline.reply import Mind
from voicecore.pipeline.runner import Runner
from voicecore.pipeline.work import InlineLane
from voicecore.ports import Store, Tools
from voicecore.replay.clock import AudioLoop
from voicecore.replay.decisions import Decision, Tape, digest
from voicecore.simulation.sounds import read_sound
from voicecore.store import SqlStore
from voicecore.store.exports import CallRecord
from voicecore.types import RATE, TICK, Pcm


class FarEnd(Protocol):
    """Whoever is at the other end of the line."""

    def tick(self, call: MemoryCall, news: Sequence[Decision]) -> None:
        """Let the agent ``hear`` the next tick, or hang up. ``news``: what was decided since the last one."""
        ...


class Recording:
    """A far end that says what was said, and presses what was pressed, when it was; then hangs up."""

    def __init__(self, pcm: Pcm, keys: Sequence[tuple[float, str]] = (), ticks_at_once: int = 1) -> None:
        """``pcm``: the caller, int16 at ``RATE``; ``keys``: (seconds, digits) in order.

        ``ticks_at_once``: more than 1 is an agent process that is late by so much, again and again.
        """
        self._pcm = pcm
        self._keys = list(keys)
        self._step = ticks_at_once * TICK
        self._at = 0

    def tick(self, call: MemoryCall, news: Sequence[Decision]) -> None:  # noqa: ARG002 - it can't listen
        if self._at >= len(self._pcm):
            call.far_hangup()
            return
        call.hear(self._pcm[self._at : self._at + self._step])
        self._at += self._step
        while self._keys and self._keys[0][0] <= call.seconds:
            call.far_press(self._keys.pop(0)[1])


def read_recording(path: Path, record: CallRecord | None = None) -> Recording:
    """The caller's side of a WAV at any rate: the first channel, as the appliance records.

    ``record`` adds the keypad, which is not in the sound. An answer is pressed at the moment it was
    complete, so that it silences the agent later than its first key did. Raises ConfigError:
    ``no-such-sound``, ``bad-sound``.
    """
    turns = record.turns if record is not None else ()
    keys = [(turn.times["speech_start"], turn.caller_text) for turn in turns if turn.by == "dtmf"]
    pcm = read_sound(path)
    if not len(pcm):
        raise ConfigError("bad-sound", f"{path} holds no sound", file=str(path))
    return Recording(pcm, keys)


@dataclass(frozen=True)
class Played:
    """One call as it went."""

    decisions: tuple[Decision, ...]
    caller: Pcm
    """What was heard and said, sample by sample on one clock, int16 at ``RATE``."""
    agent: Pcm
    export: dict[str, Any]
    """The call as the store kept it."""
    took_s: float
    """Wall clock, without loading engines."""
    cpu_s: float
    """The same on the processor: what it would have taken on an idle machine."""

    @property
    def seconds(self) -> float:
        return len(self.caller) / RATE

    @cached_property
    def digest(self) -> str:
        """See ``decisions.digest``."""
        return digest(self.decisions)


class Player:
    """The whole product behind the in-memory endpoint, its engines loaded once for any number of calls.

    Each call gets a new recogniser: PocketSphinx's scores depend, in their last digits, on what a decoder
    heard before. Engines and live tools compute while the audio clock stands still: a replay answers as
    a machine without latency would. Everything else is as in a call, down to the tick.
    """

    def __init__(
        self,
        appliance: Appliance,
        floor: FloorMaker = own_floor,
        refit: Callable[[Engines], Engines] = lambda engines: engines,
    ) -> None:
        """Of ``appliance`` agent, engines, turns and data_dir are read; ``floor``: see ``House``.

        ``refit`` gets each call's engines, warmed up, and returns what to use in their place, to watch
        or replace some. Raises ConfigError, EngineError.
        """
        self.agent = load_agent(appliance.agent)
        self.weights = data_dir(appliance.data_dir)
        self._chosen = choices(appliance.engines, self.agent, self.weights)
        self._engines = load_engines(self._chosen, self.weights)
        self._intents = IntentIndex.build(self.agent, self._engines.embedder.embed)
        self._appliance = appliance
        self._floor = floor
        self._refit = refit

    def play(self, far: FarEnd, tools: Tools, today: date) -> Played:
        """One call from the greeting to the hang-up; ``today`` is what relative dates are read from.

        ``tools`` must answer without another thread's help (see ``Backend``). Not from within a running
        event loop.
        """
        with tempfile.TemporaryDirectory(prefix="voicecore-replay-") as folder:
            store = SqlStore(f"sqlite:///{folder}/calls.db")
            house = self._house(tools, today, store)
            try:
                with _no_garbage_collection(), asyncio.Runner(loop_factory=AudioLoop) as runner:
                    return runner.run(self._call(far, house, Path(folder)))
            finally:
                house.engines.asr.close()
                store.close()

    def _house(self, tools: Tools, today: date, store: Store) -> House:
        asr = load_choice("asr", self._chosen["asr"], self.weights, Boards())
        warm, lane = replace(self._engines, asr=asr), InlineLane()
        warm_up(warm, Dialogue(self.agent, self._intents, today))
        engines = self._refit(warm)
        return House(
            engines=engines,
            lanes=Lanes(lane, lane, lambda _: lane),
            mind=lambda: Mind(Dialogue(self.agent, self._intents, today), tools, engines.llm),
            feed=Tape(),
            store=store,
            turns=self._appliance.turns,
            floor=self._floor,
        )

    async def _call(self, far: FarEnd, house: House, folder: Path) -> Played:
        loop, tape, endpoint = asyncio.get_running_loop(), house.feed, MemoryEndpoint()
        assert isinstance(loop, AudioLoop)
        assert isinstance(tape, Tape)
        labels = {"agent": self.agent.persona.name, **self._appliance.engines.labels}
        await endpoint.start()
        begun, worked = time.perf_counter(), time.process_time()
        serving = asyncio.ensure_future(Runner(endpoint, house, folder, labels).run())
        call = endpoint.invite()
        await loop.settled()
        told = 0
        while call.state == "answered" and not serving.done():
            news, told = tape.decisions[told:], len(tape.decisions)
            far.tick(call, news)
            loop.advance(call.seconds)
            await loop.settled()
        took = (time.perf_counter() - begun, time.process_time() - worked)
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        caller, agent = call.recording()
        return Played(tuple(tape.decisions), caller, agent, house.store.export(call.info.id), *took)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """For as long as one call: looking through a large heap for next to nothing is a tenth of the work."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
