"""Calls replayed through the whole product with the embedded engines: same sound, same decisions."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import wave
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from models import engines as engine_table
from voicecore.config import Appliance
from voicecore.demo import EXAMPLE
from voicecore.errors import ConfigError
from voicecore.examples.billing.backend import BillingBackend
from voicecore.pipeline.tools import HttpTools
from voicecore.replay import Backend, Played, Player, Recording, read_recording
from voicecore.replay.caller import ScriptedCaller
from voicecore.simulation.script import Script, load_script
from voicecore.store.exports import CallRecord, from_json
from voicecore.types import RATE

TODAY = date(2026, 11, 20)
SCRIPT = """
voice: en-us+klatt4
speed: 150
lines:
  - say: pay in installments
  - when: customer number
    dtmf: "164872"
  - when: postcode
    say: six two four eight one
    hangup: true
"""


@pytest.fixture(scope="module")
def player(model_data: Path) -> Player:
    return Player(Appliance(agent=EXAMPLE, data_dir=model_data))


@pytest.fixture(scope="module")
def call(player: Player, model_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A caller asks, keys in a number, is looked up, says another and hangs up."""
    folder = tmp_path_factory.mktemp("call")
    (folder / "caller.yaml").write_text(SCRIPT)
    script: Script = load_script(folder / "caller.yaml", TODAY)
    tts = engine_table.load("tts", "espeak", model_data, voice=script.voice, rate=script.speed)
    with BillingBackend(folder / "backend.db", today=TODAY) as backend:
        tools = Backend(live=HttpTools(player.agent.tools, backend.url))
        played = player.play(ScriptedCaller(script, tts), tools, TODAY)
        asyncio.run(tools.close())
    return played


def record_of(call: Played) -> CallRecord:
    return from_json(json.loads(json.dumps(call.export)))


def write_wav(path: Path, *channels: np.ndarray, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


def kinds(played: Played) -> set[str]:
    return {decision.kind for decision in played.decisions}


def test_a_call_in_memory_goes_through_everything(call: Played) -> None:
    assert {"call.started", "floor", "caller.said", "tool", "agent.says", "agent.heard", "turn"} <= kinds(
        call
    )
    assert next(d.data["text"] for d in call.decisions if d.kind == "caller.said") == "pay in installments"
    assert any(d.kind == "tool" and d.data["ok"] for d in call.decisions)
    assert call.decisions[-1].kind == "call.ended"
    assert call.decisions[-1].data["outcome"]["duration_s"] == pytest.approx(call.seconds)


def test_the_same_recording_gives_the_same_decisions_to_the_last_sample(
    player: Player, call: Played, tmp_path: Path
) -> None:
    record = record_of(call)
    wav = write_wav(tmp_path / "call.wav", call.caller, call.agent)
    first, second = (player.play(read_recording(wav, record), Backend(record.tools), TODAY) for _ in range(2))
    assert [d.line for d in first.decisions] == [d.line for d in second.decisions]
    assert first.digest == second.digest
    np.testing.assert_array_equal(first.agent, second.agent)
    np.testing.assert_array_equal(first.caller, call.caller)


def test_what_was_heard_before_does_not_matter(player: Player, call: Played) -> None:
    fresh = Player(Appliance(agent=EXAMPLE, data_dir=player.weights))
    backend = record_of(call).tools
    ours = player.play(Recording(call.caller), Backend(backend), TODAY)
    assert fresh.play(Recording(call.caller), Backend(backend), TODAY).digest == ours.digest


def test_another_process_with_another_hash_seed_decides_alike(
    player: Player, call: Played, tmp_path: Path
) -> None:
    record = record_of(call)
    ours = player.play(
        read_recording(write_wav(tmp_path / "call.wav", call.caller, call.agent), record),
        Backend(record.tools),
        TODAY,
    )
    (tmp_path / "call.json").write_text(json.dumps(call.export))
    command = [
        *(sys.executable, "-m", "voicecore", "replay", str(tmp_path / "call.wav"), "--agent", str(EXAMPLE)),
        *("--export", str(tmp_path / "call.json"), "--today", TODAY.isoformat(), "--json"),
    ]
    env = {**os.environ, "PYTHONHASHSEED": "7", "VOICECORE_DATA": str(player.weights)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120)
    *lines, last = done.stdout.splitlines()
    assert lines == [decision.line for decision in ours.decisions]
    assert json.loads(last)["digest"] == ours.digest


def test_an_agent_that_is_late_by_several_ticks_is_late_the_same_way_each_time(
    player: Player, call: Played
) -> None:
    tools = record_of(call).tools
    late = [
        player.play(Recording(call.caller, ticks_at_once=3), Backend(tools), TODAY).digest for _ in range(2)
    ]
    assert late[0] == late[1]


def test_other_sound_gives_another_digest(player: Player, call: Played) -> None:
    silence = np.zeros(5 * RATE, np.int16)
    assert player.play(Recording(silence), Backend(), TODAY).digest != call.digest


def test_a_telephone_band_caller_alone_is_heard(player: Player, call: Played, tmp_path: Path) -> None:
    eight = write_wav(tmp_path / "caller.wav", call.caller[::2], rate=8000)
    played = player.play(read_recording(eight), Backend(record_of(call).tools), TODAY)
    assert played.seconds == pytest.approx(call.seconds, abs=0.02)
    assert "caller.said" in kinds(played)


def test_a_recording_without_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bad-sound"):
        read_recording(write_wav(tmp_path / "empty.wav", np.zeros(0, np.int16)))
