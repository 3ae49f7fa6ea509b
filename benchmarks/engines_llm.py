"""The language model: what reading ahead, batching and cancelling are worth, on synthetic weights."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from benchmarks.stages.budgets import choose_profile
from benchmarks.weights import synthetic
from models.catalogue import find_model
from models.llm_llama.binding import LlamaLibrary
from models.llm_llama.library import Piece
from models.llm_llama.scheduler import Caps, Priority
from models.llm_llama.settings import Placement, Settings
from models.llm_llama.talk import Event, Over, Request
from models.llm_llama.worker import StepRecord, Worker
from voicecore.console import charts
from voicecore.errors import EngineError
from voicecore.types import Floats, Message

Seconds = npt.NDArray[np.float64]

COMPARED = "llama3.2-1b"
"""The shape that the scheduler's own cost is measured at, on the CPU."""
CONTEXT = 1500
"""Tokens of the conversation that is read cold and in advance."""
LATE_WORDS = 4
"""Words of the turn that are recognised only at its end."""
CALLS = 8
ROUNDS = 10
COLD_ROUNDS = 3
"""Of reading everything, which takes long."""
STEPS = 12
"""Of each round of decoding; rounds are short, so that neighbours meet the same machine."""
HISTORY = 64
"""Tokens that each decoding sequence has before."""
PLACEMENT = Placement(cells=8192, sequences=16, threads=len(os.sched_getaffinity(0)))
"""All cores: there is no media path to leave one to."""
BATCH_GAIN = {False: ">= 1.6", True: ">= 5"}
"""Of eight calls over one, by whether the model is on a GPU."""


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Tokens per second by how many calls decode together."""
    speeds = {f["name"]: f["value"] for f in figures if f["unit"] == "tok/s"}
    bars = [(name.removesuffix("_tok_s"), {"tok/s": value}) for name, value in speeds.items()]
    markup = charts.bars(bars, {"tok/s": "tokens per second"}, "tok/s")
    return [
        Plot("Decoding", markup, "Synthetic weights of published shapes: the times are real, the words noise")
    ]


def run() -> list[Figure]:
    """All figures, of the profile's model where the profile has it; each says of which weights."""
    llm = choose_profile()[1].llm
    placement = Settings(placement=PLACEMENT).placed(llm.device).placement
    shape = find_model(llm.model).shape.partition("/")[2]
    with Bench(_file(llm.model, shape), shape, placement) as bench:
        figures = [*bench.first_token(), *bench.decoding(), *bench.cancelling()]
    with Bench(_file(llm.model, COMPARED), COMPARED, PLACEMENT) as bench:
        figures += bench.scheduling()
    return figures


def _file(name: str, shape: str) -> Path:
    (file,) = (synthetic(name, shape) / name).glob("*.gguf")
    return file


class Watched(LlamaLibrary):
    """Remembers which sequences took part in each step, as it begins."""

    def __init__(self, file: Path, placement: Placement) -> None:
        super().__init__(file, placement)
        self.steps: list[frozenset[int]] = []

    def decode(self, pieces: Sequence[Piece]) -> Floats:
        self.steps.append(frozenset(piece.sequence for piece in pieces))
        return super().decode(pieces)


