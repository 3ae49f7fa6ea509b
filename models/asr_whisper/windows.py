"""Chooses how much silence is put behind a piece of sound before the model reads it."""

from __future__ import annotations

from collections.abc import Sequence

from models.asr_whisper.reading import FRAMES_PER_S, LONGEST
from voicecore.errors import ConfigError


class Windows:
    """The lengths that are used: few, so that calls share batches, and no longer than needed.

    Whisper was trained on 30 s. With less silence behind the sound it costs in proportion less, but may
    break into loops when there is too little, so there is always ``margin_s``, what is final gets at
    least ``final_s``, and a reading that the guards refuse is made again in the full 30 s.
    """

    def __init__(
        self, sizes_s: Sequence[float] = (5, 10, 15, 30), margin_s: float = 1.0, final_s: float = 10.0
    ) -> None:
        """Raises ConfigError("bad-windows") for sizes that do not rise to at most 30 s."""
        frames = tuple(round(size * FRAMES_PER_S) for size in sizes_s)
        if not frames or frames[0] < FRAMES_PER_S or list(frames) != sorted(set(frames)):
            raise ConfigError("bad-windows", f"window sizes must rise from 1 s on: {sizes_s}")
        if frames[-1] > LONGEST or any(size % 2 for size in frames):
            raise ConfigError("bad-windows", f"window sizes are at most 30 s, in steps of 20 ms: {sizes_s}")
        self._frames = frames if frames[-1] == LONGEST else (*frames, LONGEST)
        self._margin = round(margin_s * FRAMES_PER_S)
        self._final = round(final_s * FRAMES_PER_S)

    def choose(self, sound: int, final: bool) -> int:
        """Frames of the window for so many frames of sound. Raises ValueError for more than 30 s."""
        if sound > LONGEST:
            raise ValueError(f"{sound} frames are more than 30 s")
        least = max(sound + self._margin, self._final if final else 0)
        return next((size for size in self._frames if size >= least), LONGEST)
