"""Respells words that a speech engine gets wrong, keeping track of where each letter came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from voicecore.errors import ConfigError

_MARKUP = str.maketrans("[]", "()")
_PHONEMES = re.compile(r"\[\[.*?\]\]")


class Lexicon:
    """Words as written -> how to say them.

    Whole words match, whatever their case; where two entries fit, the longer one wins. A respelling may
    hold phonemes as ``[[n'O@TwInd]]``, in the engine's own notation. Nothing else may: brackets
    in the text itself reach the engine as parentheses.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        """Raises ConfigError("bad-lexicon") for an empty word, or phonemes without an end; names it."""
        for word, respelling in words.items():
            if not word.strip() or re.search(r"\[\[|\]\]", _PHONEMES.sub("", respelling)):
                message = f"lexicon: {word!r}: {respelling!r} is no respelling"
                raise ConfigError("bad-lexicon", message, word=word, respelling=respelling)
        longest = sorted(words, key=len, reverse=True)
        self._respellings = [words[word] for word in longest]
        entries = "|".join(rf"({re.escape(word.strip())})" for word in longest) or "(?!)"
        self._pattern = re.compile(rf"(?<!\w)(?:{entries})(?!\w)", re.IGNORECASE)

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


def _aligned(written: str, at: int, respelling: str) -> list[int]:
    """For each letter of ``respelling`` the offset it stands for; ``written`` begins at ``at``."""
    starts = [at + word.start() for word in re.finditer(r"\S+", written)]
    parts = list(re.finditer(r"\S+", respelling))
    if len(parts) != len(starts):
        return [at] * len(respelling)
    ends = [part.start() for part in parts[1:]] + [len(respelling)]
    return [starts[bisect_right(ends, letter)] for letter in range(len(respelling))]
