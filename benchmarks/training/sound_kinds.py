"""Trains the model of sounds over the agent's speech, from its committed set.

python -m benchmarks.training.sound_kinds set     makes the set anew (needs voices and recordings)
python -m benchmarks.training.sound_kinds train   weights from the set
python -m benchmarks.training.sound_kinds test    what both are worth on other voices and wordings
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.training.lines import listen
from benchmarks.training.network import Labels, Network, Recipe
from benchmarks.training.overlaps import table, verdicts
from benchmarks.training.sound_set import EARLY, FILE, TEST, Samples, heard_samples, lines, make, sounds_of
from models.engines import load
from models.sound_kinds import KINDS, LEAD, WEIGHTS, SoundKinds, features
from voicecore.config import TurnSettings, data_dir
from voicecore.ports import SoundModel
from voicecore.types import TICK_MS, Floats

RECIPE = Recipe()
VARIANTS = 4
"""Of each sound, all different."""
SEEN = LEAD + 35
"""Frames of a sequence that are learned from: 700 ms of sound."""
MOMENTS_MS = (100, 160, 240, 340)
FIRST = LEAD + 2
"""The first frame after which a belief counts."""


def inputs(samples: Samples, seed: int) -> tuple[Floats, Labels, Floats]:
    """What the network learns from: sequences [N, ``SEEN``, F], kinds [N], weights [N, ``SEEN``].

    Every kind counts the same, and every frame of a sound until it has been over for 200 ms.
    """
    rng = np.random.default_rng(seed)
    n = len(samples.labels) * VARIANTS
    x, counts = np.zeros((n, SEEN, len(features(samples.frames[0])[0])), np.float32), np.zeros((n, SEEN))
    for i in range(n):
        at = i // VARIANTS
        seen = varied(samples.frames[at, : samples.lengths[at]], rng)
        seen = seen[int(rng.integers(0, EARLY - LEAD + 2)) :][:SEEN]
        x[i, : len(seen)] = features(seen)
        counts[i, FIRST : len(seen)] = 1
    labels = np.repeat(samples.labels, VARIANTS)
    counts /= np.bincount(labels, counts.sum(1), len(KINDS))[labels, None]
    return x, labels, counts.astype(np.float32)


def varied(frames: Floats, rng: np.random.Generator) -> Floats:
    """Another mouth on another line: formants moved, spectrum tilted and bent, speech slower or faster."""
    out, band = frames.copy(), np.arange(20)
    bend = np.interp(band, np.linspace(0, 19, 5), rng.normal(0, 2, 5))
    out[:, :20] += rng.normal(0, 3) * (band - 9.5) / 9.5 + bend
    at = np.clip(band * rng.uniform(0.88, 1.14) + rng.uniform(-0.5, 0.5), 0, 19)
    low = np.minimum(at.astype(int), 18)
    out[:, :20] = out[:, low] * (1 - (at - low)) + out[:, low + 1] * (at - low)
    time = np.arange(0, len(out) - 1, rng.uniform(0.85, 1.2))
    low, part = time.astype(int), (time % 1)[:, None].astype(np.float32)
    moved = out[low] * (1 - part) + out[low + 1] * part
    moved[:, 21:] = out[np.rint(time).astype(int), 21:]
    return np.asarray(moved, np.float32)


def main() -> None:
    """Run the step named on the command line."""
    steps = {"set": make_set, "train": train, "test": test}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        sys.exit(f"which of {', '.join(steps)}?")
    steps[sys.argv[1]]()


def make_set() -> None:
    """The train set, from the sound library. Raises ConfigError, EngineError where a part is missing."""
    make(load("vad", "silero", data_dir())).save(FILE)


def train() -> None:
    """The shipped weights, from the committed set."""
    samples = Samples.load()
    network = Network(len(features(samples.frames[0])[0]), RECIPE)
    network.fit(*inputs(samples, RECIPE.seed))
    np.savez_compressed(WEIGHTS, *(weights.astype(np.float16) for weights in network.weights))


def test() -> None:
    """Confusion at ``MOMENTS_MS`` and what would be decided, on voices and wordings that were not learned."""
    seed, counts = TEST
    sounds = sounds_of("test", seed, counts)
    on = list(lines(sounds, "test", seed))
    heard = list(listen(load("vad", "silero", data_dir()), on))
    model = SoundKinds()
    for ms in MOMENTS_MS:
        print(f"{ms} ms after the onset (rows: {', '.join(KINDS)})")
        print(confusion(model, heard_samples(sounds, heard), ms))
    judged = verdicts(TurnSettings(), model, sounds, list(zip(on, heard, strict=True)))
    print(*table(list(judged)), sep="\n")


def confusion(model: SoundModel, samples: Samples, ms: int) -> Labels:
    """[kinds, kinds], rows are the truth; of the sounds that last so long."""
    counts = np.zeros((len(KINDS), len(KINDS)), np.int64)
    end = EARLY + ms // TICK_MS
    for frames, length, label in zip(samples.frames, samples.lengths, samples.labels, strict=True):
        if length >= end:
            counts[label, int(model.classify(frames[EARLY - LEAD : end]).argmax())] += 1
    return counts


if __name__ == "__main__":
    main()
