"""Recognises speech with PocketSphinx: a word graph of what is expected, or dictation when nothing is."""

from __future__ import annotations

import logging
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from math import log, tanh
from operator import mul
from pathlib import Path
from typing import Any

import numpy as np
import pocketsphinx

from models.grammar import FINAL, HESITATIONS, START, Grammar, build
from models.pronunciation import Pronunciations
from voicecore.errors import EngineError
from voicecore.types import RATE, Expectation, Pcm, Transcript, Word

_log = logging.getLogger(__name__)

_FRAME = RATE // 100
_OPENING = RATE * 6 // 10
"""Samples of speech that are enough to tune to."""
_LONG_OPENING = RATE * 3 // 2
"""The same for dictation, where searching anew is dear: it is tuned but once."""
_SHORT = 2 * RATE
"""An utterance up to this long is searched again at its end, tuned to all of it."""
_STEP = RATE // 50
"""Most samples per call into the engine, which holds the interpreter while it works."""
_FRAME_S = 0.01
_GRAMMARS_KEPT = 16
_SEARCH = {"pip": 0.3, "silprob": 0.5, "beam": 1e-60, "pbeam": 1e-60, "wbeam": 1e-40, "bestpath": False}
_DICTATION = Expectation()
_TUNING, _DICTATING = "tuning", "_default"
"""Names of searches: one for nothing but silence, cheap; and PocketSphinx's own."""
_EVEN, _SLOPE = -4.7, 2.5
"""Fit per frame (natural logarithm) at which a sentence is as likely as not another one; how sharply that
turns. Of sentences in the grammar 95 % get a confidence of 0.7 or more, of others 7 %."""
_INCOMPLETE = 0.5
"""Most that a sentence is worth which breaks off within the grammar."""
_LEAST_SCORE = 1e-300
_SCORE_UNIT = 1024
"""Scores of a search come divided by this."""
_NO_WORD = ("", "<", "[", "(")
"""What silences, noises and silent arcs begin with."""


class PocketsphinxAsr:
    """At most ``streams`` utterances at once; one decoder each, made when first needed and used again.

    A decoder takes about 6 MB, with the language model of dictation (an expectation of nothing at all)
    90 MB; there are at most ``dictations`` of those.
    """

    def __init__(self, streams: int = 8, dictations: int = 1, folder: Path | None = None) -> None:
        """``folder`` holds the en-us model; default is the package's own.

        Raises EngineError("asr-missing-model").
        """
        self._folder = folder or Path(pocketsphinx.get_model_path("en-us"))
        acoustic = self._folder / "en-us" / "mdef"
        if not acoustic.exists():
            message = f"{acoustic}: no acoustic model; pip install --force-reinstall pocketsphinx"
            raise EngineError("asr-missing-model", message, file=str(acoustic))
        self._sounds = Pronunciations(self._folder / "cmudict-en-us.dict")
        self._lock = threading.Lock()
        self._free: dict[bool, list[_Decoder]] = {False: [], True: []}
        self._left = {False: streams, True: dictations}

    def open(self, expectation: Expectation) -> _Stream:
        """Start an utterance. Raises EngineError: "asr-busy" when all decoders are taken, "asr-failed"."""
        decoder = self._take(expectation == _DICTATION)
        try:
            decoder.expect(expectation)
            return _Stream(decoder, self._give_back)
        except BaseException:
            self._give_back(decoder)
            raise

    def close(self) -> None:
        """Free all decoders that nobody uses."""
        with self._lock:
            for kind, free in self._free.items():
                self._left[kind] += len(free)
                free.clear()

    def _take(self, dictation: bool) -> _Decoder:
        with self._lock:
            if self._free[dictation]:
                return self._free[dictation].pop()
            if self._left[dictation] == 0:
                raise EngineError("asr-busy", "all decoders are in use", dictation=dictation)
            self._left[dictation] -= 1
        try:
            return _Decoder(self._folder, self._sounds, dictation)
        except BaseException:
            with self._lock:
                self._left[dictation] += 1
            raise

    def _give_back(self, decoder: _Decoder) -> None:
        with self._lock:
            self._free[decoder.dictation].append(decoder)


