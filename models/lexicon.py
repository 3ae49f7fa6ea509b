"""Respells words that a speech engine gets wrong, keeping track of where each letter came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from html import unescape

from voicecore.errors import ConfigError

_MARKUP = str.maketrans("[]", "()")
_PHONEMES = re.compile(r"\[\[.*?\]\]")
_SSML = re.compile(
    r"""<phoneme\s+(?=[^>]*?\balphabet=["']ipa["'])[^>]*?\bph=(?:"([^"]+)"|'([^']+)')[^>]*?(?:/>|>([^<]*)</phoneme>)"""
)
"""SSML 1.1, 3.1.10, in the one alphabet that engines share."""


class Lexicon:
    """Words as written -> how to say them.

    Whole words match, whatever their case; where two entries fit, the longer one wins. A respelling may
    hold phonemes as ``[[n'O@TwInd]]``, in espeak-ng's own notation, or be an SSML element
    ``<phoneme alphabet="ipa" ph="ˈaɪbæn">eye ban</phoneme>``: engines that take IPA say ``ph``, others
    what is inside, or the word as written. Nothing else may: brackets in the text itself reach the
    engine as parentheses.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        """Raises ConfigError("bad-lexicon") for an empty word, or phonemes without an end; names it."""
        longest = sorted(words, key=len, reverse=True)
        entries = [_entry(word, words[word]) for word in longest]
        self._respellings = [respelling for respelling, _ in entries]
        self._sounds = [sound for _, sound in entries]
        either = "|".join(rf"({re.escape(word.strip())})" for word in longest) or "(?!)"
        self._pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)

    def apply(self, text: str) -> tuple[str, Sequence[int]]:
        """What to say for ``text``, and for each of its letters the offset in ``text`` it stands for.

        The letters of a respelling stand for the first letter of the entry; where both have as many words,
        word by word.
        """
        said: list[str] = []
        origins: list[int] = []
        end = 0
        for match in self._pattern.finditer(text):
            origins += range(end, match.start())
            said.append(text[end : match.start()].translate(_MARKUP))
            end = match.end()
            respelling = self._respellings[(match.lastindex or 0) - 1]
            origins += _aligned(match[0], match.start(), respelling)
            said.append(respelling)
        origins += range(end, len(text))
        said.append(text[end:].translate(_MARKUP))
        return "".join(said), origins

    def sounds(self, text: str) -> Iterator[tuple[tuple[int, int], str]]:
        """Where in ``text`` an entry lies whose sound is given, and that sound in IPA."""
        for match in self._pattern.finditer(text):
            sound = self._sounds[(match.lastindex or 0) - 1]
            if sound:
                yield match.span(), sound


def _entry(word: str, respelling: str) -> tuple[str, str]:
    """What to say for ``word`` in letters, and in IPA where that is given. Raises ConfigError."""
    element = _SSML.fullmatch(respelling.strip())
    said, sound = (element[3] or word, unescape(element[1] or element[2])) if element else (respelling, "")
    if not word.strip() or "<phoneme" in said or re.search(r"\[\[|\]\]", _PHONEMES.sub("", said)):
        message = f"lexicon: {word!r}: {respelling!r} is no respelling"
        raise ConfigError("bad-lexicon", message, word=word, respelling=respelling)
    return said, sound


def _aligned(written: str, at: int, respelling: str) -> list[int]:
    """For each letter of ``respelling`` the offset it stands for; ``written`` begins at ``at``."""
    starts = [at + word.start() for word in re.finditer(r"\S+", written)]
    parts = list(re.finditer(r"\S+", respelling))
    if len(parts) != len(starts):
        return [at] * len(respelling)
    ends = [part.start() for part in parts[1:]] + [len(respelling)]
    return [starts[bisect_right(ends, letter)] for letter in range(len(respelling))]
