"""A call without SIP and engines without models, for the pipeline's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voicecore.types import (
    RATE,
    TICK,
    CallInfo,
    Expectation,
    MediaFrame,
    Pcm,
    SpeechChunk,
    Transcript,
    WordMark,
)

WORD = RATE // 5
"""Samples per word of ``SlowSpeaker``."""


class LoopCall:
    """Plays what is written at one tick per ``tick``; records which verbs were used."""

    def __init__(self, room: int = 10 * RATE) -> None:
        self.info = CallInfo("call-1", "in", "sip:caller@test", "sip:agent@test")
        self.verbs: list[str] = []
        self.written = 0
        self.played = 0
        self._room = room
        self._line = np.zeros(0, np.int16)

    def write(self, pcm: Pcm) -> int:
        taken = min(len(pcm), self._room - len(self._line))
        self._line = np.concatenate([self._line, pcm[:taken]])
        self.written += taken
        return taken

    def flush(self) -> None:
        self.verbs.append("flush")
        self.played += len(self._line)
        self._line = self._line[:0]

    def gain(self, factor: float, ramp_ms: int = 40) -> None:
        self.verbs.append(f"gain {factor}")

    def tick(self, caller: Pcm | None = None) -> MediaFrame:
        out, self._line = self._line[:TICK], self._line[TICK:]
        self.played += len(out)
        silence = np.zeros(TICK, np.int16)
        agent = np.concatenate([out, silence])[:TICK]
        return MediaFrame(caller if caller is not None else silence, agent, self.played, 0)


class SlowSpeaker:
    """A Tts that takes 200 ms per word, one chunk per word, loud enough to be seen."""

    def __init__(self) -> None:
        self.closed = 0

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        at = 0
        try:
            for index, word in enumerate(text.split()):
                start = text.index(word, at)
                at = start + len(word)
                mark = WordMark((start, at), index * WORD)
                yield SpeechChunk(np.full(WORD, 5000, np.int16), (mark,))
        finally:
            self.closed += 1


class Parrot:
    """An Asr that reads "<n> samples"; remembers how it was used."""

    def __init__(self) -> None:
        self.opened: list[Expectation] = []
        self.finished: list[int] = []

    def open(self, expectation: Expectation) -> ParrotStream:
        self.opened.append(expectation)
        return ParrotStream(self)

    def close(self) -> None:
        """Nothing to close."""


class ParrotStream:
    def __init__(self, parrot: Parrot) -> None:
        self._parrot = parrot
        self._samples = 0

    def accept(self, pcm: Pcm) -> Transcript:
        self._samples += len(pcm)
        return Transcript(f"{self._samples} samples")

    def finish(self) -> Transcript:
        self._parrot.finished.append(self._samples)
        return Transcript(f"{self._samples} samples", final=True)
