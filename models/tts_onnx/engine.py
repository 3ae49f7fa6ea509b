"""Speech by a neural voice: text in parts, each pronounced, rendered, shaped, every word marked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from models.espeak import LIBRARY
from models.tts_espeak import place
from models.tts_onnx.derived import VERSION, Derived
from models.tts_onnx.kokoro import KokoroVoice, only
from models.tts_onnx.loudness import active_level
from models.tts_onnx.phrases import CachedTts, PhraseStore
from models.tts_onnx.pronouncing import Pronouncer
from models.tts_onnx.shaping import Shaper
from models.tts_onnx.text import Span, parts, words
from models.tts_onnx.vits import VitsVoice
from models.tts_onnx.voice import Voice
from voicecore.audio import resample
from voicecore.errors import ConfigError
from voicecore.ports import Tts
from voicecore.types import RATE, SpeechChunk, WordMark

USUAL_WPM = 165
"""Words per minute at which a voice speaks as fast as it was recorded: what an agent has by default."""
SEMITONES = 4
"""How far the ends of the scale of pitches are from its middle."""
LINE_RATE = 8_000
"""Hz, at which loudness is measured: a telephone line carries no more."""
PAUSES_MS: Mapping[str, int] = {",": 120, ";": 180, ":": 180, "—": 180, "–": 180}
"""Silence after a part that ends so; others get ..."""
PAUSE_MS = 240
LAST_MS = 100
"""... and the last part this: what parts two utterances is not ours to decide."""
_SAMPLE_TEXT = "0 1 2 3 4 5 6 7 8 9"
_GRID = 50
"""Rates are multiples of this, Hz, so that the resampler's table stays small: pitch is exact to 0.2 %."""


@dataclass(frozen=True, slots=True)
class Style:
    """How an agent's voice speaks."""

    rate: int = USUAL_WPM
    """Words per minute, 80..450."""
    pitch: int = 50
    """0..99, 50 is the voice's own; the timbre moves along, as on a tape."""
    level_db: float = -20.0
    """Active speech level on the line, dB relative to full scale, -36..-12."""

    def __post_init__(self) -> None:
        if not (80 <= self.rate <= 450 and 0 <= self.pitch <= 99 and -36 <= self.level_db <= -12):
            raise ConfigError("bad-style", f"{self}: rate 80..450, pitch 0..99, level_db -36..-12")


class NeuralTts:
    """``ports.Tts`` by any ``Voice``. For any number of threads."""

    def __init__(
        self, voice: Voice, derived: Derived, style: Style, lexicon: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """``derived`` remembers how loud the voice is; ``lexicon``: see ``Lexicon``.

        Raises ConfigError (``bad-lexicon``), EngineError("tts-failed").
        """
        self._voice = voice
        self._pronouncer = Pronouncer(voice.language, lexicon, voice.tie)
        pitch = 2 ** ((style.pitch - 50) / 50 * SEMITONES / 12)
        self._rate = round(voice.rate * pitch / _GRID) * _GRID
        self._speed = style.rate / USUAL_WPM * voice.rate / self._rate
        name = hashlib.sha256(voice.identity.encode()).hexdigest()[:16]
        level = derived.remember(f"level-{name}", self._level)
        self._gain = 10 ** ((style.level_db - level) / 20)
        said = json.dumps([VERSION, voice.identity, astuple(style), sorted(lexicon.items())])
        self.identity = hashlib.sha256(said.encode()).hexdigest()

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        """Speech as soon as there is any, in chunks that grow; the same text always gives the same samples.

        A word is what stands between blanks or dashes and has a letter or digit in it; a text without any
        gives nothing. Closing the iterator leaves what follows unmade: at most one run of a network
        goes on. Raises EngineError("tts-failed").
        """
        found = words(text)
        spans = [(span, inside) for span in parts(text, self._voice.parting) if (inside := _in(found, span))]
        written = 0
        try:
            for nth, (span, inside) in enumerate(spans):
                last = nth == len(spans) - 1
                for chunk in self._part(text, span, inside, written, LAST_MS if last else _pause(text, span)):
                    yield chunk
                    written += len(chunk.pcm)
        finally:
            LIBRARY.prepare()

    def _part(
        self, text: str, span: Span, inside: list[Span], written: int, pause_ms: int
    ) -> Iterator[SpeechChunk]:
        groups = self._pronouncer.groups(text[slice(*span)])
        pause = pause_ms * RATE // 1000
        if not groups:  # letters that espeak-ng has no sound for
            marks = tuple(WordMark(word, written) for word in inside)
            yield SpeechChunk(np.zeros(pause, np.int16), marks)
            return
        rendering = self._voice.render(groups, self._speed)
        events = [
            (span[0] + group.offset, sample * RATE // self._rate)
            for group, sample in zip(groups, rendering.starts, strict=True)
        ]
        at = place(inside, events, span, rendering.samples * RATE // self._rate)
        marks = tuple(map(WordMark, inside, at.tolist()))
        yield from Shaper(rendering, self._rate, self._gain).chunks(marks, written, pause)

    def _level(self) -> float:
        """The active level of the voice as it is, dB, after what a telephone line leaves of it."""
        rendering = self._voice.render(self._pronouncer.groups(_SAMPLE_TEXT), 1.0)
        sound = np.nan_to_num(np.concatenate(list(rendering.sounds)))
        return max(-60.0, active_level(resample(sound, self._voice.rate, LINE_RATE), LINE_RATE))


def piper(
    folder: Path,
    voice: str = "en",
    rate: int = USUAL_WPM,
    pitch: int = 50,
    lexicon: Mapping[str, str] = MappingProxyType({}),
    threads: int = 1,
    device: str = "cpu",
    fixed: Collection[str] = (),
) -> Tts:
    """A Piper voice: ``folder`` holds its ``.onnx`` and ``.onnx.json``.

    ``voice``: a speaker's name or number, or the language; ``fixed``: phrases to keep (``CachedTts``).
    Raises what ``VitsVoice``, ``Style`` and ``NeuralTts`` raise.
    """
    style = Style(rate, pitch)
    network = VitsVoice(only(folder, "*.onnx"), voice, threads, device)
    return _kept(NeuralTts(network, network.derived, style, lexicon), folder, fixed)


def kokoro(
    folder: Path,
    voice: str = "en-us",
    rate: int = USUAL_WPM,
    pitch: int = 50,
    lexicon: Mapping[str, str] = MappingProxyType({}),
    threads: int = 1,
    device: str = "cpu",
    fixed: Collection[str] = (),
) -> Tts:
    """Kokoro-82M: see ``KokoroVoice`` and ``piper``."""
    style = Style(rate, pitch)
    network = KokoroVoice(folder, voice, threads, device)
    return _kept(NeuralTts(network, network.derived, style, lexicon), folder, fixed)


def _kept(tts: NeuralTts, folder: Path, fixed: Collection[str]) -> Tts:
    return CachedTts(tts, tts.identity, fixed, PhraseStore(folder / "phrases")) if fixed else tts


def _in(found: list[Span], span: Span) -> list[Span]:
    return [word for word in found if span[0] <= word[0] < span[1]]


def _pause(text: str, span: Span) -> int:
    """Milliseconds after a part that is not the last."""
    stop = text[slice(*span)].rstrip().rstrip("\"'”’)]")[-1:]
    return PAUSES_MS.get(stop, PAUSE_MS if stop in ".!?…" else 0)
