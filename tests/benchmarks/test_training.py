"""The sound model's training: the network learns, and what is shipped computes what was trained."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.training.network import Network, Recipe
from benchmarks.training.sound_kinds import varied
from benchmarks.training.sound_set import FILE, Samples
from models.sound_kinds import KINDS, LEAD, SoundKinds, features


def sequences(n: int, seed: int = 0):
    """Noise in which one of the features rises after four frames; which one it is makes the kind."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, len(KINDS), n)
    x = rng.normal(size=(n, 14, 6)).astype(np.float32)
    for i, kind in enumerate(kinds):
        x[i, 4:, kind] += 3
    return x, kinds, np.ones((n, 14), np.float32)


def test_learns() -> None:
    network = Network(6, Recipe(channels=8, epochs=20, rate=0.01, dropout=0.0, batch=16))
    network.fit(*sequences(400))
    x, kinds, _ = sequences(100, 1)
    assert (network.belief(x)[:, -1].argmax(1) == kinds).mean() > 0.9


def test_training_twice_gives_the_same_weights() -> None:
    networks = [Network(6, Recipe(channels=4, epochs=1)) for _ in range(2)]
    for network in networks:
        network.fit(*sequences(100))
    for one, other in zip(networks[0].weights, networks[1].weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("layer", range(8))
def test_gradients_are_those_of_the_loss(layer: int) -> None:
    recipe = Recipe(channels=5, dropout=0.0)
    network = Network(6, recipe)
    random = np.random.default_rng(layer)
    weights = [w.astype(np.float64) + 0.01 * random.normal(size=w.shape) for w in network.weights]
    network.weights = weights
    x, kinds, weight = sequences(3)
    target = np.full((3, 1, len(KINDS)), recipe.smoothing / len(KINDS))
    target[np.arange(3), 0, kinds] += 1 - recipe.smoothing

    def loss() -> float:
        return -float(((target * np.log(network.belief(x))).sum(2) * weight / weight.sum()).sum())

    found = network._gradients(x, kinds, weight)[layer]
    at = tuple(random.integers(0, size) for size in weights[layer].shape)
    losses = []
    for change in (1e-4, -2e-4):
        weights[layer][at] += change
        losses.append(loss())
    assert found[at] == pytest.approx((losses[0] - losses[1]) / 2e-4, rel=0.02, abs=1e-5)


def test_what_is_shipped_computes_what_was_trained(tmp_path) -> None:
    frames = Samples.load().frames[0, 2:40]
    network = Network(features(frames).shape[1], Recipe())
    np.savez(tmp_path / "weights.npz", *network.weights)
    belief = network.belief(features(frames)[None])[0]
    model = SoundKinds(tmp_path / "weights.npz")
    for n in (LEAD, 12, len(frames)):
        np.testing.assert_allclose(model.classify(frames[:n]), belief[n - 1], atol=1e-5)


def test_a_variant_is_another_sound_of_the_same_shape() -> None:
    frames = Samples.load().frames[0, :30]
    moved = varied(frames, np.random.default_rng(0))
    assert moved.shape[1] == frames.shape[1]
    assert 24 <= len(moved) <= 36
    assert 1 < np.abs(moved[:20, :20] - frames[:20, :20]).mean() < 15


def test_the_set_is_small_and_whole() -> None:
    assert FILE.stat().st_size < 6 * 1024**2
    samples = Samples.load()
    assert len(samples.frames) == len(samples.labels) == len(samples.lengths) == len(samples.voices)
    assert np.bincount(samples.labels, minlength=len(KINDS)).min() > 100
    assert np.isfinite(samples.frames).all()
