"""Audio at compiled speed: what the kernels in ``ext/`` offer, under one name.

Every stream object is for one thread at a time; chunk sizes never change a result. int16 and float32
vectors must be contiguous; a kernel raises TypeError or ValueError at its door, and never after.
"""

try:
    from voicecore.audio._bridge import FrameBridge, MediaClock
    from voicecore.audio._echo import EchoCorrelator
    from voicecore.audio._frame import Framer
    from voicecore.audio._g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
    from voicecore.audio._level import LevelMeter
    from voicecore.audio._logmel import LogMel
    from voicecore.audio._mix import Gain, mix
    from voicecore.audio._prosody import PROSODY, Prosody
    from voicecore.audio._resample import Resampler, resample
    from voicecore.audio._ring import Ring
except ImportError as exc:
    raise ImportError(
        f"the audio kernels are not built ({exc}); run: python setup.py build_ext --inplace"
    ) from exc

from voicecore.audio.records import RECORD_BYTES, pack_frame, read_frames

__all__ = [
    "PROSODY",
    "RECORD_BYTES",
    "EchoCorrelator",
    "FrameBridge",
    "Framer",
    "Gain",
    "LevelMeter",
    "LogMel",
    "MediaClock",
    "Prosody",
    "Resampler",
    "Ring",
    "alaw_decode",
    "alaw_encode",
    "mix",
    "pack_frame",
    "read_frames",
    "resample",
    "ulaw_decode",
    "ulaw_encode",
]
