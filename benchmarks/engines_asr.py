"""Whisper: what short windows, batches over calls and the log-mel kernel save, and what a partial costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, figure
from benchmarks.report import Plot
from benchmarks.stages.budgets import choose_profile
from benchmarks.weights import synthetic
from models.asr_whisper import Settings, WhisperAsr
from models.asr_whisper.guards import Limits
from models.asr_whisper.reader import Device, Reader
from models.asr_whisper.reading import LONGEST, Window
from models.asr_whisper.utterance import Utterance
from models.asr_whisper.windows import Windows
from voicecore.audio import LogMel
from voicecore.console import charts
from voicecore.types import RATE, TICK, Expectation, Floats, Pcm

WEIGHTS = "synthetic weights of the shape of a Whisper: the times are real, the words are noise"
SPOKEN_S = 3.0
"""Length of the utterance that is timed: a short answer on the telephone."""
TOKENS_PER_S = 3.5
"""English at 150 words a minute. Synthetic weights never stop, so this is where they are stopped."""
FEED = 5 * TICK
"""Samples that the pipeline hands over at a time."""
ROUNDS = 9
MEL_ROUNDS = 60
MEL_S = 5.0
CALLS = 4
ANYTHING = Limits(compression=1e9, repeats=10_000, single_repeats=10_000, words_per_s=1e9)
"""Noise is no sentence, and would be read again: here that is not wanted."""


def run() -> list[Figure]:
    """All figures, of the profile's model where the profile has it; they say what its weights are."""
    asr = choose_profile()[1].asr
    return [*kernel_figures(), *model_figures(synthetic(asr.model) / asr.model, asr.device)]


def model_figures(folder: Path, device: str = "cpu") -> Iterator[Figure]:
    """Those of the Whisper in ``folder``."""
    reader = Reader(folder, device=Device(device, at_once=1))
    weights = {"weights": f"{WEIGHTS} (shape {folder.name}, on {device})"}
    for measure in (window_figures, partial_figures, batch_figures):
        yield from (figure | weights for figure in measure(reader))
    del reader
    yield from (figure | weights for figure in call_figures(folder, device))


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """What a final reading costs by window, and what a reading consists of."""
    finals = [(f["name"], {"ms": f["value"]}) for f in figures if f["name"].startswith("whisper_final_")]
    return [Plot("A final reading, by window", charts.bars(finals, {"ms": "final"}, "ms"), WEIGHTS)]


def kernel_figures() -> Iterator[Figure]:
    """The kernel against the same in numpy, on ``MEL_S`` of sound: in one go, and as it comes in live.

    Both on one thread: numpy's own threads get in each other's way on a busy machine.
    """
    pcm, mel = speech(MEL_S), LogMel()
    frames = round(MEL_S * 100)

    def kernel(step: int) -> None:
        mel.reset()
        for at in range(0, len(pcm), step):
            mel.process(pcm[at : at + step])
        mel.window(frames)

    filters = mel_filters()
    with threadpool_limits(1):
        whole, plain = alternating(MEL_ROUNDS, lambda: kernel(len(pcm)), lambda: numpy_log_mel(pcm, filters))
        live, _ = alternating(MEL_ROUNDS, lambda: kernel(FEED), lambda: None)
    yield figure("logmel_over_numpy", min(plain) / min(whole), "x", MEL_ROUNDS, ">= 5")
    yield figure("logmel_live_over_numpy", min(plain) / min(live), "x, numpy in one go", MEL_ROUNDS)
    yield figure("logmel_us_per_second", 1000 * min(live) / MEL_S, "us", MEL_ROUNDS)


def window_figures(reader: Reader) -> Iterator[Figure]:
    """The final reading of the same sound in the window that the engine chooses, and filled up to 30 s."""
    sound = round(SPOKEN_S * 100)
    short, padded = Windows().choose(sound, final=True), LONGEST
    windows = [window(sound, frames, reader.bins) for frames in (short, padded)]
    ours, theirs = alternating(ROUNDS, lambda: reader.read([windows[0]]), lambda: reader.read([windows[1]]))
    yield figure("whisper_short_over_padded", min(ours) / min(theirs), "", ROUNDS, "<= 0.3333")
    yield figure(f"whisper_final_{short // 100}s_ms", median(ours), "ms", ROUNDS)
    yield figure(f"whisper_final_{padded // 100}s_ms", median(theirs), "ms", ROUNDS)


