"""Tells what a caller wants: exact examples, cue phrases, then sentence embeddings with a margin."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecore.dialogue.knowledge import Passage
from voicecore.dialogue.readings import plain_words
from voicecore.dialogue.schema import Understanding
from voicecore.types import Floats

if TYPE_CHECKING:
    from voicecore.dialogue.agent import Agent

Embed = Callable[[Sequence[str]], Floats]
"""Texts to float32 [N, dimensions], rows of unit length."""

EXACT, CUE = 1.0, 0.9
_LEXICAL = 0.85
"""What a full overlap of words is worth beside embeddings and cues."""
_NEIGHBOURS = 2
"""An intent's score is the mean over its nearest examples: one stray example is not enough."""


@dataclass(frozen=True, slots=True)
class Guess:
    """How well an intent fits, 0..1."""

    intent: str
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the caller wants: one intent, or two that are too close to tell, or neither."""

    intent: str | None = None
    rivals: tuple[str, str] | None = None
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class _Texts:
    """Reference texts with owners, ready to be compared with an utterance."""

    owners: tuple[str, ...]
    vectors: Floats | None
    bags: tuple[Mapping[str, float], ...]
    weights: Mapping[str, float]

    @staticmethod
    def build(owned: Sequence[tuple[str, str]], embed: Embed | None) -> _Texts:
        words = [plain_words(text) for _, text in owned]
        seen = Counter(word for text in words for word in set(text))
        weights = {word: math.log(1 + len(words) / times) for word, times in seen.items()}
        vectors = embed([text for _, text in owned]) if embed is not None and owned else None
        bags = tuple({word: weights[word] for word in text} for text in words)
        return _Texts(tuple(owner for owner, _ in owned), vectors, bags, weights)

    def scores(self, words: Sequence[str], vector: Floats | None) -> dict[str, float]:
        """The best mean similarity per owner: cosine of embeddings, or of weighted words without them."""
        if vector is not None and self.vectors is not None:
            raw: Sequence[float] = np.asarray(self.vectors @ vector, dtype=np.float64).tolist()
        else:
            rare = max(self.weights.values(), default=1.0)
            own = {word: self.weights.get(word, rare / 2) for word in words}
            raw = [_LEXICAL * _overlap(own, bag) for bag in self.bags]
        by_owner: dict[str, list[float]] = {}
        for owner, score in zip(self.owners, raw, strict=True):
            by_owner.setdefault(owner, []).append(score)
        return {owner: _nearest(scores) for owner, scores in by_owner.items()}


def _overlap(own: Mapping[str, float], bag: Mapping[str, float]) -> float:
    """Cosine of two sets of weighted words."""
    shared = sum(bag[word] ** 2 for word in own if word in bag)
    if not shared:
        return 0.0
    return shared / math.sqrt(sum(w**2 for w in own.values()) * sum(w**2 for w in bag.values()))


def _nearest(scores: list[float]) -> float:
    best = sorted(scores, reverse=True)[:_NEIGHBOURS]
    return 0.7 * best[0] + 0.3 * sum(best) / len(best)


@dataclass(frozen=True, slots=True)
class IntentIndex:
    """An agent's intents and knowledge, embedded once; queries are pure."""

    limits: Understanding
    examples: _Texts
    exact: Mapping[str, str]
    cues: tuple[tuple[tuple[str, ...], str], ...]
    passages: tuple[Passage, ...]
    questions: _Texts

    @staticmethod
    def build(agent: Agent, embed: Embed | None = None) -> IntentIndex:
        """Embed all examples and knowledge questions; without ``embed`` words alone decide."""
        owned = [(name, text) for name, intent in agent.intents.items() for text in intent.examples]
        cues = [
            (tuple(cue.split()), name)
            for name, intent in agent.intents.items()
            for cue in (*intent.cues, *intent.anytime)
        ]
        asked = [(str(n), question) for n, p in enumerate(agent.passages) for question in p.questions]
        return IntentIndex(
            limits=agent.persona.understanding,
            examples=_Texts.build(owned, embed),
            exact={" ".join(plain_words(text)): name for name, text in owned},
            cues=tuple(sorted(cues, key=lambda cue: -len(cue[0]))),
            passages=agent.passages,
            questions=_Texts.build(asked, embed),
        )

    def rank(self, text: str, vector: Floats | None) -> tuple[Guess, ...]:
        """All intents, best first. ``vector``: the embedding of ``text``, [dimensions]."""
        words = plain_words(text)
        scores = self.examples.scores(words, vector)
        for name, score in self._cued(words).items():
            scores[name] = max(scores.get(name, 0.0), score)
        exact = self.exact.get(" ".join(words))
        if exact is not None:
            scores[exact] = EXACT
        return tuple(sorted((Guess(*item) for item in scores.items()), key=lambda g: (-g.score, g.intent)))

    def understand(self, text: str, vector: Floats | None) -> Verdict:
        """The intent of an utterance, under the agent's thresholds."""
        ranked = self.rank(text, vector)
        accept = self.needed(vector)
        if not ranked or ranked[0].score < accept:
            return Verdict()
        best, second = ranked[0], ranked[1] if len(ranked) > 1 else Guess("", 0.0)
        if second.score >= accept and best.score - second.score < self.limits.margin:
            return Verdict(rivals=(best.intent, second.intent), score=best.score)
        return Verdict(best.intent, score=best.score)

    def _embedded(self, vector: Floats | None) -> bool:
        return vector is not None and self.examples.vectors is not None

    def _cued(self, words: Sequence[str]) -> dict[str, float]:
        """The intents with a cue in ``words``; a longer cue beats a shorter one."""
        found: dict[str, float] = {}
        longest = 0
        for cue, name in self.cues:
            if len(cue) >= longest and _within(words, cue):
                longest = len(cue)
                found[name] = CUE
        return found

    def needed(self, vector: Floats | None) -> float:
        """The score from which an intent counts, with or without an embedding."""
        return self.limits.accept if self._embedded(vector) else self.limits.words

    def knows(self, score: float, vector: Floats | None) -> bool:
        """Whether a passage with this score answers the question."""
        return score >= (self.limits.passage if self._embedded(vector) else self.limits.words)

    def retrieve(
        self, text: str, vector: Floats | None, topic: str | None = None, count: int = 3
    ) -> tuple[tuple[Passage, float], ...]:
        """The passages (of ``topic``) nearest to a question, best first, with their scores."""
        scores = self.questions.scores(plain_words(text), vector)
        found = [(passage, scores[str(n)]) for n, passage in enumerate(self.passages)]
        kept = [(passage, score) for passage, score in found if topic in (None, passage.topic)]
        return tuple(sorted(kept, key=lambda item: -item[1])[:count])


def _within(words: Sequence[str], cue: Sequence[str]) -> bool:
    return any(tuple(words[at : at + len(cue)]) == tuple(cue) for at in range(len(words) - len(cue) + 1))
