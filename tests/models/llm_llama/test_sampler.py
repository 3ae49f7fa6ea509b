from __future__ import annotations

import numpy as np
import pytest

from models.llm_llama.sampler import Sampler, Sampling, likeliest
from voicecore.errors import ConfigError


class Only:
    """A constraint that allows certain tokens, always."""

    def __init__(self, *tokens):
        self.tokens, self.accepted, self.asked, self.closed = tokens, [], [], False

    def allowed(self, ids):
        self.asked.append(len(ids))
        return np.isin(ids, self.tokens)

    def accept(self, token):
        self.accepted.append(token)

    def close(self):
        self.closed = True


def logits(n=152_000, seed=0):
    return np.random.default_rng(seed).normal(0, 3, n).astype(np.float32)


@pytest.mark.parametrize("n", [10, 64, 1000, 9_001, 152_064])
@pytest.mark.parametrize("seed", range(3))
def test_likeliest_are_the_largest(n, seed):
    values = logits(n, seed)
    found = likeliest(values)
    assert found.dtype == np.int32
    assert sorted(found) == sorted(np.argsort(values)[-64:])


def test_likeliest_in_one_block():
    values = logits()
    values[640:704] += 100
    assert sorted(likeliest(values)) == list(range(640, 704))


def test_without_temperature_the_likeliest():
    assert Sampler(Sampling()).pick(logits()) == logits().argmax()


def test_chance_follows_the_probabilities():
    values = np.full(1000, -50, np.float32)
    values[[3, 700]] = np.log([0.75, 0.25])
    sampler = Sampler(Sampling(temperature=1, top_p=1, seed=5))
    picks = np.array([sampler.pick(values) for _ in range(2000)])
    assert set(picks) == {3, 700}
    assert (picks == 3).mean() == pytest.approx(0.75, abs=0.03)


def test_top_p_leaves_out_the_unlikely():
    values = np.full(1000, -50, np.float32)
    values[[3, 700]] = np.log([0.9, 0.1])
    sampler = Sampler(Sampling(temperature=1, top_p=0.8))
    assert {sampler.pick(values) for _ in range(200)} == {3}


def test_a_seed_repeats():
    def run(seed):
        sampler = Sampler(Sampling(temperature=1, seed=seed))
        return [sampler.pick(logits(5000)) for _ in range(20)]

    assert run(1) == run(1) != run(2)


def test_a_constraint_chooses_among_the_likeliest():
    values = logits()
    second = int(np.argsort(values)[-2])
    only = Only(second, 5)
    assert Sampler(Sampling(), only).pick(values) == second
    assert only.accepted == [second]
    assert only.asked == [64]


def test_a_constraint_that_allows_none_of_them_is_asked_about_all():
    values = logits()
    values[[17, 99]] = -30, -20
    only = Only(17, 99)
    assert Sampler(Sampling(temperature=0.001), only).pick(values) == 99
    assert only.asked == [64, len(values)]


def test_a_constraint_comes_and_goes():
    only, sampler = Only(1), Sampler(Sampling())
    sampler.constrain(only)
    assert sampler.pick(logits()) == 1
    sampler.constrain(None)
    assert only.closed
    assert sampler.pick(logits()) == logits().argmax()


@pytest.mark.parametrize("facts", [{"temperature": -1}, {"temperature": 3}, {"top_p": 0}, {"top_p": 1.1}])
def test_senseless_settings(facts):
    with pytest.raises(ConfigError, match="bad-sampling"):
        Sampling(**facts)
