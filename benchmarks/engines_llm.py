"""The language model: what reading ahead, batching and cancelling are worth, on synthetic weights."""

from __future__ import annotations

import queue
import tempfile
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

from benchmarks.report import Plot
from models.llm_llama.binding import LlamaLibrary
from models.llm_llama.library import Piece
from models.llm_llama.scheduler import Caps, Priority
from models.llm_llama.settings import Placement
from models.llm_llama.talk import Event, Over, Request
from models.llm_llama.worker import StepRecord, Worker
from models.synthesize import gguf
from voicecore.console import charts
from voicecore.errors import EngineError
from voicecore.types import Floats, Message

Figure = dict[str, Any]
Seconds = npt.NDArray[np.float64]

SHAPE = "llama3.2-1b"
CONTEXT = 1500
"""Tokens of the conversation that is read cold and in advance."""
CALLS = 8
ROUNDS = 4
STEPS = 24
"""Of each round of decoding."""
HISTORY = 64
"""Tokens that each decoding sequence has before."""
WEIGHTS = f"synthetic weights, shape {SHAPE} Q4_K_M"
PLACEMENT = Placement(cells=8192, sequences=16)


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Tokens per second by how many calls decode together."""
    speeds = {f["name"]: f["value"] for f in figures if f["unit"] == "tok/s"}
    bars = [(name.removesuffix("_tok_s"), {"tok/s": value}) for name, value in speeds.items()]
    return [Plot(f"Decoding ({WEIGHTS})", charts.bars(bars, {"tok/s": "tokens per second"}, "tok/s"))]


def run() -> list[Figure]:
    """All figures; every one is of ``WEIGHTS``. Raises EngineError("engine-missing")."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{SHAPE}.gguf"
        gguf.write(SHAPE, file)
        with Bench(file) as bench:
            return [*bench.first_token(), *bench.decoding(), *bench.cancelling()]


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

    def __init__(self, file: Path) -> None:
        self._file = file
        self._library = Watched(file, PLACEMENT)
        self._worker = Worker(self._library, Caps(), PLACEMENT.cells // 2)
        self._ids = count(1)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._words = np.random.default_rng(0)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    def first_token(self) -> list[Figure]:
        """From the end of the turn to the first token: everything to be read, and most of it read already."""
        talk = self._talk(CONTEXT)
        cold, ahead = [], []
        for n in range(ROUNDS):
            cold.append(self._timed(self._request(f"cold {n}", talk, most=1)))
            call, spoken = f"ahead {n}", talk[-1].text.split()
            for words in range(4, len(spoken), 4):
                growing = (*talk[:-1], Message("caller", " ".join(spoken[:words])))
                self._timed(replace(self._request(call, growing, most=0), priority=Priority.AHEAD))
            ahead.append(self._timed(self._request(call, talk, most=1)))
            for each in (call, f"cold {n}"):
                self._worker.forget(each)
        read = np.median([over.read for _, over in cold])
        slow, fast = (np.array([seconds for seconds, _ in runs]) for runs in (cold, ahead))
        return [
            figure("ttft_incremental_over_cold", np.median(fast) / np.median(slow), "x", ROUNDS, "<= 0.1"),
            figure("ttft_cold_ms", np.median(slow) * 1000, "ms", ROUNDS),
            figure("ttft_incremental_ms", np.median(fast) * 1000, "ms", ROUNDS),
            figure("ttft_context_tokens", float(read), "tokens", ROUNDS),
            figure("ttft_incremental_tokens", float(ahead[-1][1].read), "tokens", ROUNDS),
        ]

    def decoding(self) -> list[Figure]:
        """One and eight calls at a time, and llama.cpp by itself, in turns."""
        alone: list[StepRecord] = []
        batched: list[StepRecord] = []
        itself: list[float] = []
        with Raw(self._file) as raw:
            for _ in range(ROUNDS):
                alone += self._decode(1)
                batched += self._decode(CALLS)
                itself += raw.steps(CALLS)
        one, eight = (np.array([r.whole_s for r in records]) for records in (alone, batched))
        speeds = 1 / np.median(one), CALLS / np.median(eight), CALLS / np.median(itself)
        return [
            figure("decode_batch8_over_1", speeds[1] / speeds[0], "x", len(eight), ">= 1.6"),
            figure("decode_batch8_over_llama_cpp", speeds[1] / speeds[2], "x", len(eight), ">= 0.9"),
            figure("scheduler_overhead", overhead(batched), "share", len(eight), "<= 0.05"),
            figure("scheduler_overhead_1", overhead(alone), "share", len(one), "<= 0.05"),
            figure("decode_1_tok_s", speeds[0], "tok/s", len(one)),
            figure("decode_8_tok_s", speeds[1], "tok/s", len(eight)),
            figure("decode_8_llama_cpp_tok_s", speeds[2], "tok/s", len(itself)),
            figure("decode_8_step_p95_ms", np.percentile(eight, 95) * 1000, "ms", len(eight)),
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
            figure("cancel_steps", max(after), "steps", len(after), "<= 1"),
            figure("cancel_to_next_token_ms", float(np.median(ms)), "ms", len(ms)),
        ]

    def _decode(self, calls: int) -> list[StepRecord]:
        """The steps in which so many calls decoded and nothing was read."""
        self._worker.records.clear()
        requests = [self._request(f"decode {n}", self._talk(HISTORY, n), most=STEPS) for n in range(calls)]
        for request in requests:
            self._worker.start(request, self._events.put)
        for _ in requests:
            self._over()
        for request in requests:
            self._worker.forget(request.call)
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

    def __init__(self, file: Path) -> None:
        self._library = LlamaLibrary(file, PLACEMENT)
        self._at = 0

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.close()

    def steps(self, calls: int) -> list[float]:
        """Seconds of each of ``STEPS`` calls of ``llama_decode``, after ``HISTORY`` tokens each."""
        random = np.random.default_rng(1)
        library, context = self._library, self._library.context
        for sequence in range(calls):
            library.cut(sequence, 0)
            library.decode([Piece(sequence, 0, tuple(random.integers(100, 5000, HISTORY)), False)])
        took = []
        with _batch(calls) as batch:
            for step in range(STEPS):
                for n in range(calls):
                    batch.token[n], batch.pos[n] = int(random.integers(100, 5000)), HISTORY + step
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


def overhead(records: Sequence[StepRecord]) -> float:
    """The share of a step that is not llama.cpp's: scheduling, sampling, text, events."""
    return float(np.median([1 - record.model_s / record.whole_s for record in records]))


def figure(name: str, value: float | np.floating[Any], unit: str, n: int, goal: str | None = None) -> Figure:
    """A figure as the runner wants it, with the weights it is of; ``goal`` is like "<= 30"."""
    ok = None
    if goal is not None:
        sign, bound = goal.split()
        ok = bool(value <= float(bound) if sign == "<=" else value >= float(bound))
    facts = {"name": name, "value": round(float(value), 4), "goal": goal, "unit": unit, "n": n, "ok": ok}
    return facts | {"weights": WEIGHTS}
