"""How well the ears work on recorded human speech: voice activity, end of turn, and what each costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figure, figure
from benchmarks.prompts import RATES, VOICES, Band, Prompt, list_prompts, list_sentences, trim
from benchmarks.report import Plot
from models.engines import load
from models.turn_smart import features
from voicecore.audio import resample
from voicecore.config import TurnSettings, data_dir
from voicecore.console import charts
from voicecore.ports import TurnModel, Vad
from voicecore.types import RATE, Floats, Pcm

PAUSE_S = 1.0
"""Digital silence before and after each prompt, as a gateway with silence suppression sends it."""
STRIDE = 3
"""Every how many prompts the voice activity is measured."""
BATCH = 32
QUIET = 10 ** (-20 / 20)
"""A caller 20 dB below the recording."""
CUT = 0.6
TAIL_MS = 200
"""Silence after a finished or cut turn, as the pipeline hands it to the turn model."""
STEP_MS = 10
SURE = 0.8
"""A score of the turn model that would shorten the wait by itself."""

Doubles = npt.NDArray[np.float64]


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """Recall of the voice detector, and how late it sees a prompt begin and end."""
    recall = [(f["name"], {"share": 100 * f["value"]}) for f in figures if f["name"].endswith("_recall")]
    edges = [(f["name"], {"ms": f["value"]}) for f in figures if f["unit"] == "ms" and "set_p" in f["name"]]
    return [
        Plot("Speech that was called speech", charts.bars(recall, {"share": "recall"}, "%")),
        Plot("How late onsets and offsets are seen", charts.bars(edges, {"ms": "late"}, "ms")),
    ]


def run() -> list[Figure]:
    """All figures. Raises EngineError("model-missing"), ConfigError("no-prompts")."""
    folder = data_dir()
    vad = load("vad", "silero", folder)
    turn = load("turn", "smart-turn", folder)
    return [*voice_activity(vad), *end_of_turn(turn), *costs(vad, turn)]


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the VAD made of one prompt; errors in ms, positive when late, NaN where it heard nothing."""

    recall: float
    """Share of the loud frames (within 20 dB of the prompt's level) that it called speech."""
    false_alarm: float
    """Share of the frames further than 200 ms from any sound that it called speech."""
    onset_ms: float
    """From the first sound to the end of the first frame called speech."""
    offset_ms: float
    """From the last sound to the end of the last frame called speech."""


def voice_activity(vad: Vad) -> list[Figure]:
    """Recall, false alarms and edges: by language and band, for a quiet caller, and for what is no speech."""
    figures: list[Figure] = []
    for language in VOICES:
        prompts = [prompt for prompt in list_prompts(language) if prompt.speech][::STRIDE]
        for band in RATES:
            goals = ("0.95", "100") if language == "en" else ("0.9", "150")
            figures += _vad_figures(f"vad_{language}_{band}", listen(vad, prompts, band, 1.0), *goals)
    prompts = [prompt for prompt in list_prompts("en") if prompt.speech][::STRIDE]
    figures += _vad_figures("vad_en_narrow_20db_quieter", listen(vad, prompts, "narrow", QUIET), "0.9", "150")
    tones = [
        prompt
        for prompt in list_prompts("en")
        if not prompt.speech and not prompt.name.startswith("silence/")
    ]
    voiced = np.concatenate([_voiced(vad, [_call(vad, tone, "narrow", 1.0)])[0] for tone in tones])
    return [*figures, figure("vad_false_alarm_beeps_and_apes", voiced.mean(), "share", len(voiced))]


def _vad_figures(prefix: str, heard: Sequence[Hearing], recall: str, onset_ms: str) -> list[Figure]:
    n = len(heard)
    onset, offset = (np.array([getattr(h, edge) for h in heard]) for edge in ("onset_ms", "offset_ms"))
    return [
        figure(f"{prefix}_recall", np.mean([h.recall for h in heard]), "share", n, f">= {recall}"),
        figure(f"{prefix}_false_alarm", np.mean([h.false_alarm for h in heard]), "share", n, "<= 0.005"),
        figure(f"{prefix}_not_heard", np.isnan(onset).mean(), "share", n, "<= 0.01"),
        figure(f"{prefix}_onset_p50_ms", np.nanpercentile(onset, 50), "ms", n, f"<= {onset_ms}"),
        figure(f"{prefix}_onset_p95_ms", np.nanpercentile(onset, 95), "ms", n),
        figure(f"{prefix}_offset_p50_ms", np.nanpercentile(offset, 50), "ms", n),
        figure(f"{prefix}_offset_p95_ms", np.nanpercentile(offset, 95), "ms", n, "<= 250"),
    ]


def listen(vad: Vad, prompts: Sequence[Prompt], band: Band, gain: float) -> list[Hearing]:
    """The VAD over all ``prompts``, in batches of similar length."""
    calls = sorted((_call(vad, prompt, band, gain) for prompt in prompts), key=len)
    heard: list[Hearing] = []
    for start in range(0, len(calls), BATCH):
        batch = calls[start : start + BATCH]
        rows = zip(batch, _voiced(vad, batch), strict=True)
        heard += [_compare(call, voiced, vad) for call, voiced in rows]
    return heard


def _call(vad: Vad, prompt: Prompt, band: Band, gain: float) -> Floats:
    """A prompt between two pauses, at the VAD's rate, full scale 1, with 16-bit steps."""
    pcm = prompt.read(band)
    if RATES[band] != vad.rate:
        pcm = resample(pcm, RATES[band], vad.rate)
    pause = np.zeros(int(PAUSE_S * vad.rate), np.float32)
    return np.concatenate([pause, np.round(pcm * gain).astype(np.float32) / 32768, pause])


