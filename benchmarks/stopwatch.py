"""Times the engines of a call by the processor's clock, each as a whole."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from voicecore.pipeline.engines import Engines

STAGES = {
    "vad": "vad",
    "turn_model": "turn model",
    "sounds": "kinds of sound",
    "asr": "asr",
    "tts": "tts",
    "embedder": "embedder",
}
"""Engines that are timed, by their field in ``Engines``."""


class Stopwatch:
    """``seconds``: processor time of the calling thread by engine, of all engines it was given."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def watch(self, engines: Engines) -> Engines:
        """The same engines, timed."""
        return replace(engines, **{stage: _Timed(self, stage, getattr(engines, stage)) for stage in STAGES})

    @contextlib.contextmanager
    def running(self, stage: str) -> Iterator[None]:
        begun = time.thread_time()
        try:
            yield
        finally:
            self.seconds[stage] += time.thread_time() - begun


class _Timed:
    """Stands for an engine, or for a stream that it opened."""

    def __init__(self, watch: Stopwatch, stage: str, engine: Any) -> None:
        self._watch = watch
        self._stage = stage
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._engine, name)
        return self._timed(value) if callable(value) else value

    def _timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            with self._watch.running(self._stage):
                result = work(*args)
            if isinstance(result, Iterator):
                return self._each(result)
            return _Timed(self._watch, self._stage, result) if hasattr(result, "finish") else result

        return run

    def _each(self, pieces: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self._watch.running(self._stage):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece
