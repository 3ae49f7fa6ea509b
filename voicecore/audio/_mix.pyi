"""Adds and scales PCM without wrapping round: saturating mix, and gain that never clicks."""

from typing import Final, final

from voicecore.types import Pcm

MAX_GAIN: Final[float]
MAX_RAMP: Final[int]
MAX_CHUNK: Final[int]

def mix(a: Pcm, b: Pcm) -> Pcm: ...

@final
class Gain:
    """A volume control for one stream, moved in straight ramps; results are rounded and saturated."""

    def __init__(self, gain: float = 1.0) -> None: ...
    @property
    def now(self) -> float: ...
    def to(self, gain: float, samples: int = 0) -> None: ...
    def process(self, pcm: Pcm) -> Pcm: ...