def _voiced(vad: Vad, calls: Sequence[Floats]) -> npt.NDArray[np.bool_]:
    """Whether each frame is called speech at the appliance's threshold: [N, frames]."""
    length = -(-max(map(len, calls)) // vad.frame) * vad.frame
    rows = np.zeros((len(calls), length), np.float32)
    for row, call in zip(rows, calls, strict=True):
        row[: len(call)] = call
    streams = [vad.open() for _ in calls]
    steps = [vad.step(streams, rows[:, i : i + vad.frame]) for i in range(0, length, vad.frame)]
    voiced: npt.NDArray[np.bool_] = np.stack(steps, axis=1) > TurnSettings().speech_probability
    return voiced


def _levels(call: Floats, step: int) -> Doubles:
    """Root mean square of each ``step`` samples."""
    blocks = call[: len(call) // step * step].reshape(-1, step).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(blocks**2, axis=1)))


def _compare(call: Floats, voiced: npt.NDArray[np.bool_], vad: Vad) -> Hearing:
    """Set the VAD's frames against the sound's level, which tells the truth on a clean recording."""
    frame_ms = vad.frame * 1000 / vad.rate
    fine = _levels(call, vad.rate * STEP_MS // 1000)
    level = np.percentile(fine[fine > 0], 95)
    sound = np.flatnonzero(fine > level * 10 ** (-30 / 20))
    first_ms, last_ms = sound[0] * STEP_MS, (sound[-1] + 1) * STEP_MS
    frames = _levels(call, vad.frame)
    voiced = voiced[: len(frames)]
    middle_ms = (np.arange(len(frames)) + 0.5) * frame_ms
    apart = (middle_ms < first_ms - 200) | (middle_ms > last_ms + 200)
    hits = (np.flatnonzero(voiced) + 1) * frame_ms
    return Hearing(
        recall=float(voiced[frames > level * 10 ** (-20 / 20)].mean()),
        false_alarm=float(voiced[apart].mean()),
        onset_ms=float(hits[0] - first_ms) if hits.size else np.nan,
        offset_ms=float(hits[-1] - last_ms) if hits.size else np.nan,
    )


def end_of_turn(turn: TurnModel) -> list[Figure]:
    """Whole sentences against the same cut at 60 %, both followed by 200 ms of silence."""
    goals: dict[Band, str] = {"narrow": ">= 0.8", "wide": ">= 0.85"}
    figures: list[Figure] = []
    for band, goal in goals.items():
        whole, cut = _turn_scores(turn, list_sentences(), band)
        n, prefix = len(whole), f"turn_en_{band}"
        figures += [
            figure(f"{prefix}_auc", area_under_curve(whole, cut), "", n, goal),
            figure(f"{prefix}_complete_recall", np.mean(whole > 0.5), "share", n),
            figure(f"{prefix}_incomplete_rejected", np.mean(cut <= 0.5), "share", n),
            figure(f"{prefix}_sure_of_complete", np.mean(whole >= SURE), "share", n),
            figure(f"{prefix}_wrongly_sure_of_cut", np.mean(cut >= SURE), "share", n),
        ]
    return figures


def _turn_scores(turn: TurnModel, prompts: Iterable[Prompt], band: Band) -> tuple[Doubles, Doubles]:
    silence = np.zeros(RATE * TAIL_MS // 1000, np.int16)
    whole, cut = [], []
    for prompt in prompts:
        speech: Pcm = trim(resample(prompt.read(band), RATES[band], RATE), RATE)
        if len(speech) < 1.5 * RATE:
            continue
        whole.append(turn.probability(np.concatenate([speech, silence])))
        cut.append(turn.probability(np.concatenate([speech[: int(len(speech) * CUT)], silence])))
    return np.array(whole), np.array(cut)


def area_under_curve(positive: Doubles, negative: Doubles) -> float:
    """Chance that a positive scores above a negative, ties counting half (Mann-Whitney)."""
    above = (positive[:, None] > negative).mean()
    return float(above + 0.5 * (positive[:, None] == negative).mean())


def costs(vad: Vad, turn: TurnModel) -> list[Figure]:
    """Wall-clock on this machine, one thread: ms per step of a batch (32 ms of sound) and per turn."""
    figures: list[Figure] = []
    for size in (1, 4, 8):
        streams = [vad.open() for _ in range(size)]
        frames = np.random.default_rng(size).normal(0, 0.1, (size, vad.frame)).astype(np.float32)
        took = _timed(partial(vad.step, streams, frames), 200)
        figures += [
            figure(f"vad_batch_{size}_p50_ms", np.median(took), "ms", len(took), "<= 1"),
            figure(f"vad_batch_{size}_p95_ms", np.percentile(took, 95), "ms", len(took)),
        ]
    speech = np.random.default_rng(1).normal(0, 1000, 2 * RATE).astype(np.int16)
    front = _timed(partial(features, speech), 50)
    whole = _timed(partial(turn.probability, speech), 20)
    return [
        *figures,
        figure("turn_features_p50_ms", np.median(front), "ms", len(front), "<= 5"),
        figure("turn_model_p50_ms", np.median(whole), "ms", len(whole), "<= 80"),
    ]


def _timed(work: Callable[[], object], times: int) -> Doubles:
    """Milliseconds of each of ``times`` runs, after one to warm up."""
    work()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return np.array(took) * 1000
