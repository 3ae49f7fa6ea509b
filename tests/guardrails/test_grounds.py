"""What a sentence may rely on."""

from __future__ import annotations

from voicecore.guardrails import Grounds
from voicecore.guardrails.grounds import flat


def test_support_by_one_text() -> None:
    grounds = Grounds(approved=("Your invoice is over {total:money}.",), passages=("We close at six.",))
    assert grounds.support("Your invoice is over forty-two euros.") == 1.0
    assert grounds.support("Your invoice is cancelled.") == 0.5
    assert grounds.support("Yes.") == 0.0
    assert grounds.support("It is over to you.") == 1.0


def test_of_several_sentences_the_least_counts() -> None:
    grounds = Grounds(approved=("Please wait.", "We close at six."))
    assert grounds.support("Please wait. We close at seven.") == 1.0
    assert grounds.support("Please wait. Bananas grow.") == 0.0


def test_leaves() -> None:
    assert list(flat({"a": [1, {"b": "x"}], "c": None, "d": ("y", 2.0)})) == [1, "x", None, "y", 2.0]
