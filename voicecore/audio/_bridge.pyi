"""Moves pjsua2 media frames to and from rings, 20 ms at 16 kHz, without touching a sample in Python."""

from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from voicecore.audio._ring import Ring

RECORD_BYTES: Final[int]

@final
class FrameBridge:
    """Joins one pjsua2 audio port to two rings; ``frame`` is the callback's ``pjsua2.MediaFrame``.

    Raises TypeError for anything else, RuntimeError for a pjsua2 of another memory layout.
    """

    def __init__(self, capture: Ring, playout: Ring) -> None: ...
    def on_requested(self, frame: Any) -> None: ...
    def on_received(self, frame: Any) -> None: ...
    def interval_histogram(self) -> npt.NDArray[np.int64]: ...
    @property
    def longest_interval_ms(self) -> float: ...
    def reset(self) -> None: ...
