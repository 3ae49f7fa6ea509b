"""How loud a stream is, frame by frame, and how loud it is when nobody speaks."""

from typing import Final, final

from voicecore.types import Floats, Pcm

SILENCE_DBFS: Final[float]

@final
class LevelMeter:
    """RMS per frame and the noise floor under it, both in dBFS (0 is a full-scale square wave)."""

    def __init__(self, frame: int = 320) -> None: ...
    @property
    def frame(self) -> int: ...
    @property
    def rms_dbfs(self) -> float: ...
    @property
    def floor_dbfs(self) -> float: ...
    def process(self, pcm: Pcm) -> Floats: ...
    def reset(self) -> None: ...
