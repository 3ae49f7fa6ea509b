"""Answers from the passages it is given, word for word: the language model without weights of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np

from voicecore.ports import Embedder
from voicecore.types import Floats

_CACHED = 4096
"""Sentences whose embeddings are kept."""
_END = re.compile(r"""(?:(?<=[.!?])|(?<=[.!?]["')]))\s+(?=["'(]*[A-Z0-9])""")
_ABBREVIATED = re.compile(r"(?:\b[A-Za-z]|\b(?:Mr|Mrs|Ms|Dr|St|No|Nos|vs|etc|approx))\.$")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        a about am an and any are as at be been but by can could did do does for from had has have
        how i if in into is it its just me my no not of on or our please should so some tell that
        the their them then there these they this to up us was we were what when where which who why
        will with would you your
        """,
    )
)
"""Words that say nothing of what a question is about."""


def sentences(text: str) -> list[str]:
    """The sentences of ``text``, whole and in order; abbreviations end none."""
    whole: list[str] = []
    for part in _END.split(text.strip()):
        if whole and _ABBREVIATED.search(whole[-1]):
            whole[-1] += f" {part}"
        elif part:
            whole.append(part)
    return whole


def telling_words(text: str) -> frozenset[str]:
    """The words of ``text`` that carry its meaning, without plural and tense endings."""
    words = re.findall(r"[a-z]+|\d+", text.lower().replace("'", ""))
    return frozenset(
        re.sub(r"(?<=..)(?:ies|es|s|ed|ing|y|e)$", "", word) for word in words if word not in _COMMON
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A passage and how well each of its sentences answers."""

    sentences: list[str]
    scores: Floats

    @property
    def score(self) -> float:
        return float(self.scores.max())


class RetrievalLlm:
    """``ports.Llm`` by retrieval: the part of one passage that is nearest to the question.

    A sentence scores the cosine of its embedding with the question's, plus ``overlap`` times the
    share of the question's telling words that its passage has. Without a sentence that scores
    ``threshold`` it yields nothing: the dialogue says that it does not know. The instruction is
    not read, because nothing is made up that it could forbid. Safe for concurrent calls.
    """

    def __init__(
        self, embedder: Embedder, threshold: float = 0.3, overlap: float = 0.2, most_sentences: int = 3
    ) -> None:
        self._embedder = embedder
        self._threshold = threshold
        self._overlap = overlap
        self._most = most_sentences
        self._cache: dict[str, Floats] = {}

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:  # noqa: ARG002
        """Whole sentences, up to ``most_sentences``, in the passage's order; none if nothing answers."""
        for sentence in await asyncio.to_thread(self._answer, question, tuple(passages)):
            yield sentence

    def _answer(self, question: str, passages: Sequence[str]) -> list[str]:
        texts = [sentences(passage) for passage in passages]
        if not telling_words(question) or not any(texts):
            return []
        (asked,) = self._embedder.embed([question])
        candidates = [self._scored(question, asked, text) for text in texts if text]
        best = max(candidates, key=lambda candidate: candidate.score)
        return self._window(best) if best.score >= self._threshold else []

    def _scored(self, question: str, asked: Floats, text: list[str]) -> _Candidate:
        words = telling_words(question)
        shared = len(words & telling_words(" ".join(text))) / len(words)
        return _Candidate(text, self._vectors(text) @ asked + np.float32(self._overlap * shared))

    def _window(self, best: _Candidate) -> list[str]:
        """Neighbouring sentences only, so that "it" and "then" keep what they refer to."""
        windows = [best.scores[n : n + self._most] for n in range(max(1, len(best.scores) - self._most + 1))]
        begin = max(range(len(windows)), key=lambda n: (windows[n].max(), windows[n].sum()))
        return best.sentences[begin : begin + self._most]

    def _vectors(self, texts: Sequence[str]) -> Floats:
        """float32 [len(texts), dimensions], from the cache where it has them."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._cache]
        fresh = dict(zip(missing, self._embedder.embed(missing), strict=True)) if missing else {}
        vectors = np.stack([fresh[t] if t in fresh else self._cache[t] for t in texts])
        if len(self._cache) + len(fresh) > _CACHED:
            self._cache = {}
        self._cache |= fresh
        return vectors