class _Stream:
    """One utterance, searched as it comes.

    The search is tuned to the channel by what was heard of it. It begins once there is enough to tune to, and
    begins anew, better tuned, whenever there is twice as much, until that is enough for good.
    """

    def __init__(self, decoder: _Decoder, give_back: Callable[[_Decoder], None]) -> None:
        self._decoder = decoder
        self._heard: list[Pcm] = []
        self._tuned = 0
        """Samples of speech that the running search is tuned to; 0 before there is one."""
        self._latest = Transcript()
        self._release = weakref.finalize(self, give_back, decoder)

    def accept(self, pcm: Pcm) -> Transcript | None:
        """Feed int16 at ``RATE``, any length; a partial if its words changed, else None."""
        if not len(pcm):
            return None
        if self._tuned < self._decoder.settled:
            self._heard.append(pcm)
            speech = voiced(np.concatenate(self._heard))
            if len(speech) >= max(self._decoder.opening, 2 * self._tuned):
                self._search(speech)
            elif self._tuned:
                self._decoder.feed(pcm)
        else:
            self._decoder.feed(pcm)
        if not self._tuned:
            return None
        reading = self._decoder.reading(final=False)
        if reading.text in ("", self._latest.text):
            return None
        self._latest = reading
        return reading

    def finish(self) -> Transcript:
        """End the utterance; ``final`` is True. The stream must not be used afterwards."""
        try:
            if not self._heard:
                return Transcript(final=True)
            whole = np.concatenate(self._heard)
            if not self._tuned or (self._tuned < self._decoder.settled and len(whole) <= _SHORT):
                self._search(voiced(whole))
            self._decoder.stop()
            return self._decoder.reading(final=True)
        finally:
            self._release()

    def _search(self, speech: Pcm) -> None:
        """Begin (anew) with all that was heard, tuned to ``speech``."""
        self._tuned = len(speech)
        self._decoder.begin(speech)
        self._decoder.feed(np.concatenate(self._heard))


def voiced(pcm: Pcm) -> Pcm:
    """``pcm`` from its first to its last 10 ms within 30 dB of the loudest, and 80 ms on either side."""
    if len(pcm) < _FRAME:
        return pcm
    frames = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float32)
    power = np.square(frames).mean(axis=1) + 1
    loud = np.flatnonzero(power >= power.max() / 1000)
    return pcm[max(0, int(loud[0]) - 8) * _FRAME : (int(loud[-1]) + 9) * _FRAME]


