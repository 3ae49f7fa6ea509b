"""Finds our own voice in what the caller's line sends back: normalised cross-correlation over delays."""

from typing import final

from voicecore.types import Pcm

@final
class EchoCorrelator:
    """How much of the caller's signal is what we transmitted a while before, and how long before."""

    def __init__(self, max_delay_ms: int = 500, window_ms: int = 300) -> None: ...
    @property
    def correlation(self) -> float: ...
    @property
    def delay_ms(self) -> float: ...
    def process(self, caller: Pcm, sent: Pcm) -> tuple[float, float]: ...
    def reset(self) -> None: ...
