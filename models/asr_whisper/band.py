"""Tells a telephone line from a wide-band one, and silences what a resampler left above it."""

from __future__ import annotations

import numpy as np

from voicecore.types import Floats

_EDGE_HZ = 4600.0
"""What 8 kHz can carry, and how far beyond it our resampler's filter lets something through."""
_CLICK = 3
"""Frames that an edge of the sound reaches into."""
_APART = 1.25
"""50 dB, in the units of a scaled log-mel: 40 dB to one."""


def above_telephone(bins: int) -> int:
    """The first mel bin, of 80 or 128, that lies above what a telephone line carries."""
    knee, step = 15.0, np.log(6.4) / 27
    top = knee + np.log(8.0) / step
    return int(np.ceil((knee + np.log(_EDGE_HZ / 1000) / step) / top * (bins + 1)))


def band_limited(mel: Floats, sound: int) -> Floats:
    """``mel`` with nothing above 4.6 kHz, if what is there is no more than a resampler's images and noise.

    That is what the model knows from its training: telephone sound that a better, slower filter has
    brought to 16 kHz. A wide-band line has fricatives up there that lie within 50 dB of its loudest vowels,
    and stays as it is. Where the sound breaks off there is a click in the whole spectrum, which tells
    nothing. ``mel``: [bins, frames], scaled, ``sound`` frames of it sound; changed in place and given back.
    """
    edge = above_telephone(len(mel))
    inner = slice(_CLICK, max(_CLICK, sound - _CLICK))
    top = mel[:edge].max()
    if mel[edge:, inner].max(initial=-np.inf) < top - _APART:
        mel[edge:] = max(top - 2.0, mel.min())
    return mel