class _Decoder:
    """One PocketSphinx decoder with the grammars it has built, the latest used ones kept."""

    def __init__(self, folder: Path, sounds: Pronunciations, dictation: bool) -> None:
        self.dictation = dictation
        self._sounds = sounds
        self._grammars: OrderedDict[Expectation, tuple[str, Grammar]] = OrderedDict()
        self._built = 0
        self._grammar: Grammar | None = None
        self._running = False
        model: dict[str, Any] = {"hmm": str(folder / "en-us"), "loglevel": "FATAL", "lm": None, "dict": None}
        if dictation:
            model |= {"lm": str(folder / "en-us.lm.bin"), "dict": str(folder / "cmudict-en-us.dict")}
        else:
            model |= _SEARCH
        try:
            self._engine = pocketsphinx.Decoder(pocketsphinx.Config(**model))
        except (RuntimeError, ValueError) as exc:
            message = f"{folder}: {exc}; pip install --force-reinstall pocketsphinx"
            raise EngineError("asr-missing-model", message, folder=str(folder)) from exc
        self.opening = _LONG_OPENING if dictation else _OPENING
        self.settled = _LONG_OPENING if dictation else 4 * _OPENING
        """Samples of speech that the search may first be tuned to, and for good."""
        self._channel = self._engine.get_cmn(False)
        self._engine.add_fsg(
            _TUNING, self._engine.create_fsg(_TUNING, START, FINAL, [(START, FINAL, 1.0, "<sil>")])
        )
        self._search = _DICTATING

    def expect(self, expectation: Expectation) -> None:
        """Make ready for an utterance; a grammar is built once and then switched to in microseconds."""
        self.stop()
        if self.dictation:
            return
        if expectation not in self._grammars:
            self._grammars[expectation] = self._add(build(expectation))
            if len(self._grammars) > _GRAMMARS_KEPT:
                _, (name, _grammar) = self._grammars.popitem(last=False)
                self._engine.remove_search(name)
        self._grammars.move_to_end(expectation)
        self._search, self._grammar = self._grammars[expectation]

    def _add(self, grammar: Grammar) -> tuple[str, Grammar]:
        unknown = {word for word in grammar.words if not self._learn(word)}
        if unknown:
            _log.warning("asr: no pronunciation for %s: left out of the grammar", ", ".join(sorted(unknown)))
            arcs = tuple(replace(arc, word=None) if arc.word in unknown else arc for arc in grammar.arcs)
            grammar = replace(grammar, arcs=arcs)
        self._built += 1
        name = f"grammar-{self._built}"
        arcs_for_engine = [
            (arc.source, arc.target, arc.probability, *((arc.word,) if arc.word else ()))
            for arc in grammar.arcs
        ]
        try:
            self._engine.add_fsg(name, self._engine.create_fsg(name, START, FINAL, arcs_for_engine))
        except (RuntimeError, ValueError) as exc:
            raise EngineError("asr-failed", f"grammar refused: {exc}") from exc
        return name, grammar

    def _learn(self, word: str) -> bool:
        """Whether the decoder knows how ``word`` sounds, perhaps from now on."""
        if self._engine.lookup_word(word) is not None:
            return True
        readings = self._sounds.of(word)
        if not readings and (guess := self._sounds.guess(word)):
            _log.info("asr: %r is in no dictionary; taken as %s", word, guess)
            readings = (guess,)
        for n, phones in enumerate(readings, 1):
            self._engine.add_word(word if n == 1 else f"{word}({n})", phones, False)
        return bool(readings)

    def begin(self, speech: Pcm) -> None:
        """Start searching, tuned to level and line of ``speech``, whatever went on before.

        Even an utterance without search is searched at its end, so one is tuned in for which that is cheap.
        """
        self.stop()
        self._engine.activate_search(_TUNING)
        self._engine.set_cmn(self._channel)
        self._engine.start_utt()
        self._engine.process_raw(speech.tobytes(), no_search=True, full_utt=True)
        self._engine.end_utt()
        mean = self._engine.get_cmn(False)
        self._engine.set_cmn(self._channel if "nan" in mean else mean)
        self._engine.activate_search(self._search)
        self._engine.start_utt()
        self._running = True

    def feed(self, pcm: Pcm) -> None:
        for at in range(0, len(pcm), _STEP):
            self._engine.process_raw(pcm[at : at + _STEP].tobytes())

    def stop(self) -> None:
        if self._running:
            self._engine.end_utt()
            self._running = False

    def reading(self, final: bool) -> Transcript:
        """The best reading of what was fed. Times in seconds from the utterance's first sample."""
        segments = [s for s in self._engine.seg() or () if s.word[:1] not in _NO_WORD]
        spoken = [s.word.partition("(")[0] for s in segments]
        fits = [_fit(s) for s in segments]
        lengths = [s.end_frame + 1 - s.start_frame for s in segments]
        overall = sum(map(mul, fits, lengths)) / max(1, sum(lengths))
        sures = [s.prob for s in segments] if self.dictation else [_sure((fit + overall) / 2) for fit in fits]
        words = tuple(
            Word(word, s.start_frame * _FRAME_S, (s.end_frame + 1) * _FRAME_S, min(1.0, sure))
            for word, s, sure in zip(spoken, segments, sures, strict=True)
            if word not in HESITATIONS
        )
        if not words:
            return Transcript(final=final)
        confidence = sum(word.confidence for word in words) / len(words) if self.dictation else _sure(overall)
        if final and self._grammar is not None and not self._grammar.accepts(" ".join(spoken)):
            confidence = min(confidence, _INCOMPLETE)
        return Transcript(" ".join(word.text for word in words), words, final, confidence)


def _fit(segment: Any) -> float:
    """How well a word's sound fits, per frame, against whatever sound would have fitted best there.

    With all senones computed the engine's scores are relative to the best codebook of each frame, so that
    their mean over the word's frames tells a word of the grammar from any other sound forced into it.
    """
    frames: int = segment.end_frame + 1 - segment.start_frame
    return log(max(float(segment.ascore), _LEAST_SCORE)) * _SCORE_UNIT / frames


def _sure(fit: float) -> float:
    """The probability that what fits so well was said."""
    return (1 + tanh(_SLOPE * (fit - _EVEN) / 2)) / 2
