"""Speech by espeak-ng: robotic, instant, in a hundred languages, from a wheel of a few megabytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from models.espeak import LIBRARY, Style
from models.espeak import RATE as ENGINE_RATE
from models.lexicon import Lexicon
from voicecore.audio import resample
from voicecore.types import RATE, Floats, Pcm, SpeechChunk, WordMark

Span = tuple[int, int]
Ints = npt.NDArray[np.int64]

PIECE = 160
"""Characters synthesised at a time, if the text can be parted there: 10 s of speech, made in 10 ms."""
LEAD = RATE * 5 // 1000
"""Samples before the first audible one (5 ms)."""
PAUSE = RATE * 100 // 1000
"""Samples after the last audible one (100 ms): what parts two sentences."""
LEVEL = 10 ** (-20 / 20)
"""Active level that a voice is brought to, of full scale."""
PEAK = 0.97
"""Nothing is louder than this, of full scale."""
AUDIBLE = 10 ** (-55 / 20)
"""What is weaker than this, of full scale, is silence."""
ACTIVE = 10 ** (-30 / 20)
"""A 20 ms frame counts for the active level when it is within 30 dB of the loudest."""
_SAMPLE_TEXT = "0 1 2 3 4 5 6 7 8 9"
_TOKEN = re.compile(r"[^\s—–]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAKS = [re.compile(end, re.DOTALL) for end in (r".*[.!?]\S?\s+", r".*[,;:—–]\s+", r".*\s+")]


class EspeakTts:
    """``ports.Tts``: any number of instances and threads; synthesis itself runs one at a time."""

    def __init__(
        self,
        voice: str = "en-us",
        rate: int = 150,
        pitch: int = 50,
        lexicon: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """``rate`` words per minute, 80..450; ``pitch`` 0..99, 50 is the voice's own.

        ``voice``: a language, or a name that espeak-ng knows, perhaps with a variant ("en-gb+f2");
        ``lexicon``: see ``Lexicon``. Raises ConfigError (``unknown-voice``, ``bad-lexicon``) and
        EngineError("tts-failed").
        """
        self._style = Style(LIBRARY.find_voice(voice), rate, pitch)
        self._lexicon = Lexicon(lexicon)
        self._gain = _gain(self._style)

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        """One chunk for every piece of ``text`` (``pieces``), marks where the engine says that a word begins.

        A word is what stands between blanks or dashes and has a letter or digit in it; a text without any
        gives nothing. The same text always gives the same samples. Closing the iterator leaves the pieces
        that follow unmade. Raises EngineError("tts-failed").
        """
        words = [match.span() for match in _TOKEN.finditer(text) if any(map(str.isalnum, match[0]))]
        parts = [(span, inside) for span in pieces(text) if (inside := [w for w in words if _in(w, span)])]
        written = 0
        try:
            for index, (span, inside) in enumerate(parts):
                pcm, starts = self._say(text, span, inside)
                start, end = audible(pcm)
                cut = max(0, start - LEAD) if index == 0 else 0
                pcm = pcm[cut:]
                if index == len(parts) - 1:
                    pcm = _fit(pcm, end - cut + PAUSE)
                at = np.clip(starts - cut, 0, max(0, len(pcm) - 1)) + written
                yield SpeechChunk(pcm, tuple(map(WordMark, inside, at.tolist())))
                written += len(pcm)
        finally:
            LIBRARY.prepare()

    def _say(self, text: str, span: Span, words: Sequence[Span]) -> tuple[Pcm, Ints]:
        """The sound of ``text[span]`` as the engine makes it, at ``RATE``, and where its words begin."""
        said, origins = self._lexicon.apply(_CONTROL.sub(" ", text[slice(*span)]))
        spoken = LIBRARY.speak(self._style, said)
        pcm = resample(spoken.pcm.astype(np.float32), ENGINE_RATE, RATE)
        gain = min(self._gain, PEAK * 32_768 / max(1.0, float(np.abs(pcm).max(initial=0))))
        events = [
            (span[0] + origins[letter], sample * RATE // ENGINE_RATE)
            for letter, sample in spoken.words
            if 0 <= letter < len(origins)
        ]
        return np.rint(pcm * gain).astype(np.int16), place(words, events, span, len(pcm))


def _in(word: Span, span: Span) -> bool:
    return span[0] <= word[0] < span[1]


def _fit(pcm: Pcm, length: int) -> Pcm:
    """Cut, or continued by silence."""
    return np.pad(pcm[:length], (0, max(0, length - len(pcm))))


def pieces(text: str) -> Iterator[Span]:
    """Spans that make up ``text``, none longer than ``PIECE`` unless a single word is.

    Parted after the last sentence that fits, else the last clause, else the last word.
    """
    start = 0
    while len(text) - start > PIECE:
        window = text[start : start + PIECE]
        fits = next((match for pattern in _BREAKS if (match := pattern.match(window))), None)
        blank = None if fits else re.compile(r"\s").search(text, start + PIECE)
        end = start + fits.end() if fits else blank.end() if blank else len(text)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def place(words: Sequence[Span], events: Sequence[tuple[int, int]], span: Span, samples: int) -> Ints:
    """The sample at which each word begins: int64 [words], never decreasing.

    ``events``: (offset in the text, sample) of what the engine took for words, in the order spoken. It reads
    some words as several ("$5"): the first event inside a word counts. It reads others as part of the one
    before ("of the", or a lexicon's "asap" for "as soon as possible"): these begin where the next word
    does, so that none of them is over before all are. Without any event, words are placed as in the text.
    """
    starts = [start for start, _ in words]
    known: dict[int, int] = {}
    for offset, sample in events:
        index = bisect_right(starts, offset) - 1
        if index >= 0 and offset < words[index][1]:
            known.setdefault(index, sample)
    if not known:
        return np.interp(starts, [span[0] - 1, span[1]], [0, samples]).astype(np.int64)
    ordered = sorted(known)
    reached = np.maximum.accumulate([*(known[index] for index in ordered), samples])
    at = reached[np.searchsorted(ordered, np.arange(len(words)))]
    at[: ordered[0]] = 0
    return at.astype(np.int64)


def audible(pcm: Pcm) -> Span:
    """The first and one past the last sample that can be heard; (0, 0) when there is none."""
    heard = np.flatnonzero(np.abs(pcm.astype(np.int32)) > AUDIBLE * 32_768)
    return (int(heard[0]), int(heard[-1]) + 1) if len(heard) else (0, 0)


def active_level(pcm: Floats, rate: int) -> float:
    """Root mean square of the 20 ms frames that hold speech (within 30 dB of the loudest), full scale 1."""
    frame = rate // 50
    levels = np.sqrt(np.mean((pcm[: len(pcm) // frame * frame] / 32_768).reshape(-1, frame) ** 2, axis=1))
    speech = levels[levels > levels.max(initial=0) * ACTIVE]
    return float(np.sqrt(np.mean(speech**2))) if len(speech) else 0.0


@lru_cache(maxsize=64)
def _gain(style: Style) -> float:
    """What brings a voice to ``LEVEL``: measured once, so that loud and soft words stay so."""
    level = active_level(LIBRARY.speak(style, _SAMPLE_TEXT).pcm.astype(np.float32), ENGINE_RATE)
    return LEVEL / level if level else 1.0