def partial_figures(reader: Reader) -> Iterator[Figure]:
    """A partial, in the shortest window, and what one costs of the time between two."""
    sound = round(SPOKEN_S * 100)
    partial = window(sound, Windows().choose(sound, final=False), reader.bins)
    prompted = replace(partial, prompt=tuple(range(300, 300 + Settings().prompt_tokens)))
    bare, told = alternating(ROUNDS, lambda: reader.read([partial]), lambda: reader.read([prompted]))
    yield figure("whisper_partial_ms", median(bare), "ms", ROUNDS)
    yield figure("whisper_partial_prompted_ms", median(told), "ms", ROUNDS)
    yield figure(
        "whisper_partial_load", median(told) / 1000 / Settings().partial_every_s, "of a thread", ROUNDS
    )


def batch_figures(reader: Reader) -> Iterator[Figure]:
    """Windows read per second together, against one after the other."""
    sound = round(SPOKEN_S * 100)
    one = [window(sound, Windows().choose(sound, final=True), reader.bins)]
    together, alone = alternating(ROUNDS, lambda: reader.read(one * CALLS), lambda: reader.read(one))
    gain = CALLS * min(alone) / min(together)
    yield figure(f"whisper_batch{CALLS}_over_1", gain, "x", ROUNDS)


def call_figures(folder: Path, device: str) -> Iterator[Figure]:
    """Whole utterances through the port, fed as fast as they are taken: one call, and several at once."""
    settings = Settings(tokens_per_s=TOKENS_PER_S, limits=ANYTHING, lockstep=True)
    asr = WhisperAsr(folder, device, settings=settings)
    pcm = speech(SPOKEN_S)
    try:
        utter(asr, pcm)
        alone = [utter(asr, pcm) for _ in range(ROUNDS // 2)]
        with ThreadPoolExecutor(CALLS) as pool:
            begun = time.perf_counter()
            many = list(pool.map(lambda _: utter(asr, pcm), range(2 * CALLS)))
            seconds = time.perf_counter() - begun
    finally:
        asr.close()
    yield figure("whisper_finish_ms", median(alone), "ms", len(alone))
    yield figure(f"whisper_finish_{CALLS}_calls_p50_ms", median(many), "ms", len(many))
    yield figure("whisper_audio_per_second", len(many) * SPOKEN_S / seconds, "x real time", len(many))


def utter(asr: WhisperAsr, pcm: Pcm) -> float:
    """Milliseconds from the end of the sound to the final transcript."""
    stream: Utterance = asr.open(Expectation())
    for at in range(0, len(pcm), FEED):
        stream.accept(pcm[at : at + FEED])
    begun = time.perf_counter()
    stream.finish()
    return (time.perf_counter() - begun) * 1000


def window(sound: int, frames: int, bins: int) -> Window:
    """So many frames of sound in a window, read to as many tokens as people say in that time."""
    mel = LogMel(bins)
    mel.process(speech(sound / 100))
    return Window(mel.window(frames), sound, tokens=round(TOKENS_PER_S * sound / 100))


def speech(seconds: float) -> Pcm:
    """A buzz that swings, with noise: what it says does not matter, only that it is not silent."""
    t = np.arange(round(RATE * seconds)) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 30)) * (1 + np.sin(6 * np.pi * t))
    noise = np.random.default_rng(0).normal(0, 50, len(t))
    return np.asarray(np.rint(4000 * buzz + noise), np.int16)


def mel_filters() -> Floats:
    """Slaney's triangles: float32 [80, 201]."""
    top = 15 + np.log(8) / (np.log(6.4) / 27)
    mels = np.linspace(0, top, 82)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
    hz = np.arange(201) * 40.0
    rows = [np.interp(hz, edges[i : i + 3], [0, 1, 0]) * 2 / (edges[i + 2] - edges[i]) for i in range(80)]
    return np.array(rows, np.float32)


def numpy_log_mel(pcm: Pcm, filters: Floats) -> Floats:
    """Whisper's preparation in plain numpy, float32, as faster-whisper has it."""
    sound = np.pad(pcm.astype(np.float32) / 32768, (0, 160))
    frames = sliding_window_view(np.pad(sound, 200, mode="reflect"), 400)[::160]
    spectrum = np.fft.rfft(frames * np.hanning(401)[:-1].astype(np.float32))[:-1]
    log = np.log10(np.maximum(filters @ (np.abs(spectrum) ** 2).T, 1e-10))
    scaled: Floats = (np.maximum(log, log.max() - 8) + 4) / 4
    return scaled


def alternating(
    rounds: int, one: Callable[[], object], other: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Milliseconds of both in turns, so that a busy moment hits both; the first round does not count."""
    times = [(elapsed_ms(one), elapsed_ms(other)) for _ in range(rounds + 1)][1:]
    return [a for a, _ in times], [b for _, b in times]


def elapsed_ms(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000
