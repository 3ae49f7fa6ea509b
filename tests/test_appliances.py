"""The ready-made configurations: each is accepted, and serves a whole call with toy-shaped weights."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from models.catalogue import find_model, model_sets
from models.shelf import install
from models.synthesize.install import synthesize
from models.tts_espeak import EspeakTts
from sip.memory import MemoryCall, MemoryEndpoint
from tests.models.scripted_whisper import write_scripted
from voicecore.app import Running, load_appliance, running
from voicecore.demo import EXAMPLE
from voicecore.errors import ConfigError, EngineError
from voicecore.types import RATE, TICK, TICK_MS

FILES = {file.stem: file for file in sorted((EXAMPLE.parent / "appliances").glob("*.yaml"))}
ASKED = "what are your opening hours"
_PATIENCE_S = 60


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory, model_data: Path) -> Path:
    """All models of the sets: the small ones real, the others toys, a Whisper that hears but one question."""
    pytest.importorskip("llama_cpp")
    data = tmp_path_factory.mktemp("toys")
    for name in dict.fromkeys(model.name for chosen in FILES for model in model_sets()[chosen]):
        family = find_model(name).shape.partition("/")[0]
        if not family:
            (data / name).symlink_to(model_data / name)
        elif family == "whisper":
            made = data / ".made" / name
            write_scripted(made, ASKED)
            install(
                made, sorted(f.name for f in made.iterdir()), data / name, {"synthetic": {"shape": "toy"}}
            )
        else:
            synthesize(name, data, shape="toy", quantisation="F16" if family == "gguf" else "")
    return data


def on_this_box(name: str, folder: Path, toys: Path, **engines: Any) -> Path:
    """The configuration with what a test box can't have changed: devices, addresses, sizes."""
    config = yaml.safe_load(FILES[name].read_text())
    config |= {"agent": str(EXAMPLE), "data_dir": str(toys), "run_dir": str(folder / "run")}
    config |= {"backend": "http://127.0.0.1:9"}
    config["store"] = {"url": f"sqlite:///{folder / 'calls.db'}", "recordings": str(folder / "recordings")}
    for port in ("asr", "llm", "tts"):
        config["engines"][port] |= {"device": "cpu", "threads": 1}
    config["engines"]["asr"]["options"] = {"settings": {"quiet_dbfs": -60.0}}
    settings = config["engines"]["llm"]["options"]["settings"]
    settings["placement"] = {"cells": 4096, "sequences": 8}
    settings |= {"reply_tokens": 24, "prompt_tokens": 2048, "sampling": {"temperature": 1.0, "seed": 1}}
    config["engines"] |= {"allow_synthetic": True, **engines}
    file = folder / "appliance.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.mark.parametrize("name", FILES)
def test_it_names_the_models_of_its_set(name: str) -> None:
    pytest.importorskip("llama_cpp")
    engines = load_appliance(FILES[name]).engines
    big = [choice.model for choice in engines.choices.values() if choice.model]
    assert set(big) == {model.name for model in model_sets()[name] if model.shape}
    assert engines.place == "processes"
    assert not engines.allow_synthetic
    assert (engines.llm.device == "cpu") == (name == "cpu")


def test_a_wrong_option_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "appliance.yaml"
    file.write_text("agent: a\nengines:\n  asr:\n    engine: whisper\n    options: {settings: {margin: 1}}\n")
    with pytest.raises(ConfigError) as caught:
        load_appliance(file)
    assert str(caught.value).startswith(
        f"bad-option: {file}:5: engines.asr.options.settings.margin: no such setting; known: windows_s,"
    )
    assert caught.value.facts == {
        "file": str(file),
        "line": 5,
        "field": "engines.asr.options.settings.margin",
    }


async def test_noise_is_not_served_unless_that_is_allowed(tmp_path: Path, toys: Path) -> None:
    file = on_this_box("cpu", tmp_path, toys, allow_synthetic=False)
    with pytest.raises(EngineError, match="model-synthetic"):
        async with running(load_appliance(file), MemoryEndpoint()):
            raise AssertionError("it was served")


class Line:
    """A caller on a media clock of its own, in real time."""

    def __init__(self, served: Running, endpoint: MemoryEndpoint) -> None:
        self.served = served
        self.call: MemoryCall = endpoint.invite()
        self._due = time.monotonic()

    async def hear(self, pcm: np.ndarray[Any, Any]) -> None:
        for at in range(0, len(pcm), TICK):
            if self.call.state == "answered":
                self.call.hear(pcm[at : at + TICK])
            self._due += TICK_MS / 1000
            await asyncio.sleep(max(0.0, self._due - time.monotonic()))

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():
                await self.hear(np.zeros(TICK, np.int16))

    @property
    def floor(self) -> str:
        session = self.served.runner.sessions.get(self.call.info.id)
        return "over" if session is None else session._floor.state.value


@contextlib.asynccontextmanager
async def served(file: Path) -> AsyncIterator[Line]:
    endpoint = MemoryEndpoint()
    async with running(load_appliance(file), endpoint) as running_now:
        yield Line(running_now, endpoint)


@pytest.mark.interop
@pytest.mark.parametrize(
    ("name", "place"), [("cpu", "processes"), ("gpu-16g", "in-process"), ("gpu-80g", "processes")]
)
async def test_a_whole_call(name: str, place: str, tmp_path: Path, toys: Path) -> None:
    question = np.concatenate([chunk.pcm for chunk in EspeakTts("en-us").synthesize(f"{ASKED}?")])
    async with served(on_this_box(name, tmp_path, toys, place=place)) as line:
        await line.until(lambda: line.floor == "speaking")
        await line.until(lambda: line.floor == "listening")
        await line.hear(question)
        await line.until(lambda: line.floor == "speaking")
        await line.until(lambda: line.floor == "listening")
        line.call.far_hangup()
        await line.until(lambda: line.floor == "over")
        store, call = line.served.house.store, line.call.info.id
        while line.served.runner._ending:
            await asyncio.wait(line.served.runner._ending)
        kept = store.export(call)
    told = next(turn for turn in kept["turns"] if turn["caller_text"])
    print(name, place, told["times"], told["work_ms"])
    assert told["caller_text"] == ASKED
    assert told["intent"] == "opening_hours"
    assert told["heard_text"].strip()
    assert not any(event.get("code") for event in kept.get("events", ()))
    assert kept["engines"]["llm"].startswith("llama qwen")
    assert line.call.transfers == []
    _, agent = line.call.recording()
    assert np.abs(agent[-RATE * 30 :]).max() > 300
