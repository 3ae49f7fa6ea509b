"""Finds readings that were made up: Whisper writes fluent text for noise, and loops when it is lost."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from models.asr_whisper.reading import Reading


class Fault(StrEnum):
    """What is wrong with a reading."""

    SILENCE = "silence"
    """The model itself thinks that nobody spoke, and is not sure of its words."""
    LOOP = "loop"
    """The same few words again and again."""
    RUSH = "rush"
    """More words than anybody could say in that time."""
    ECHO = "echo"
    """What the model was told to expect, read out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a reading is refused. The first three are those of Whisper's own decoding
    (Radford et al. 2022, 4.5)."""

    no_speech: float = 0.6
    log_probability: float = -1.0
    """Below it the model's doubt about speech counts."""
    compression: float = 2.4
    """Bytes of text to bytes of it deflated, ..."""
    long_text: int = 80
    """... of a text of so many bytes or more: a short one of repeated digits deflates as well as any loop."""
    repeats: int = 4
    """Times that a group of two to six words may come in a row before it is a loop."""
    single_repeats: int = 8
    """The same for one word: digits are repeated by people, too."""
    words_per_s: float = 7.0
    few: int = 4
    """Words that are never too many."""


def judge(
    reading: Reading, seconds: float, limits: Limits, told: Sequence[Sequence[str]] = ()
) -> Fault | None:
    """What is wrong with the reading of so much sound; None when it may be believed.

    ``told``: the phrases of the prompt, in their order, as words.
    """
    if reading.no_speech > limits.no_speech and reading.log_probability < limits.log_probability:
        return Fault.SILENCE
    words = reading.words
    wordy = len(reading.text) >= limits.long_text and compression(reading.text) > limits.compression
    if wordy or loop_at(words, limits) is not None:
        return Fault.LOOP
    if len(words) > max(limits.few, limits.words_per_s * seconds):
        return Fault.RUSH
    if any(_within((*a, *b), words) for a, b in pairwise(told)):
        return Fault.ECHO
    return None


def compression(text: str) -> float:
    """How much shorter ``text`` gets when it is deflated; repetitive text above 2.4, English about 1.5."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def loop_at(words: Sequence[str], limits: Limits) -> int | None:
    """The index of the word from which on a group of words comes too often; None when none does."""
    for start in range(len(words)):
        for size in range(1, 7):
            allowed = limits.single_repeats if size == 1 else limits.repeats
            group = words[start : start + size]
            if len(set(group)) == 1 < size:
                continue  # a group of one word over and over: that is for size 1 to judge
            again = 1
            while words[start + again * size : start + (again + 1) * size] == group:
                again += 1
            if again > allowed and len(group) == size:
                return start
    return None


def _within(part: Sequence[str], words: Sequence[str]) -> bool:
    """Whether ``words`` has ``part`` in one piece."""
    size = len(part)
    return any(tuple(words[i : i + size]) == part for i in range(len(words) - size + 1))


def unlooped(words: Sequence[str], limits: Limits) -> int:
    """How many words there are up to where a loop begins."""
    at = loop_at(words, limits)
    return len(words) if at is None else at
