"""Peers: the packets on the wire, what a peer's decisions do to the floor, and Pipecat itself."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.floor import PeerFloor
from benchmarks.peers.link import PIPECAT, Decision, Link, started
from benchmarks.peers.tap import Tap
from benchmarks.prompts import ROOT as PROMPTS
from benchmarks.prompts import VOICES, list_sentences
from sip.memory import MemoryEndpoint
from voicecore.config import TurnSettings
from voicecore.errors import EngineError
from voicecore.turns import Act, Features, State
from voicecore.turns.floor import Event
from voicecore.turns.overlap import Kind
from voicecore.types import RATE, TICK, CallEventKind, Pcm

SETTINGS = TurnSettings(no_input_ms=1000, filler_ms=400)
QUIET = Features(speech=0.0, level_db=-70.0, noise_db=-70.0)
LOUD = Features(speech=1.0, level_db=-20.0, noise_db=-70.0)
FRAME = np.arange(TICK, dtype=np.int16)
READY = {"event": "ready", "versions": {}, "settings": {"vad": {"start_secs": 0.2, "stop_secs": 0.3}}}


class Script:
    """A peer that decides what the test says."""

    def __init__(self) -> None:
        ours, self.wire = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.wire.setblocking(False)
        self.link = Link(ours)

    def ready(self) -> Script:
        self.send(READY)
        assert self.link.idle
        return self

    def send(self, message: dict[str, Any]) -> None:
        self.wire.send(json.dumps(message).encode())

    def decides(self, *events: str, at: float = 0.0) -> None:
        for event in events:
            self.send({"event": event, "at": at})

    def got(self) -> list[bytes]:
        packets = []
        while True:
            try:
                packets.append(self.wire.recv(4096))
            except BlockingIOError:
                return packets


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    yield script
    script.link.close()
    script.wire.close()


class TestLink:
    def test_packets_keep_their_bounds_and_order(self, script: Script) -> None:
        script.link.hear(FRAME)
        script.link.agent_speaks(True)
        script.link.agent_speaks(False)
        script.link.hear(FRAME[::-1].copy())
        assert script.got() == [b"A" + FRAME.tobytes(), b"S", b"Q", b"A" + FRAME[::-1].tobytes()]

    def test_decisions_carry_their_facts(self, script: Script) -> None:
        script.ready().send({"event": "verdict", "at": 1.5, "probability": 0.9, "took_ms": 40.0})
        script.decides("turn-stop", at=1.56)
        assert script.link.decisions() == [
            Decision("verdict", 1.5, {"probability": 0.9, "took_ms": 40.0}),
            Decision("turn-stop", 1.56, {}),
        ]
        assert script.link.decisions() == []

    def test_idle_only_when_ready_and_not_taken(self, script: Script) -> None:
        assert not script.link.idle
        script.ready()
        script.link.taken = True
        assert not script.link.idle

    def test_decisions_on_a_call_that_is_over_are_dropped(self, script: Script) -> None:
        script.ready().link.hang_up()
        script.decides("turn-stop", at=9.0)
        script.send(READY)
        assert script.link.decisions() == []
        assert script.link.idle
        assert script.got() == [b"H"]

    def test_a_peer_that_is_too_late_is_noticed(self, script: Script) -> None:
        while not script.link.lost:
            script.link.hear(FRAME)
        assert all(packet == b"A" + FRAME.tobytes() for packet in script.got())

    def test_a_peer_that_has_ended_is_an_error(self, script: Script) -> None:
        script.wire.close()
        with pytest.raises(EngineError, match="peer-gone"):
            script.link.decisions()
        with pytest.raises(EngineError, match="peer-gone"):
            script.link.hear(FRAME)

    def test_without_its_environment_it_says_how_to_get_it(self) -> None:
        with pytest.raises(EngineError, match="make peers"), started(("/nowhere/python", "serve.py")):
            pass

    def test_processes_run_while_wanted_and_end_with_their_link(self, tmp_path: Path) -> None:
        code = f"import socket; w = socket.socket(fileno=0); w.send(b'{json.dumps(READY)}'); w.recv(9)"
        program = tmp_path / "peer.py"
        program.write_text(code)
        with started((sys.executable, str(program)), calls=2) as links:
            while not all(link.idle for link in links):
                time.sleep(0.01)
            assert links[0].hello["settings"] == READY["settings"]


class TestPeerFloor:
    @pytest.fixture
    def floor(self, script: Script) -> PeerFloor:
        return PeerFloor(SETTINGS, script.ready().link)

    def test_a_turn_is_what_the_peer_says(self, script: Script, floor: PeerFloor) -> None:
        script.decides("vad-start", "turn-start", "interruption", at=1.2)
        assert floor.step(QUIET, 1.22) == [Act.OPEN_TURN]
        assert (floor.state, floor.onset) == (State.HEARING, 1.0)
        script.decides("vad-stop", at=3.0)
        assert floor.step(LOUD, 3.02) == [Act.START_EARLY_WORK]
        assert floor.last_voiced == pytest.approx(2.7)
        assert floor.step(LOUD, 3.04) == []
        script.decides("verdict", "turn-stop", at=3.05)
        assert floor.step(LOUD, 3.06) == [Act.COMMIT_TURN]
        assert floor.state is State.THINKING
        assert [(a.decision.event, a.now) for a in floor.applied][-2:] == [
            ("verdict", 3.06),
            ("turn-stop", 3.06),
        ]

    def test_a_pause_that_is_no_end_reopens_the_turn(self, script: Script, floor: PeerFloor) -> None:
        script.decides("vad-start", "turn-start", at=1.0)
        script.decides("vad-stop", "verdict", at=2.0)
        floor.step(QUIET, 2.0)
        script.decides("vad-start", at=2.5)
        assert floor.step(QUIET, 2.5) == [Act.DISCARD_EARLY_WORK]
        assert (floor.state, floor.onset) == (State.HEARING, pytest.approx(0.8))

    def test_a_turn_that_ends_without_a_pause_is_committed_all_the_same(
        self, script: Script, floor: PeerFloor
    ) -> None:
        script.decides("turn-start", "turn-stop", at=6.0)
        assert floor.step(QUIET, 6.0) == [Act.OPEN_TURN, Act.START_EARLY_WORK, Act.COMMIT_TURN]

    def test_going_on_after_the_commit_withdraws_it(self, script: Script, floor: PeerFloor) -> None:
        script.decides("turn-start", "vad-stop", "turn-stop", at=1.0)
        floor.step(QUIET, 1.0)
        script.decides("vad-start", "turn-start", "interruption", at=1.5)
        assert floor.step(QUIET, 1.5) == [Act.DISCARD_EARLY_WORK]
        assert floor.state is State.HEARING

    def test_an_interruption_silences_the_agent_at_once(self, script: Script, floor: PeerFloor) -> None:
        floor.on(Event.REPLY)
        assert floor.step(LOUD, 1.0) == []
        script.decides("vad-start", "turn-start", "interruption", at=2.0)
        acts = floor.step(QUIET, 2.0)
        assert Act.OPEN_TURN in acts
        assert acts.index(Act.STOP_PLAYOUT) > acts.index(Act.OPEN_TURN)
        assert floor.state is State.INTERRUPTED
        script.decides("vad-stop", "turn-stop", at=3.0)
        assert floor.step(QUIET, 3.0) == [Act.START_EARLY_WORK, Act.COMMIT_TURN]

    def test_the_peer_knows_when_the_agent_is_heard(self, script: Script, floor: PeerFloor) -> None:
        floor.on(Event.REPLY)
        floor.on(Event.MORE_TO_COME)
        floor.on(Event.REPLY)
        script.decides("turn-start", "interruption", at=2.0)
        floor.step(QUIET, 2.0)
        assert script.got() == [b"S", b"Q", b"S", b"Q"]

    def test_what_our_own_ears_hear_decides_nothing(self, floor: PeerFloor) -> None:
        assert [floor.step(LOUD, tick * 0.02) for tick in range(40)] == [[]] * 40
        assert floor.state is State.LISTENING
        assert floor.sound_ticks == 0

    def test_a_turn_begins_where_its_sound_did(self, script: Script, floor: PeerFloor) -> None:
        for tick in range(1, 20):
            floor.step(LOUD, 1 + tick * 0.02)
        script.decides("turn-start", at=1.38)
        floor.step(LOUD, 1.4)
        assert floor.onset == pytest.approx(1.0)

    def test_every_turn_with_words_is_meant_for_us(self, floor: PeerFloor) -> None:
        assert floor.meant([], "", text="yes", cut_in=False).kind is Kind.ANSWER
        assert floor.meant([], "", text="", cut_in=True).kind is Kind.NOISE

    def test_who_says_nothing_is_asked_again(self, floor: PeerFloor) -> None:
        acts = [act for tick in range(50) for act in floor.step(QUIET, tick * 0.02)]
        assert acts == [Act.ASK_AGAIN]

    def test_a_late_reply_is_announced(self, script: Script, floor: PeerFloor) -> None:
        script.decides("turn-start", "vad-stop", "turn-stop", at=1.0)
        acts = [act for tick in range(21) for act in floor.step(QUIET, 1 + tick * 0.02)]
        assert acts[-1] is Act.FILL


class TestTap:
    async def test_a_call_is_known_once_its_peer_is_ready_and_is_heard_by_it(self, script: Script) -> None:
        endpoint = MemoryEndpoint()
        tap = Tap(endpoint, [script.link])
        starting = asyncio.ensure_future(tap.start())
        await asyncio.sleep(0)
        assert not starting.done()
        script.send(READY)
        await starting
        call = endpoint.invite()
        assert (await tap.next_event()).kind is CallEventKind.INCOMING
        tapped = tap.call(call.info.id)
        floor = tap.floor(SETTINGS, tapped)
        assert tap.floors == {call.info.id: floor}
        tapped.answer()
        call.hear(FRAME)
        assert [frame.caller.tolist() for frame in tapped.read()] == [FRAME.tolist()]
        assert script.got() == [b"A" + FRAME.tobytes()]
        tapped.hangup()
        while (await tap.next_event()).kind is not CallEventKind.ENDED:
            pass
        assert script.got() == [b"H"]
        endpoint.invite()
        incoming = asyncio.ensure_future(tap.next_event())
        await asyncio.sleep(0)
        assert not incoming.done()
        script.send(READY)
        assert (await incoming).kind is CallEventKind.INCOMING
        await tap.stop()

    async def test_it_accounts_for_what_the_peers_did(self, script: Script) -> None:
        endpoint = MemoryEndpoint()
        tap = Tap(endpoint, [script.ready().link])
        await tap.start()
        call = endpoint.invite()
        await tap.next_event()
        floor = tap.floor(SETTINGS, tap.call(call.info.id))
        for took_ms in (40.0, 50.0, 60.0):
            script.send({"event": "verdict", "at": 1.0, "probability": 0.9, "took_ms": took_ms})
        floor.step(QUIET, 1.0)
        account = tap.account()
        assert account["settings"] == READY["settings"]
        assert (account["lost"], account["verdicts"], account["verdict_p50_ms"]) == (0, 3, 50.0)

    async def test_a_call_without_a_free_peer_is_an_error(self, script: Script) -> None:
        endpoint = MemoryEndpoint()
        tap = Tap(endpoint, [script.ready().link], patience_s=0.02)
        await tap.start()
        endpoint.invite()
        endpoint.invite()
        await tap.next_event()
        with pytest.raises(EngineError, match="no-peer"):
            await tap.next_event()

    def test_an_outgoing_call_has_none(self, script: Script) -> None:
        endpoint = MemoryEndpoint()
        asyncio.run(endpoint.start())
        call = Tap(endpoint, [script.link]).dial("sip:someone@memory")
        assert call.info.direction == "out"


@pytest.mark.interop
@pytest.mark.skipif(not Path(PIPECAT[0]).exists(), reason="needs the Pipecat peer: make peers")
@pytest.mark.skipif(not (PROMPTS / VOICES["en"]).exists(), reason="needs asterisk-core-sounds-en-wav, -g722")
class TestPipecat:
    async def test_it_ends_a_human_turn_and_stops_the_agent_for_one(self) -> None:
        prompt = next(p for p in list_sentences() if p.name == "agent-newlocation").read("wide")
        pause = np.zeros(2 * RATE, np.int16)
        with started() as (link,):
            while not link.idle:
                await asyncio.sleep(0.1)
            assert link.hello["versions"]["pipecat-ai"] == "1.14.0"
            floor = PeerFloor(TurnSettings(), link)
            first = await self._speak(floor, link, np.concatenate([pause, prompt, pause]))
            assert Act.COMMIT_TURN in first
            assert floor.state is State.THINKING
            floor.on(Event.REPLY)
            second = await self._speak(floor, link, np.concatenate([prompt, pause]))
            assert second[: second.index(Act.STOP_PLAYOUT)].count(Act.OPEN_TURN) == 1
            assert Act.COMMIT_TURN in second[second.index(Act.STOP_PLAYOUT) :]
            events = [applied.decision.event for applied in floor.applied]
            assert {"verdict", "turn-stop"} <= set(events)
            assert all(events[at - 1] == "vad-start" for at, e in enumerate(events) if e == "turn-start")
            link.hang_up()
            while not link.idle:
                await asyncio.sleep(0.1)
            assert link.lost == 0

    async def _speak(self, floor: PeerFloor, link: Link, pcm: Pcm) -> list[Act]:
        """At the pace of a call: what the peer waits for is real time."""
        acts, began = [], time.monotonic()
        for tick in range(len(pcm) // TICK):
            link.hear(pcm[tick * TICK : (tick + 1) * TICK])
            await asyncio.sleep(max(0.0, began + tick * 0.02 - time.monotonic()))
            acts += floor.step(QUIET, tick * 0.02)
        return acts
