"""Makes ``models/data/turn_blend.npz``: a head fitted to what smart-turn's encoder says in people's pauses.

``python -m benchmarks.training.turn_blend`` fits the head to the set that is committed; with ``--collect`` it
makes the set anew from the recordings of the train voices (about 15 minutes on one core).
The committed one has pink noise under the sentences, and each phrase on one line only.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.endpoints.bench import LINES, LONGEST_S
from benchmarks.endpoints.pauses import listen
from benchmarks.endpoints.turns import SHORTEST_S, Turn, hesitation, natural, on_the_line
from benchmarks.perception import area_under_curve
from benchmarks.sounds import Recording, human_phrases, human_turns
from models.engines import load
from models.turn_blend import HEAD, TurnBlend
from voicecore.config import data_dir
from voicecore.types import Floats, Pcm

SET = Path(__file__).parent / "data" / "turn_blend.npz"
SPEEDS = (0.86, 1.2)
"""Bounds of tempo and pitch of the turns on a noisy line: one voice stands for many."""
SHORTEST_PHRASE_S = 0.5
PHRASES_EACH = 24
"""Of each volunteer."""
PHRASE_WEIGHT = 3.0
FOLDS = 4
RIDGE = 2.0
BRIEF_S, BRIEF_WEIGHT = 0.2, 0.35
"""A silence shorter than this is a consonant or a brief pause: it hardly matters what is thought of it."""
COUNTED_S = 0.15
"""Shorter ones have no part in what the probability means."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Silences of the train voices, after ``soft_end_ms``."""

    states: Floats
    """What the head reads: [N, STATES] (stored as float16)."""
    length_s: Doubles
    """Until the speaker went on; infinite: it was the end."""
    group: npt.NDArray[np.int64]
    """The same for all that was made of one recording's text."""
    counts: Doubles
    """How much each weighs: there are few phrases, but they are what volunteers say, not one professional."""

    @property
    def ends(self) -> npt.NDArray[np.bool_]:
        return np.isinf(self.length_s)


def main() -> None:
    """Fit, and say what the head is worth on texts that it was not fitted to."""
    if "--collect" in sys.argv:
        examples = collect(seed=1)
        states = examples.states.astype(np.float16)
        np.savez_compressed(
            SET, states=states, length_s=examples.length_s, group=examples.group, counts=examples.counts
        )
    examples = stored()
    weight, bias, judged = fit(examples)
    np.savez(HEAD, weight=weight, bias=bias)
    print(f"{len(judged)} silences, {examples.ends.sum()} of them ends")
    print(f"area under the curve on texts left out: {area(judged, examples):.3f}")


def stored() -> Examples:
    """The set that is committed."""
    with np.load(SET) as data:
        return Examples(data["states"].astype(np.float32), data["length_s"], data["group"], data["counts"])


def collect(seed: int) -> Examples:
    """Every silence that the ears notice in the train voices' sentences and phrases."""
    folder = data_dir()
    vad, model = load("vad", "silero", folder), load("turn", "blend", folder)
    assert isinstance(model, TurnBlend)
    states: list[Floats] = []

    def note(pcm: Pcm) -> float:
        states.append(model.state(pcm))
        return float(len(states) - 1)

    rows, length_s, group, counts = [], [], [], []
    for turn, arrived in _heard(np.random.default_rng(seed)):
        for pause in listen(turn, arrived, vad, {"row": note}):
            rows.append(int(pause.scores["row"]))
            length_s.append(pause.length_s)
            group.append(zlib.crc32(turn.name.encode()) % 1_000_003)
            counts.append(PHRASE_WEIGHT if turn.voice.endswith("-stamps") else 1.0)
    return Examples(np.stack(states)[rows], np.array(length_s), np.array(group), np.array(counts))


