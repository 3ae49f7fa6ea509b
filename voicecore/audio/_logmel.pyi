"""Whisper's log-mel spectrogram of an utterance as it comes in, and the model's input at any moment of it."""

from typing import final

from voicecore.types import Floats, Pcm

@final
class LogMel:
    """log10 of the mel energies of one utterance: windows of 25 ms (Hann) every 10 ms, 80 or 128 bins."""

    bins: int
    frames: int
    def __init__(self, bins: int = 80) -> None: ...
    def process(self, pcm: Pcm) -> int: ...
    def window(self, frames: int) -> Floats: ...
    def drop(self, frames: int) -> None: ...
    def reset(self) -> None: ...
