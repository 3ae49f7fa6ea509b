"""The embedded engines through the socket: they keep the contract of their ports, like those at hand."""

from __future__ import annotations

import gc
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models.engines import load
from models.serving import clients
from tests.models.serving.standing import stand_still
from tests.models.test_conformance import (  # noqa: F401
    CHOICE,
    TestAsr,
    TestLlm,
    TestTts,
    TestTurnModel,
    spoken,
)
from voicecore.errors import EngineError
from voicecore.ports import Asr, Llm, Tts, TurnModel
from voicecore.types import RATE, TICK, Expectation

pytestmark = pytest.mark.interop


@pytest.fixture
def asr(fleet):
    return fleet.asr


@pytest.fixture
def turn(fleet):
    return fleet.turn_model


@pytest.fixture
def tts(fleet):
    return fleet.tts


@pytest.fixture
def llm(fleet):
    return fleet.llm


def test_the_clients_are_engines(asr, turn, tts, llm):
    for client, port in ((asr, Asr), (turn, TurnModel), (tts, Tts), (llm, Llm)):
        assert isinstance(client, port)


def test_the_socket_changes_no_sample(tts, model_data):
    text = "Your balance is forty two euros, due on the first of March."
    own = list(load("tts", "espeak", model_data, voice="en-gb", rate=185).synthesize(text))
    for far, near in zip(tts.synthesize(text), own, strict=True):
        assert far.marks == near.marks
        assert np.array_equal(far.pcm, near.pcm)


def test_eight_calls_at_once(asr, spoken):  # noqa: F811
    def one(_: int) -> str:
        stream = asr.open(CHOICE)
        for at in range(0, len(spoken), 5 * TICK):
            stream.accept(spoken[at : at + 5 * TICK])
        return stream.finish().text

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(8))) == {"pay my bill"}


def test_an_error_of_the_engine_arrives_as_such(asr):
    taken = [asr.open(Expectation()) for _ in range(2)]
    with pytest.raises(EngineError, match="asr-busy"):
        asr.open(Expectation())
    for stream in taken:
        stream.drop()


def test_dropping_a_stream_is_enough_to_end_it(asr):
    for _ in range(6):  # of which two are allowed at a time
        stream = asr.open(Expectation())
        stream.accept(np.zeros(TICK, np.int16))
        del stream
        gc.collect()


@pytest.fixture
def stopped(fleet):
    """Has a process stand still for a while."""
    pids = []

    def stop(name):
        pids.append(fleet.hosts[name].pid)
        stand_still(pids[-1])

    yield stop
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_no_answer_is_an_error_in_time_and_comes_to_no_later_question(asr, stopped, monkeypatch):
    stream = asr.open(CHOICE)
    monkeypatch.setattr(clients, "ANSWER_S", 0.1)
    stopped("asr")
    for ask in (lambda: stream.accept(np.zeros(TICK, np.int16)), stream.finish):
        with pytest.raises(EngineError, match="engine-late"):
            ask()


async def test_a_language_model_that_is_late(llm, stopped, monkeypatch):
    monkeypatch.setattr(clients, "WORDING_S", 0.1)
    stopped("llm")
    with pytest.raises(EngineError, match="engine-late"):
        await anext(llm.generate("Briefly.", "late fee", ("A late fee is due.",)))


def test_lines_are_given_back(fleet, tts, turn):
    list(tts.synthesize("hello there"))
    speech = tts.synthesize("One. Two. " * 60)
    next(speech)
    speech.close()
    turn.probability(np.zeros(RATE, np.int16))
    gc.collect()
    assert not fleet.hosts["tts"]._lines
    assert not fleet.hosts["asr"]._lines