def _heard(rng: np.random.Generator) -> Iterator[tuple[Turn, Pcm]]:
    """Every sentence and phrase as it is and with a hesitation, on each line."""
    said = [(recording, SHORTEST_S) for recording in human_turns("train")]
    by_voice: dict[str, list[Recording]] = {}
    for recording in human_phrases("train"):
        by_voice.setdefault(recording.speaker.name, []).append(recording)
    for phrases in by_voice.values():
        chosen = rng.permutation(len(phrases))[:PHRASES_EACH]
        said += [(phrases[nth], SHORTEST_PHRASE_S) for nth in chosen]
    for recording, shortest_s in said:
        for make in (natural, hesitation):
            for snr_db, noise in LINES:
                turn = make(recording, rng, shortest_s)
                if turn is None or turn.end > LONGEST_S:
                    continue
                turn = turn if snr_db is None else at_speed(turn, rng.uniform(*SPEEDS))
                yield turn, on_the_line(turn, snr_db, noise, rng)


def at_speed(turn: Turn, speed: float) -> Turn:
    """The turn ``speed`` times as fast and as high, as a tape would play it."""
    n = len(turn.pcm)
    pcm = np.interp(np.arange(0, n - 1, speed), np.arange(n), turn.pcm).astype(np.int16)
    holds = tuple((a / speed, b / speed) for a, b in turn.holds)
    return replace(turn, pcm=pcm, holds=holds, end=turn.end / speed, cut_at=turn.cut_at / speed)


def fit(examples: Examples) -> tuple[Floats, np.float32, Doubles]:
    """(weight, bias, the logits that each silence gets from a head fitted without its text).

    Least squares with a ridge on standardised states, ends weighing as much as pauses; then a logistic slope
    and offset, fitted to the left-out logits, make its output a probability (Platt 1999).
    """
    x, mean, spread = _standardised(examples.states)
    y = 2.0 * examples.ends - 1.0
    weights = np.where(examples.ends | (examples.length_s >= BRIEF_S), 1.0, BRIEF_WEIGHT)
    weights *= examples.counts
    weights[examples.ends] *= weights[~examples.ends].sum() / weights[examples.ends].sum()
    left_out = np.zeros(len(x))
    for fold in range(FOLDS):
        out = examples.group % FOLDS == fold
        head = _ridge(x[~out], y[~out], weights[~out])
        left_out[out] = x[out] @ head[:-1] + head[-1]
    counted = examples.ends | (examples.length_s >= COUNTED_S)
    slope, offset = _platt(left_out[counted], examples.ends[counted])
    head = _ridge(x, y, weights)
    weight = slope * head[:-1] / spread
    bias = slope * head[-1] + offset - weight @ mean
    return weight.astype(np.float32), np.float32(bias), slope * left_out + offset


def _standardised(states: Floats) -> tuple[Doubles, Doubles, Doubles]:
    x = states.astype(np.float64)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    return (x - mean) / spread, mean, spread


def _ridge(x: Doubles, y: npt.NDArray[np.floating[Any]], weights: Doubles) -> Doubles:
    """Weighted least squares; the last coefficient is the offset, which the ridge leaves alone."""
    a = np.hstack([x, np.ones((len(x), 1))])
    weighted = a * (weights / weights.mean())[:, None]
    ridge = np.diag([RIDGE] * x.shape[1] + [0.0])
    return np.asarray(np.linalg.solve(weighted.T @ a / len(x) + ridge, weighted.T @ y / len(x)))


def _platt(logit: Doubles, end: npt.NDArray[np.bool_]) -> tuple[float, float]:
    def loss(at: Doubles) -> float:
        z = at[0] * logit + at[1]
        return float(np.mean(np.logaddexp(0, z) - end * z))

    slope, offset = minimize(loss, np.array([1.0, 0.0])).x
    return float(slope), float(offset)


def area(logit: Doubles, examples: Examples) -> float:
    """Area under the curve of ends against pauses that matter."""
    long = ~examples.ends & (examples.length_s >= BRIEF_S)
    return area_under_curve(logit[examples.ends], logit[long])


if __name__ == "__main__":
    main()
