"""The held-out sets of the guardrails' bench: large enough, and nothing of them was trained on."""

from __future__ import annotations

from collections import Counter

from benchmarks.guardrails.sets import attacks, ordinary, sentences
from benchmarks.training.guards import SIDES, read_set


def test_sets_are_as_large_as_asked_for() -> None:
    every = list(attacks())
    assert len(every) >= 200
    assert sum(len(attack.turns) > 1 for attack in every) >= 40
    assert sum(map(len, ordinary().values())) >= 400
    kinds = Counter(sentence.kind for sentence in sentences())
    assert kinds["safe"] >= 50
    assert sum(kinds.values()) - kinds["safe"] >= 60


def test_nothing_held_out_was_trained_on() -> None:
    held = {turn for attack in attacks() for turn in attack.turns}
    held |= {text for texts in ordinary().values() for text in texts}
    held |= {sentence.text for sentence in sentences()}
    assert not held & {text for side in SIDES for text in read_set(side)[0]}
    assert len(list(attacks())) == len({attack.turns for attack in attacks()})
