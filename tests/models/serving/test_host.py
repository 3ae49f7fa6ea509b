"""An engine process that is killed, hangs or does not load: nobody waits for it, and it comes back."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from models.choice import Choice
from models.serving import host as host_module
from models.serving.clients import RemoteAsr, RemoteLlm, RemoteTts, RemoteTurnModel
from models.serving.host import EngineHost
from models.serving.spec import Spec
from models.serving.wire import Wire
from tests.models.serving.standing import stand_still, state
from voicecore.errors import EngineError
from voicecore.types import RATE, Expectation, SlotKind

pytestmark = pytest.mark.interop
PATIENCE_S = 60
AT_ONCE_S = 1.0
YES = Expectation(SlotKind.YESNO, phrases=("yes", "no"))


@pytest.fixture
def start(model_data):
    hosts = []

    def make(choices, on_death=None):
        host = EngineHost("test", Spec(choices, model_data), on_death)
        hosts.append(host)
        host.start()
        return host

    yield make
    for host in hosts:
        host.stop()


def until_up(host, restarts):
    deadline = time.monotonic() + PATIENCE_S
    while not (host.up and host.restarts >= restarts):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def kill_later(pid):
    """The process stands still from now on, so that what is asked next is in flight when it is killed."""
    stand_still(pid)
    killed = []

    def kill():
        killed.append(time.monotonic())
        os.kill(pid, signal.SIGKILL)

    timer = threading.Timer(0.3, kill)
    timer.start()
    return killed


def ask_llm(host):
    async def ask():
        return [
            said async for said in RemoteLlm(host).generate("Briefly.", "late fee", ("A late fee is due.",))
        ]

    return asyncio.run(ask())


SPEECH = {"tts": Choice("espeak")}
HEARING = {"asr": Choice("pocketsphinx"), "turn": Choice("blend")}
WORDING = {"llm": Choice("retrieval"), "embedder": Choice("minilm")}


@pytest.mark.parametrize(
    ("choices", "ask"),
    [
        (SPEECH, lambda host: list(RemoteTts(host).synthesize("hello"))),
        (HEARING, lambda host: RemoteAsr(host).open(YES).finish().final),
        (HEARING, lambda host: RemoteTurnModel(host).probability(np.zeros(RATE, np.int16))),
        (WORDING, ask_llm),
    ],
    ids=["tts", "asr", "turn", "llm"],
)
def test_what_is_in_flight_fails_at_once_and_the_next_request_works(start, choices, ask):
    deaths: queue.SimpleQueue[str] = queue.SimpleQueue()
    host = start(choices, deaths.put)
    first = host.pid
    killed = kill_later(first)
    with pytest.raises(EngineError, match="engine-died"):
        ask(host)
    assert time.monotonic() - killed[0] < AT_ONCE_S
    assert deaths.get(timeout=AT_ONCE_S) == "test"
    until_up(host, restarts=1)
    assert host.pid != first
    assert ask(host)


def test_an_utterance_does_not_outlive_its_process(start):
    host = start(HEARING)
    stream = RemoteAsr(host).open(YES)
    stream.accept(np.zeros(1600, np.int16))
    os.kill(host.pid, signal.SIGKILL)
    until_up(host, restarts=1)
    with pytest.raises(EngineError, match="engine-died"):
        stream.finish()


def test_nobody_waits_for_a_process_that_loads(start):
    host = start(WORDING)
    os.kill(host.pid, signal.SIGKILL)
    begun = time.monotonic()
    while host.up:
        time.sleep(0.001)
    with pytest.raises(EngineError, match="engine-died"):
        ask_llm(host)
    assert time.monotonic() - begun < AT_ONCE_S
    until_up(host, restarts=1)


def test_a_process_that_hangs_is_replaced(start, monkeypatch):
    monkeypatch.setattr(host_module, "SILENT_S", 2.5)
    host = start(SPEECH)
    first = host.pid
    stand_still(first)
    with pytest.raises(EngineError, match="engine-died"):
        list(RemoteTts(host).synthesize("hello"))
    until_up(host, restarts=1)
    assert not alive(first)
    assert list(RemoteTts(host).synthesize("hello"))


def test_an_engine_that_does_not_load_says_why(start, tmp_path):
    with pytest.raises(EngineError, match="model-missing"):
        start({"llm": Choice("llama", options={"settings": {"caps": {}}})})
    with pytest.raises(EngineError, match="unknown-voice"):
        start({"tts": Choice("espeak", options={"voice": "nobody"})})


def test_an_engine_that_brings_its_process_down_is_reported(start, monkeypatch):
    monkeypatch.setattr(host_module.sys, "executable", "/bin/false")
    with pytest.raises(EngineError, match="engine-start"):
        start(SPEECH)


def test_a_folder_that_is_gone_is_reported(start, monkeypatch):
    monkeypatch.setattr(host_module, "Wire", lambda *_, **__: Wire("ipc:///nowhere/at/all", bind=True))
    with pytest.raises(EngineError, match="engine-start"):
        start(SPEECH)


def test_options_are_not_on_the_command_line(start):
    host = start({"tts": Choice("espeak", options={"lexicon": {"acme": "secret"}})})
    assert b"secret" not in Path(f"/proc/{host.pid}/cmdline").read_bytes()


def test_stopping_leaves_nothing_behind(start):
    host = start(SPEECH)
    pid, folder = host.pid, Path(host._folder.name)
    waiting = queue.SimpleQueue()
    host.open(waiting.put)
    host.stop()
    assert not alive(pid)
    assert not folder.exists()
    assert waiting.get(timeout=1).code == "engine-died"
    with pytest.raises(EngineError, match="engine-died"):
        host.open(waiting.put)


def test_a_killed_agent_takes_its_engines_with_it(model_data):
    program = (
        "import sys, time; from pathlib import Path; from models.serving.host import EngineHost;"
        "from models.choice import Choice; from models.serving.spec import Spec;"
        "host = EngineHost('test', Spec({'tts': Choice('espeak')}, Path(sys.argv[1]))); host.start();"
        "print(host.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(model_data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        pid = int(agent.stdout.readline())
        agent.kill()
    deadline = time.monotonic() + PATIENCE_S
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid):
    return state(pid) not in "XZ"
