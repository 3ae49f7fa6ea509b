"""Intents by example, cue and similarity; knowledge by question."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from voicecore.dialogue import Agent, IntentIndex
from voicecore.dialogue.intents import CUE, EXACT
from voicecore.types import Floats

WORDS = ("bill", "pay", "open", "fee", "house")


def embed(texts: Sequence[str]) -> Floats:
    """A toy embedding: which of a few words occur, plus a constant so that nothing is zero."""
    rows = [[0.3, *(float(word in text) for word in WORDS)] for text in texts]
    matrix = np.array(rows, np.float32)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


def test_every_example_is_its_own_intent(agent: Agent, index: IntentIndex) -> None:
    for name, intent in agent.intents.items():
        for text in intent.examples:
            verdict = index.understand(text, None)
            assert (verdict.intent, verdict.score) == (name, EXACT)


def test_case_and_punctuation_do_not_matter(index: IntentIndex) -> None:
    assert index.understand("When are you open?", None).intent == "opening_hours"


def test_a_cue_tells_the_intent_in_any_sentence(index: IntentIndex) -> None:
    verdict = index.understand("my grandmother says your opening hours have changed", None)
    assert (verdict.intent, verdict.score) == ("opening_hours", CUE)


def test_the_longer_cue_wins(agent: Agent, files: dict[str, str]) -> None:
    text = files["intents.yaml"].replace("cues: [late fee,", "cues: [opening hours late fee,")
    index = IntentIndex.build(Agent.parse({**files, "intents.yaml": text}))
    assert index.understand("about those opening hours late fee things", None).intent == "late_fees"


def test_shared_words_tell_the_intent_without_embeddings(index: IntentIndex) -> None:
    assert index.understand("why is my bill so very high this time", None).intent == "explain_charge"


@pytest.mark.parametrize("text", ["banana", "", "the weather is nice in june", "tell my wife i love her"])
def test_out_of_scope_is_nothing(index: IntentIndex, text: str) -> None:
    assert index.understand(text, None).intent is None


def test_embeddings_decide_when_they_are_there(agent: Agent) -> None:
    index = IntentIndex.build(agent, embed)
    (vector,) = embed(["a house"])
    ranked = index.rank("completely unrelated words", vector)
    assert ranked[0].intent == "moving_house"
    assert all(a.score >= b.score for a, b in pairwise(ranked))


def test_too_close_to_call(agent: Agent, files: dict[str, str]) -> None:
    wide = files["agent.yaml"].replace("margin: 0.05", "margin: 0.99").replace("accept: 0.5", "accept: 0.01")
    index = IntentIndex.build(Agent.parse({**files, "agent.yaml": wide}), embed)
    (vector,) = embed(["open"])
    verdict = index.understand("unrelated", vector)
    assert verdict.intent is None
    assert verdict.rivals is not None
    assert verdict.rivals[0] == "opening_hours"


def test_passages_are_found_by_their_questions(index: IntentIndex) -> None:
    (best, score), *_ = index.retrieve("do you take cash", None)
    assert "do not take cash" in best.text
    assert index.knows(score, None)


def test_passages_of_one_topic_only(index: IntentIndex) -> None:
    found = index.retrieve("do you take cash", None, topic="late-fees", count=2)
    assert [passage.topic for passage, _ in found] == ["late-fees", "late-fees"]


def test_an_agent_without_intents_understands_nothing(files: dict[str, str]) -> None:
    from tests.dialogue.test_flow import BASE

    agent = Agent.parse({**BASE, "flows/main.yaml": "title: x\nsteps: [{say: Hello.}]"})
    for built in (IntentIndex.build(agent), IntentIndex.build(agent, embed)):
        assert built.understand("hello", embed(["hello"])[0]).intent is None
