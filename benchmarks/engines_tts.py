"""Neural speech: how much sooner the first sound comes than the whole, how fast, and from the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from benchmarks.stages.budgets import choose_profile
from benchmarks.weights import synthetic
from models.espeak import LIBRARY
from models.session import open_session
from models.tts_onnx.engine import kokoro, piper
from models.tts_onnx.vits import VitsVoice
from voicecore.console import charts
from voicecore.ports import Tts
from voicecore.types import RATE

A = TypeVar("A")
B = TypeVar("B")
TEXT = "Thank you, I have found your invoice, number forty-two, and it is due on Friday the twelfth of June."
FIXED = "One moment, please, I'll put you through to a colleague."
PIPER, KOKORO = "piper-en-us", "kokoro-82m"
ROUNDS = 12
SLOW_ROUNDS = 3
WEIGHTS = "synthetic weights of published shape: the times are real, the sound is noise"


@dataclass(frozen=True, slots=True)
class Timing:
    """One utterance: milliseconds until its first chunk and until its last, and how long it sounds."""

    first_ms: float
    all_ms: float
    sound_ms: float


def run() -> list[Figure]:
    """All figures, where the profile has its speech: one thread of the CPU, or a GPU."""
    device = choose_profile()[1].tts.device
    made = {"Piper medium": (PIPER, piper_figures), "Kokoro 82M": (KOKORO, kokoro_figures)}
    return [
        figure | {"weights": f"{WEIGHTS} (shape {shape}, on {device})"}
        for shape, (name, measure) in made.items()
        for figure in measure(synthetic(name) / name, device)
    ]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """When the first sound comes, of the time that the whole takes."""
    shares = [(f["name"], {"x": f["value"]}) for f in figures if f["name"].endswith("_over_whole")]
    markup = charts.bars(shares, {"x": "first sound"}, "of the time that the whole takes", {"whole": 1.0})
    return [Plot("First sound against the whole sentence", markup, WEIGHTS)]


def piper_figures(folder: Path, device: str = "cpu") -> Iterator[Figure]:
    """Piper. ``whole``: the model as published, in one run, without anything around it."""
    tts, whole = piper(folder, device=device, fixed=(FIXED,)), published(folder / "voice.onnx", device)
    timings, wholes = alternating(ROUNDS, lambda: spoken(tts, TEXT), lambda: elapsed_ms(whole))
    first, entire = median(t.first_ms for t in timings), median(wholes)
    yield _figure("tts_first_audio_over_whole", first / entire, "", ROUNDS, 0.3)
    yield _figure("piper_first_audio_ms", first, "ms", ROUNDS)
    yield _figure("piper_whole_ms", entire, "ms", ROUNDS)
    yield _figure("piper_real_time_factor", median(t.all_ms / t.sound_ms for t in timings), "", ROUNDS, 1.0)
    spoken(tts, FIXED)
    kept = [spoken(tts, FIXED).first_ms for _ in range(ROUNDS)]
    yield _figure("tts_cached_phrase_ms", median(kept), "ms", ROUNDS, 5.0)


def kokoro_figures(folder: Path, device: str = "cpu") -> Iterator[Figure]:
    """Kokoro-82M. ``whole``: the sentence as one part."""
    tts = kokoro(folder, device=device)
    timings = [spoken(tts, TEXT) for _ in range(SLOW_ROUNDS)]
    undivided = [spoken(tts, TEXT.replace(",", "")) for _ in range(SLOW_ROUNDS)]
    first = median(t.first_ms for t in timings)
    entire = median(t.first_ms for t in undivided)
    yield _figure("kokoro_first_audio_over_whole", first / entire, "", SLOW_ROUNDS, 0.3)
    yield _figure("kokoro_first_audio_ms", first, "ms", SLOW_ROUNDS)
    yield _figure("kokoro_whole_ms", entire, "ms", SLOW_ROUNDS)
    yield _figure("kokoro_real_time_factor", median(t.all_ms / t.sound_ms for t in timings), "", SLOW_ROUNDS)


def published(model: Path, device: str = "cpu") -> Callable[[], object]:
    """Runs a Piper model for ``TEXT`` as it comes, on one thread."""
    session = open_session(model, device=device)
    voice = VitsVoice(model, "en")
    ids, _ = voice.symbols(LIBRARY.transcribe(LIBRARY.find_voice(voice.language), TEXT))
    scales = np.array([0.667, 1.0, 0.8], np.float32)
    feeds = {"input": ids[None], "input_lengths": np.array([len(ids)]), "scales": scales}
    return lambda: session.run(None, feeds)


def spoken(tts: Tts, text: str) -> Timing:
    """Synthesise ``text`` and time it."""
    begun = time.perf_counter()
    first, samples = 0.0, 0
    for chunk in tts.synthesize(text):
        first = first or time.perf_counter() - begun
        samples += len(chunk.pcm)
    return Timing(first * 1000, (time.perf_counter() - begun) * 1000, samples * 1000 / RATE)


def elapsed_ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def alternating(rounds: int, one: Callable[[], A], other: Callable[[], B]) -> tuple[list[A], list[B]]:
    """Results of both in turns, so that a busy moment hits both; the first round does not count."""
    pairs = [(one(), other()) for _ in range(rounds + 1)][1:]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _figure(name: str, value: float, unit: str, n: int, most: float | None = None) -> Figure:
    return figure(name, value, unit, n, None if most is None else f"<= {most:g}", weights=WEIGHTS)
