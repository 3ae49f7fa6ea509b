"""Each stage's engine under pytest-benchmark, by calls at a time: ``pytest benchmarks/test_stages.py
--benchmark-enable``. Engines and models are those of the profile, ``$BENCH_PROFILE``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import pytest

from benchmarks.stages.bench import SAID, spoken
from benchmarks.stages.budgets import Profile, Stage, choose_profile
from benchmarks.stages.engines import Engines, loaded
from benchmarks.stages.load import ANSWER, BEGINNING, PARTIAL_S, Line, first_sentence
from voicecore.ports import AsrStream
from voicecore.types import RATE, Expectation

LOADS = choose_profile()[1].loads
ROUNDS = 5
NUMBERS = count()


@pytest.fixture(scope="module")
def profile() -> Profile:
    return choose_profile()[1]


@pytest.fixture(scope="module")
def engines(profile: Profile) -> Iterator[Engines]:
    with loaded(profile) as found:
        yield found


@pytest.fixture(scope="module")
def line() -> Line:
    return spoken(SAID[0])


def at_once(work: Callable[[int], object], calls: int) -> None:
    """``work`` of so many calls, that all begin now."""
    with ThreadPoolExecutor(calls) as pool:
        list(pool.map(work, range(calls)))


def measure(benchmark: Any, stage: Stage, work: Callable[..., object], setup: Any = None) -> None:
    benchmark.group = stage
    benchmark.pedantic(work, setup=setup, rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize("calls", LOADS)
def test_vad(benchmark: Any, engines: Engines, calls: int) -> None:
    streams = [engines.vad.open() for _ in range(calls)]
    frames = np.zeros((calls, engines.vad.frame), np.float32)
    benchmark.group = Stage.VAD
    assert len(benchmark(partial(engines.vad.step, streams, frames))) == calls


@pytest.mark.parametrize("calls", LOADS)
def test_turn_model(benchmark: Any, engines: Engines, line: Line, calls: int) -> None:
    measure(benchmark, Stage.TURN_MODEL, lambda: at_once(lambda _: engines.turn.probability(line.pcm), calls))


@pytest.mark.parametrize("calls", LOADS)
def test_asr_partial(benchmark: Any, engines: Engines, line: Line, calls: int) -> None:
    pcm = line.pcm[: round(PARTIAL_S * RATE)]
    measure(benchmark, Stage.ASR_PARTIAL, lambda: at_once(lambda _: begun(engines, pcm), calls))


@pytest.mark.parametrize("calls", LOADS)
def test_asr_final(benchmark: Any, engines: Engines, line: Line, calls: int) -> None:
    def finish(streams: list[AsrStream]) -> None:
        at_once(lambda n: streams[n].finish(), calls)

    def setup() -> tuple[tuple[list[AsrStream]], dict[str, Any]]:
        return ([begun(engines, line.pcm) for _ in range(calls)],), {}

    measure(benchmark, Stage.ASR_FINAL, finish, setup)


@pytest.mark.parametrize("calls", LOADS)
def test_llm_first_sentence(benchmark: Any, engines: Engines, line: Line, calls: int) -> None:
    names = [f"kernel {n} of {calls}" for n in range(calls)]

    async def replies() -> None:
        turn = next(NUMBERS)
        talks = (first_sentence(engines, name, f"Question {turn}. {line.text}") for name in names)
        await asyncio.gather(*talks)

    for name in names:
        engines.llm.prepare(name, BEGINNING)
    measure(benchmark, Stage.LLM, lambda: asyncio.run(replies()))
    for name in names:
        engines.llm.forget(name)


@pytest.mark.parametrize("calls", LOADS)
def test_tts_first_audio(benchmark: Any, engines: Engines, calls: int) -> None:
    def first(_: int) -> None:
        sound = engines.tts.synthesize(ANSWER)
        assert len(next(sound).pcm)

    measure(benchmark, Stage.TTS, lambda: at_once(first, calls))


def begun(engines: Engines, pcm: Any) -> AsrStream:
    """An utterance that has heard so much."""
    stream = engines.asr.open(Expectation())
    stream.accept(pcm)
    return stream
