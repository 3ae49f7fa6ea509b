"""Answers by retrieval: which passage, which sentences, and when to say nothing."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from models.embed_minilm import MiniLm
from models.llm_retrieval import RetrievalLlm, sentences, telling_words
from voicecore.types import Floats

PASSAGES = (
    "We are open from Monday to Friday, from eight until six. On Saturday we close at noon.",
    "You can pay by bank transfer, by direct debit or by card.",
    "If you pay late, we send a reminder after ten days. The second reminder costs five euros. "
    "The third costs ten. After that a lawyer writes to you.",
)


class BagOfWords:
    """An Embedder whose cosine is the share of common words; counts what it embeds."""

    dimensions = 512

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        self.embedded += texts
        vectors = np.full((len(texts), self.dimensions), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[crc32(word.encode()) % self.dimensions] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ask(llm: RetrievalLlm, question: str, passages: Sequence[str] = PASSAGES) -> list[str]:
    async def collect() -> list[str]:
        return [sentence async for sentence in llm.generate("be brief", question, passages)]

    return asyncio.run(collect())


@pytest.fixture
def llm() -> RetrievalLlm:
    return RetrievalLlm(BagOfWords())


def test_the_passage_that_answers_is_said_word_for_word(llm: RetrievalLlm) -> None:
    assert ask(llm, "can I pay by card?") == [PASSAGES[1]]
    assert " ".join(ask(llm, "when do you close on saturday")) == PASSAGES[0]


def test_only_neighbouring_sentences_around_the_best(llm: RetrievalLlm) -> None:
    assert ask(llm, "does a lawyer write to me") == [
        "The second reminder costs five euros.",
        "The third costs ten.",
        "After that a lawyer writes to you.",
    ]
    brief = RetrievalLlm(BagOfWords(), most_sentences=1)
    assert ask(brief, "what does the second reminder cost") == ["The second reminder costs five euros."]


@pytest.mark.parametrize("question", ["", "how is it", "giraffes in zoos"])
def test_nothing_is_said_when_nothing_answers(llm: RetrievalLlm, question: str) -> None:
    assert ask(llm, question) == []


def test_nothing_is_said_without_passages(llm: RetrievalLlm) -> None:
    assert ask(llm, "can I pay by card?", ()) == []
    assert ask(llm, "can I pay by card?", ("", "  ")) == []


def test_the_threshold_decides() -> None:
    assert ask(RetrievalLlm(BagOfWords(), threshold=1.3), "can I pay by card?") == []


def test_shared_words_lift_a_passage_above_a_nearer_sentence() -> None:
    passages = ("Reminder cost.", "A card works. So does a bank. A reminder can cost.")
    question = "card bank reminder cost"
    assert ask(RetrievalLlm(BagOfWords(), overlap=0.0), question, passages) == ["Reminder cost."]
    assert ask(RetrievalLlm(BagOfWords(), overlap=2.0), question, passages)[0] == "A card works."


def test_sentences_are_embedded_once() -> None:
    embedder = BagOfWords()
    llm = RetrievalLlm(embedder)
    ask(llm, "can I pay by card?")
    first = len(embedder.embedded)
    ask(llm, "can I pay by transfer?")
    assert embedder.embedded[first:] == ["can I pay by transfer?"]


def test_the_cache_is_bounded() -> None:
    llm = RetrievalLlm(BagOfWords())
    for batch in range(5):
        ask(llm, "can I pay by card?", [f"Card number {batch} {n}." for n in range(1000)])
    assert len(llm._cache) <= 4096
    assert ask(llm, "can I pay by card?", ["Card number 0 1."]) == ["Card number 0 1."]


def test_many_calls_at_once_get_their_own_answers(llm: RetrievalLlm) -> None:
    questions = ["can I pay by card?", "when do you close on saturday"] * 8

    async def collect(question: str) -> list[str]:
        return [sentence async for sentence in llm.generate("", question, PASSAGES)]

    async def gather() -> list[list[str]]:
        return await asyncio.gather(*(collect(question) for question in questions))

    answers = asyncio.run(gather())
    assert answers[::2] == [[PASSAGES[1]]] * 8
    assert all(answer[0].startswith("We are open") for answer in answers[1::2])


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Mr. Smith pays 3.50 euros. He is done.", ["Mr. Smith pays 3.50 euros.", "He is done."]),
        ("Open until 6 p.m. On Sunday not.", ["Open until 6 p.m. On Sunday not."]),
        ('He said "Yes." Then he left.', ['He said "Yes."', "Then he left."]),
        ("", []),
    ],
)
def test_sentences_are_whole(text: str, whole: list[str]) -> None:
    assert sentences(text) == whole


def test_telling_words_forget_endings() -> None:
    assert telling_words("Are you charging fees?") == telling_words("the charge, a fee")
    assert telling_words("how is it") == frozenset()


@pytest.mark.parametrize(
    ("question", "nth"),
    [
        ("what are your opening hours", 0),
        ("do you take credit cards", 1),
        ("what happens if i forget to pay", 2),
        ("what is the meaning of life", None),
        ("how do i fix my washing machine", None),
    ],
)
def test_with_real_embeddings(model_data: Path, question: str, nth: int | None) -> None:
    said = ask(RetrievalLlm(MiniLm(model_data / "minilm")), question)
    assert said == (sentences(PASSAGES[nth])[:3] if nth is not None else [])
