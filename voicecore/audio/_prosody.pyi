"""What a voice does from frame to frame: spectrum, loudness and pitch, for models of how things are said."""

from typing import Final, final

from voicecore.types import Floats, Pcm

PROSODY: Final[int]

@final
class Prosody:
    """Spectrum, level, periodicity, pitch and flatness of a stream at 8 kHz, a frame of 20 ms at a time."""

    def __init__(self) -> None: ...
    def process(self, pcm: Pcm) -> Floats: ...
    def reset(self) -> None: ...
