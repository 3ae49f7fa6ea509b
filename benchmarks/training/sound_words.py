"""Trains the second opinion on sounds over the agent's speech, from its committed set.

python -m benchmarks.training.sound_words set     makes the set anew (needs voices, recordings, smart-turn)
python -m benchmarks.training.sound_words train   weights from the set
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.sounds import Event, EventKind, bend
from benchmarks.training.lines import BEFORE_S
from benchmarks.training.people import talk
from benchmarks.training.sound_set import LABELS, lines, sounds_of
from models.catalogue import model_folder
from models.sound_kinds import KINDS
from models.sound_words import HEAD, LOOKS_MS, SoundWords, heard
from voicecore.config import data_dir
from voicecore.types import Floats

Doubles = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
FILE = Path(__file__).parent / "data" / "sound_words.npz"
SEEDS = (31, 32)
COUNTS = (150, 200, 90, 70, 40)
"""Sounds of each of ``EventKind``, a seed."""
MORE = ((EventKind.INTERRUPTION, 150), (EventKind.BACKCHANNEL, 130), (EventKind.ASIDE, 70))
"""And by volunteers."""
LATE_S = 0.04
"""How late an onset may be noticed."""
RIDGE = 0.1


@dataclass(frozen=True, slots=True)
class Examples:
    """Sounds of the train voices."""

    states: Floats
    """What the heads read: [N, looks, STATES]."""
    labels: Labels
    """Index into ``KINDS``."""

    def save(self, file: Path) -> None:
        """Compressed, each state to a 127th of its largest."""
        step = (np.abs(self.states).max(0) / 127).astype(np.float32)
        steps = np.rint(self.states / step).astype(np.int8)
        np.savez_compressed(file, states=steps, step=step, labels=self.labels.astype(np.uint8))

    @staticmethod
    def load(file: Path = FILE) -> Examples:
        with np.load(file) as stored:
            return Examples(stored["states"] * stored["step"], stored["labels"].astype(np.int64))


def main() -> None:
    """Run the step named on the command line."""
    if sys.argv[1:] == ["set"]:
        with ProcessPoolExecutor() as pool:
            parts = list(pool.map(collect, SEEDS))
        states, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
        Examples(states, labels).save(FILE)
    elif sys.argv[1:] == ["train"]:
        examples = Examples.load()
        heads = [fit(examples.states[:, look], examples.labels) for look in range(len(LOOKS_MS))]
        weight, bias = (np.stack(part).astype(np.float32) for part in zip(*heads, strict=True))
        np.savez(HEAD, weight=weight, bias=bias)
    else:
        sys.exit("which of set, train?")


def collect(seed: int) -> tuple[Floats, Labels]:
    """States [N, looks, STATES] and kinds [N] of a seed's sounds."""
    model, sounds = SoundWords(model_folder("smart-turn-v3.2", data_dir())), sounds_for(seed)
    rng = np.random.default_rng([seed, 5])
    onsets = BEFORE_S + rng.uniform(0, LATE_S, len(sounds))
    states = []
    for line, onset in zip(lines(sounds, "train", seed), onsets, strict=True):
        caller, _ = line.mixed()
        looks = range(len(LOOKS_MS))
        states.append([model.state(heard(caller, onset, look), look) for look in looks])
    return np.array(states, np.float32), np.array([LABELS[sound.kind] for sound in sounds])


def sounds_for(seed: int) -> list[Event]:
    """The train voices by mouths of other sizes, and volunteers."""
    rng = np.random.default_rng([seed, 4])
    made = sounds_of("train", seed, COUNTS)
    moved = (
        s if s.kind is EventKind.NOISE else replace(s, pcm=bend(s.pcm, rng.uniform(0.87, 1.15))) for s in made
    )
    return [*moved, *chain.from_iterable(talk(kind, n, seed) for kind, n in MORE)]


def fit(states: Floats, labels: Labels) -> tuple[Doubles, Doubles]:
    """(weight [STATES, kinds], bias [kinds]): logistic regression with a ridge, kinds of equal weight."""
    mean, spread = states.mean(0, dtype=np.float64), states.std(0, dtype=np.float64) + 1e-3
    x, kinds = (states - mean) / spread, len(KINDS)
    truth, counts = np.eye(kinds)[labels], (1 / np.bincount(labels, minlength=kinds))[labels] / kinds
    shape = (x.shape[1] + 1, kinds)

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        head = flat.reshape(shape)
        odds = x @ head[:-1] + head[-1]
        odds -= np.logaddexp.reduce(odds, axis=1, keepdims=True)
        back = (np.exp(odds) - truth) * counts[:, None]
        grad = np.vstack([x.T @ back + RIDGE * head[:-1], back.sum(0)])
        missed = -float((truth * odds).sum(1) @ counts)
        return missed + RIDGE / 2 * float((head[:-1] ** 2).sum()), grad.ravel()

    start = np.zeros(shape[0] * kinds)
    head = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x.reshape(shape)
    weight = head[:-1] / spread[:, None]
    return weight, head[-1] - mean @ weight


if __name__ == "__main__":
    main()
