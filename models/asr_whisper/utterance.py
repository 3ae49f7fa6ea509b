"""One utterance: when it is read, which words of it are settled, and what becomes of a doubtful reading."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from models.asr_whisper.agreement import LocalAgreement
from models.asr_whisper.band import band_limited
from models.asr_whisper.calibration import Calibration
from models.asr_whisper.guards import Fault, judge, unlooped
from models.asr_whisper.prompt import Prompter, phrases_of
from models.asr_whisper.reading import FRAMES_PER_S, LONGEST, Reading, Spoken, Window
from models.asr_whisper.settings import Settings
from models.asr_whisper.windows import Windows
from voicecore.audio import LogMel
from voicecore.errors import EngineError
from voicecore.types import RATE, Expectation, Pcm, Transcript

_BLOCK = RATE
"""Most samples heard between two looks at what is due."""
_FEW_TOKENS = 6
_DOUBT = 0.5
"""Most that a reading is worth which had to be mended."""


class Ticket(Protocol):
    """A reading that has been asked for."""

    @property
    def future(self) -> Future[Reading]: ...


class Desk(Protocol):
    """Where readings are asked for."""

    def ask(self, window: Window, urgent: bool) -> Ticket: ...

    def withdraw(self, ticket: Ticket) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What all utterances of a recogniser share."""

    desk: Desk
    prompter: Prompter
    windows: Windows
    calibration: Calibration
    settings: Settings
    bins: int


