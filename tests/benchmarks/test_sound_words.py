"""The reader's training: the set is whole, what is stored is what was collected, and the fit learns."""

from __future__ import annotations

import numpy as np

from benchmarks.training.sound_words import FILE, Examples, fit
from models.sound_kinds import KINDS
from models.sound_words import HEAD, LOOKS_MS, STATES


def test_the_set_is_small_and_whole() -> None:
    assert FILE.stat().st_size < 5 * 1024**2
    examples = Examples.load()
    assert examples.states.shape == (len(examples.labels), len(LOOKS_MS), STATES)
    assert np.isfinite(examples.states).all()
    assert np.bincount(examples.labels, minlength=len(KINDS)).min() > 100


def test_what_is_stored_is_what_was_collected(tmp_path) -> None:
    random = np.random.default_rng(1)
    states = (random.normal(size=(40, 2, 6)) * (1, 1, 1, 1, 1, 30)).astype(np.float32)
    Examples(states, random.integers(0, 4, 40)).save(tmp_path / "set.npz")
    spread = np.abs(states).max(0)
    assert (np.abs(Examples.load(tmp_path / "set.npz").states - states) <= spread / 253).all()


def test_learns_a_kind_however_rare() -> None:
    random = np.random.default_rng(2)
    labels = random.choice(4, 800, p=(0.6, 0.3, 0.06, 0.04))
    states = random.normal(size=(800, 8)).astype(np.float32)
    states[np.arange(800), labels] += 4
    weight, bias = fit(states, labels)
    right = (states @ weight + bias).argmax(1) == labels
    assert all(right[labels == kind].mean() > 0.85 for kind in range(4))


def test_what_is_shipped_fits_the_set() -> None:
    examples = Examples.load()
    with np.load(HEAD) as head:
        for look in range(len(LOOKS_MS)):
            odds = examples.states[:, look] @ head["weight"][look] + head["bias"][look]
            assert (odds.argmax(1) == examples.labels).mean() > 0.7