class Bench:
    """One worker on one model, and llama.cpp's own batched decoding of the same file beside it."""

    def __init__(self, file: Path, shape: str, placement: Placement) -> None:
        self._file = file
        self._placement = placement
        self._library = Watched(file, placement)
        self._worker = Worker(self._library, Caps(), placement.cells // 2)
        self._ids = count(1)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        where = "on a GPU" if placement.gpu_layers else f"on {placement.threads} threads of the CPU"
        self._weights = f"synthetic weights, shape {shape}, {where}"

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    def first_token(self) -> list[Figure]:
        """From the end of the turn to the first token: everything to be read, or the last words only."""
        talk = self._talk(CONTEXT)
        cold: list[tuple[float, Over]] = []
        for n in range(COLD_ROUNDS):
            cold.append(self._timed(self._request(f"cold {n}", talk, most=1)))
            self._worker.forget(f"cold {n}")
        ahead: list[tuple[float, Over]] = []
        spoken = talk[-1].text.split()
        for words in range(len(spoken) % LATE_WORDS, len(spoken), LATE_WORDS):
            growing = (*talk[:-1], Message("caller", " ".join(spoken[:words])))
            self._timed(replace(self._request("ahead", growing, most=0), priority=Priority.AHEAD))
        for _ in range(ROUNDS):  # of a turn that is reopened after each answer
            self._timed(replace(self._request("ahead", growing, most=0), priority=Priority.AHEAD))
            ahead.append(self._timed(self._request("ahead", talk, most=1)))
        slow, fast = (np.median([seconds for seconds, _ in runs]) for runs in (cold, ahead))
        return [
            self._figure("ttft_incremental_over_cold", fast / slow, "x", ROUNDS, "<= 0.1"),
            self._figure("ttft_cold_ms", slow * 1000, "ms", COLD_ROUNDS),
            self._figure("ttft_incremental_ms", fast * 1000, "ms", ROUNDS),
            self._figure("ttft_cold_tokens", cold[0][1].read, "tokens", COLD_ROUNDS),
            self._figure("ttft_incremental_tokens", ahead[-1][1].read, "tokens", ROUNDS),
        ]

    def decoding(self) -> list[Figure]:
        """One and eight calls at a time, and llama.cpp by itself, in turns; ratios are of neighbours."""
        rates: list[tuple[float, float, float]] = []
        with Raw(self._file, self._placement) as raw:
            for _ in range(ROUNDS):
                one, eight, itself = self._decode(1), self._decode(CALLS), raw.steps(CALLS)
                rates.append((_rate(one), _rate(eight), CALLS / float(np.median(itself))))
        alone, together, best = np.array(rates).T
        gain = BATCH_GAIN[bool(self._placement.gpu_layers)]
        n = ROUNDS * STEPS
        return [
            self._figure("decode_batch8_over_1", np.median(together / alone), "x", n, gain),
            self._figure("decode_batch8_over_llama_cpp", np.median(together / best), "x", n, ">= 0.9"),
            self._figure("decode_1_tok_s", np.median(alone), "tok/s", n),
            self._figure("decode_8_tok_s", np.median(together), "tok/s", n),
            self._figure("decode_8_llama_cpp_tok_s", np.median(best), "tok/s", n),
        ]

    def scheduling(self) -> list[Figure]:
        """The share of a step that is not llama.cpp's: planning, sampling, text, events."""
        alone, batched = (self._decode(calls) + self._decode(calls) for calls in (1, CALLS))
        python_us = np.median([(record.whole_s - record.model_s) * 1e6 for record in batched])
        return [
            self._figure("scheduler_step_us", python_us, "us", len(batched)),
            self._figure("scheduler_overhead", overhead(batched), "share", len(batched), "<= 0.05"),
            self._figure("scheduler_overhead_of_one_call", overhead(alone), "share", len(alone), "<= 0.05"),
        ]

    def cancelling(self) -> list[Figure]:
        """In how many steps a call took part after it was cancelled, the one under way included."""
        after, ms = [], []
        for n in range(ROUNDS * 4):
            request = self._request(f"cancelled {n}", self._talk(400 if n % 2 else HISTORY), most=1000)
            before = len(self._library.steps)
            self._worker.start(request, lambda _: None)
            time.sleep(0.1 + 0.013 * n)
            at, asked = len(self._library.steps), time.perf_counter()
            self._worker.cancel(request.id)
            self._timed(self._request("afterwards", self._talk(8), most=1))
            ms.append((time.perf_counter() - asked) * 1000)
            took_part = frozenset().union(*self._library.steps[before:at])
            after.append(sum(bool(step & took_part) for step in self._library.steps[at - 1 :]))
            self._worker.forget(request.call)
            self._worker.forget("afterwards")
        return [
            self._figure("cancel_steps", max(after), "steps", len(after), "<= 1"),
            self._figure("cancel_to_next_token_ms", float(np.median(ms)), "ms", len(ms)),
        ]

    def _figure(
        self, name: str, value: float | np.floating[Any], unit: str, n: int, goal: str | None = None
    ) -> Figure:
        return figure(name, value, unit, n, goal, weights=self._weights)

    def _decode(self, calls: int) -> list[StepRecord]:
        """The steps in which so many calls decoded and nothing was read."""
        self._worker.records.clear()
        requests = [self._request(f"decode {n}", self._talk(HISTORY, n), most=STEPS) for n in range(calls)]
        for request in requests:
            self._worker.start(request, self._events.put)
        for _ in requests:
            self._over()
        return [r for r in self._worker.records if (r.decoded, r.read) == (calls, 0)]

    def _timed(self, request: Request) -> tuple[float, Over]:
        begun = time.perf_counter()
        self._worker.start(request, self._events.put)
        over = self._over()
        return time.perf_counter() - begun, over

    def _over(self) -> Over:
        while not isinstance(event := self._events.get(timeout=300), Over):
            pass
        if event.code:
            raise EngineError(event.code, event.message)
        return event

    def _request(self, call: str, talk: tuple[Message, ...], most: int) -> Request:
        return Request(next(self._ids), call, talk, most=most)

    def _talk(self, tokens: int, seed: int = 0) -> tuple[Message, ...]:
        """A conversation of about so many tokens, the last turn an eighth of it."""
        random = np.random.default_rng(seed)
        words: list[str] = []
        length = 0
        while length < tokens:
            words.append("".join(random.choice(list("abdeiklmnorstu"), 5)))
            length += len(self._library.tokenize(" " + words[-1], special=False))
        turns = np.array_split(np.array(words), 8) if tokens > HISTORY else [np.array(words)] * 1
        if len(turns) % 2 == 0:
            turns = [np.concatenate(turns[:2]), *turns[2:]]
        return tuple(Message("agent" if n % 2 else "caller", " ".join(turn)) for n, turn in enumerate(turns))


class Raw:
    """llama.cpp's batched decoding as its own benchmark does it: random tokens, nothing sampled."""

    def __init__(self, file: Path, placement: Placement) -> None:
        self._library = LlamaLibrary(file, placement)
        self._ready = False

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.close()

    def steps(self, calls: int) -> list[float]:
        """Seconds of each of ``STEPS`` calls of ``llama_decode``, after ``HISTORY`` tokens each."""
        random = np.random.default_rng(1)
        library, context = self._library, self._library.context
        for sequence in range(calls):
            library.cut(sequence, HISTORY)
            if not self._ready:
                library.decode([Piece(sequence, 0, tuple(random.integers(100, 1000, HISTORY)), False)])
        self._ready = True
        took = []
        with _batch(calls) as batch:
            for step in range(STEPS):
                for n in range(calls):
                    batch.token[n], batch.pos[n] = int(random.integers(100, 1000)), HISTORY + step
                begun = time.perf_counter()
                if llama.llama_decode(context, batch):
                    raise EngineError("llm-failed", "llama_decode")
                llama.llama_synchronize(context)
                took.append(time.perf_counter() - begun)
        return took


@contextmanager
def _batch(size: int) -> Iterator[Any]:
    """A batch of one wanted token for each of ``size`` sequences."""
    batch = llama.llama_batch_init(size, 0, 1)
    batch.n_tokens = size
    for n in range(size):
        batch.n_seq_id[n], batch.seq_id[n][0], batch.logits[n] = 1, n, 1
    yield batch
    llama.llama_batch_free(batch)


def _rate(records: Sequence[StepRecord]) -> float:
    """Tokens per second of steps that decode."""
    return float(np.median([record.decoded / record.whole_s for record in records]))


def overhead(records: Sequence[StepRecord]) -> float:
    """The median share of a step that is not llama.cpp's."""
    return float(np.median([1 - record.model_s / record.whole_s for record in records]))
