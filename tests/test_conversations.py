"""Whole conversations over real SIP, RTP, recogniser and back-end, as `make demo` holds them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import wave
from pathlib import Path

import pytest

from voicecore.demo import EXAMPLE, appliance, backend, hold_conversation
from voicecore.simulation import load_script
from voicecore.store import SqlStore

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("model_data")]


@pytest.fixture(autouse=True)
def _weights(model_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECORE_DATA", str(model_data))


@pytest.mark.parametrize("name", ["main", "changes_mind", "interrupts", "dtmf"])
async def test_the_errand_is_done_in_the_back_end(name: str, tmp_path: Path) -> None:
    held = await hold_conversation(tmp_path, load_script(EXAMPLE / "callers" / f"{name}.yaml"))
    said = [(who, words) for _, who, words in held.result.transcript]
    assert held.done, (held.result.outcome, held.errand, said)
    assert sum(turn.latency_ms is not None for turn in held.turns) >= 3
    if name == "interrupts":
        assert any(turn.kind == "interruption" and turn.silent_ms is not None for turn in held.turns)


async def test_a_call_from_the_command_line_is_recorded_on_both_sides(tmp_path: Path) -> None:
    record, report = tmp_path / "call.wav", tmp_path / "call.html"
    async with backend(tmp_path / "backend.db") as url, appliance(tmp_path, url) as served:
        command = [
            *(sys.executable, "-m", "voicecore", "call", served.uri),
            *("--script", str(EXAMPLE / "callers" / "questions.yaml")),
            *("--record", str(record), "--report", str(report), "--feed", str(served.feed)),
        ]
        calling = await asyncio.create_subprocess_exec(*command, env=dict(os.environ))
        assert await asyncio.wait_for(calling.wait(), 120) == 0
    with wave.open(str(record)) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (2, 16_000)
        seconds = wav.getnframes() / 16_000
    assert "<svg" in report.read_text()
    store = SqlStore(f"sqlite:///{tmp_path / 'calls.db'}")
    (row,) = store.calls()
    store.close()
    exported = await _output("export", "--config", str(tmp_path / "appliance.yaml"), row["id"])
    assert len(json.loads(exported)["turns"]) >= 4
    assert row["id"][:8] in await _output("calls", "--config", str(tmp_path / "appliance.yaml"))
    with wave.open(str(next((tmp_path / "recordings").glob("*.wav")))) as ours:
        assert abs(ours.getnframes() / 16_000 - seconds) < 2


async def _output(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voicecore", *arguments), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return out.decode()
