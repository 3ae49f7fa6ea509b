"""Audio at compiled speed: what the kernels in ``ext/`` offer, under one name."""

try:
    from voicecore.audio._bridge import FrameBridge
    from voicecore.audio._g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
    from voicecore.audio._resample import Resampler, resample
    from voicecore.audio._ring import Ring
except ImportError as exc:
    raise ImportError(
        f"the audio kernels are not built ({exc}); run: python setup.py build_ext --inplace"
    ) from exc

from voicecore.audio.records import RECORD_BYTES, read_frames

__all__ = [
    "RECORD_BYTES",
    "FrameBridge",
    "Resampler",
    "Ring",
    "alaw_decode",
    "alaw_encode",
    "read_frames",
    "resample",
    "ulaw_decode",
    "ulaw_encode",
]
