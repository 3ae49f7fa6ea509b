"""What a call hears when its engines fail: one sentence made beforehand, then a person takes over."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from voicecore.pipeline.mouth import Mouth, Speech
from voicecore.ports import Call, Tts
from voicecore.types import RATE, Pcm, WordMark

log = logging.getLogger(__name__)

LATEST_S = 2.5
"""The transfer is asked for when the sentence is over, and so long after the failure at the latest."""
TAKEN_S = 30.0
"""How long the person's end may take to answer."""
_REFUSED = 300


@dataclass(frozen=True, slots=True)
class Recorded:
    """An utterance that needs no engine any more."""

    text: str
    pcm: Pcm
    marks: tuple[WordMark, ...]

    @staticmethod
    def made(tts: Tts, text: str) -> Recorded:
        """Synthesise ``text``. Raises EngineError."""
        chunks = list(tts.synthesize(text))
        pcm = np.concatenate([np.zeros(0, np.int16), *(chunk.pcm for chunk in chunks)])
        return Recorded(text, pcm, tuple(mark for chunk in chunks for mark in chunk.marks))

    def speech(self, speech_id: str) -> Speech:
        """One saying of it."""
        return Speech(
            speech_id,
            self.text,
            waiting=deque([self.pcm]),
            sound=[self.pcm],
            marks=list(self.marks),
            samples=len(self.pcm),
            synthesised=True,
        )


@dataclass(frozen=True, slots=True)
class Emergency:
    """What is kept ready for calls whose engines fail."""

    sorry: Recorded
    goodbye: Recorded
    """For callers whom nobody takes over."""
    target: str | None
    """SIP URI of the person."""

    @staticmethod
    def prepared(tts: Tts, sorry: str, goodbye: str, target: str | None) -> Emergency:
        """Made at the start, while ``tts`` works. Raises EngineError."""
        ready = Emergency(Recorded.made(tts, sorry), Recorded.made(tts, goodbye), target)
        if (seconds := len(ready.sorry.pcm) / RATE) > LATEST_S:
            log.warning(
                "engine_failed takes %.1f s to say: callers are passed on after %.1f s", seconds, LATEST_S
            )
        return ready


class _Stage(Enum):
    EXPLAINING = auto()
    TRANSFERRING = auto()
    LEAVING = auto()
    OVER = auto()


class Rescue:
    """The last words of one call. Times are seconds on its audio clock."""

    def __init__(self, call: Call, mouth: Mouth, ready: Emergency, now: float) -> None:
        """Begins to speak; ``mouth`` has been silenced."""
        self._call = call
        self._mouth = mouth
        self._ready = ready
        self._stage = _Stage.EXPLAINING
        self._since = now
        mouth.duck(1.0)
        mouth.say(ready.sorry.speech("sorry"))

    def tick(self, now: float) -> None:
        """Advance by one media tick, after the mouth did."""
        waited = now - self._since
        match self._stage:
            case _Stage.EXPLAINING if not self._mouth.busy or waited >= LATEST_S:
                self._pass_on(now)
            case _Stage.TRANSFERRING if waited >= TAKEN_S:
                self._leave()
            case _Stage.LEAVING if not self._mouth.busy:
                self._end()

    def transferred(self, code: int) -> None:
        """The far end's final answer to the REFER."""
        if self._stage is _Stage.TRANSFERRING:
            if code < _REFUSED:
                self._end()
            else:
                self._leave()

    def _pass_on(self, now: float) -> None:
        if self._ready.target is None:
            self._leave()
            return
        self._stage, self._since = _Stage.TRANSFERRING, now
        self._call.transfer(self._ready.target)

    def _leave(self) -> None:
        self._stage = _Stage.LEAVING
        self._mouth.say(self._ready.goodbye.speech("goodbye"))

    def _end(self) -> None:
        self._stage = _Stage.OVER
        self._call.hangup()