class Utterance:
    """``ports.AsrStream``. Partials come with their word times and the number of words that are settled."""

    def __init__(self, means: Means, expectation: Expectation, release: Callable[[], None]) -> None:
        """``release`` is called once, when the utterance is over or forgotten."""
        self._means = means
        self._release = weakref.finalize(self, release)
        self._prompt = means.prompter.of(expectation)
        self._told = tuple(tuple(phrase.split()) for phrase in phrases_of(expectation))
        self._mel = LogMel(means.bins)
        self._agreement = LocalAgreement()
        self._settled: tuple[Spoken, ...] = ()
        """Words whose sound has left the window; times from the utterance's first sample."""
        self._gone = 0
        """Frames that have left the window."""
        self._samples = 0
        self._peak = 0
        self._asked: tuple[Ticket, Window] | None = None
        self._asked_at = 0
        """Samples heard when a partial was last asked for."""
        self._latest = Transcript()

    def accept(self, pcm: Pcm) -> Transcript | None:
        """Feed int16 at ``RATE``, any length; a partial if one is ready and its words changed, else None.

        Raises EngineError when the engine failed at a partial.
        """
        for at in range(0, len(pcm), _BLOCK):
            self._hear(pcm[at : at + _BLOCK])
        partial = self._collect(wait=False)
        if self._asked is None and self._due():
            self._ask()
            if self._means.settings.lockstep:
                partial = self._collect(wait=True) or partial
        return partial

    def finish(self) -> Transcript:
        """End the utterance; ``final`` is True. The stream must not be used afterwards.

        Raises EngineError: "asr-failed", "asr-timeout", "asr-closed".
        """
        try:
            self._withdraw()
            if not self._audible:
                return self._transcript((), 1.0, final=True)
            window = self._window(final=True)
            reading = self._read(window)
            fault = self._judge(reading, window)
            if fault not in {None, Fault.SILENCE}:
                reading, fault = self._again()
            if fault is Fault.SILENCE:
                return self._transcript((), 1.0, final=True)
            sure = 1.0 if fault is None else _DOUBT
            return self._transcript(reading.spoken, sure, final=True)
        finally:
            self._release()

    def drop(self) -> None:
        """Forget the utterance, without a reading. The stream must not be used afterwards."""
        self._withdraw()
        self._release()

    @property
    def _audible(self) -> bool:
        return self._peak > 32768 * 10 ** (self._means.settings.quiet_dbfs / 20)

    def _hear(self, pcm: Pcm) -> None:
        self._make_room(len(pcm))
        self._mel.process(np.ascontiguousarray(pcm))
        self._samples += len(pcm)
        self._peak = max(self._peak, int(pcm.max()), -int(pcm.min()))

    def _make_room(self, samples: int) -> None:
        """When the window would get too long, let go of the words agreed on; if that is not enough, read
        what there is and keep only the end of it.
        """
        settings = self._means.settings
        held = self._samples / RATE - self._gone / FRAMES_PER_S
        over = held + samples / RATE - settings.cap_s
        if over <= 0:
            return
        self._withdraw()
        cut_s = self._agreement.agreed_s
        if cut_s < over:
            self._catch_up()
            cut_s = max(over, self._agreement.not_within(held - settings.keep_s))
        cut = min(round(cut_s * FRAMES_PER_S), self._mel.frames)
        left = self._agreement.leave(cut / FRAMES_PER_S)
        self._settled += tuple(spoken.later(self._gone / FRAMES_PER_S) for spoken in left)
        self._mel.drop(cut)
        self._gone += cut
        text = " ".join(spoken.word.text for spoken in self._settled)
        self._prompt = self._means.prompter.after(text) if text else self._prompt

    def _catch_up(self) -> None:
        """Read all of the window now, whatever else is due."""
        if self._audible:
            window = self._window(final=False)
            reading = self._read(window)
            if self._judge(reading, window) is None:
                self._agreement.add(reading, window.sound / FRAMES_PER_S)

    def _due(self) -> bool:
        every = self._means.settings.partial_every_s * RATE
        return self._audible and self._samples - self._asked_at >= every

    def _ask(self) -> None:
        window = self._window(final=False)
        self._asked = self._means.desk.ask(window, urgent=False), window
        self._asked_at = self._samples

    def _window(self, final: bool) -> Window:
        sound = -(-self._samples // 160) - self._gone
        frames = self._means.windows.choose(sound, final)
        return self._windowed(frames, sound, self._agreement.prefix if self._means.settings.bind else ())

    def _windowed(self, frames: int, sound: int, prefix: tuple[int, ...], plain: bool = False) -> Window:
        tokens = _FEW_TOKENS + int(self._means.settings.tokens_per_s * sound / FRAMES_PER_S)
        mel = band_limited(self._mel.window(frames), sound)
        prompt = () if plain else self._prompt
        return Window(mel, sound, prompt, prefix[: tokens - 1], tokens)

    def _read(self, window: Window) -> Reading:
        return self._result(self._means.desk.ask(window, urgent=True))

    def _result(self, ticket: Ticket) -> Reading:
        try:
            return ticket.future.result(self._means.settings.timeout_s)
        except TimeoutError as exc:
            self._means.desk.withdraw(ticket)
            seconds = self._means.settings.timeout_s
            raise EngineError("asr-timeout", f"no reading within {seconds} s", engine="whisper") from exc

    def _judge(self, reading: Reading, window: Window) -> Fault | None:
        told = self._told if window.prompt else ()
        return judge(reading, window.sound / FRAMES_PER_S, self._means.settings.limits, told)

    def _again(self) -> tuple[Reading, Fault | None]:
        """Read once more as Whisper was trained: 30 s, nothing said before. What loops even so is cut off."""
        sound = -(-self._samples // 160) - self._gone
        window = self._windowed(LONGEST, sound, (), plain=True)
        again = self._read(window)
        fault = self._judge(again, window)
        if fault in {Fault.LOOP, Fault.RUSH}:
            kept = again.spoken[: unlooped(again.words, self._means.settings.limits)]
            again = replace(again, spoken=kept)
        return again, fault

    def _collect(self, wait: bool) -> Transcript | None:
        """The partial that was asked for, if it is ready, can be believed and says something new."""
        if self._asked is None or not (wait or self._asked[0].future.done()):
            return None
        (ticket, window), self._asked = self._asked, None
        reading = self._result(ticket)
        if self._judge(reading, window) is not None:
            return None
        self._agreement.add(reading, window.sound / FRAMES_PER_S)
        agreed = self._agreement.agreed
        partial = self._transcript((*agreed, *reading.spoken[len(agreed) :]), 1.0, final=False)
        if partial.text == self._latest.text and partial.stable == self._latest.stable:
            return None
        self._latest = partial
        return partial

    def _withdraw(self) -> None:
        if self._asked is not None:
            self._means.desk.withdraw(self._asked[0])
            self._asked = None

    def _transcript(self, spoken: tuple[Spoken, ...], most: float, final: bool) -> Transcript:
        here = tuple(s.later(self._gone / FRAMES_PER_S) for s in spoken)
        of = self._means.calibration.of
        words = tuple(
            replace(s.word, confidence=min(most, of(s.word.confidence))) for s in (*self._settled, *here)
        )
        if not words:
            return Transcript(final=final)
        stable = len(words) if final else len(self._settled) + len(self._agreement.agreed)
        confidence = sum(word.confidence for word in words) / len(words)
        text = " ".join(word.text for word in words)
        calibrated = self._means.calibration.words > 0
        return Transcript(text, words, final, confidence, stable=stable, calibrated=calibrated)
