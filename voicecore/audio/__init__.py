"""Audio at compiled speed: what the kernels in ``ext/`` offer, under one name."""

try:
    from voicecore.audio._bridge import FrameBridge
    from voicecore.audio._ring import Ring
except ImportError as exc:
    raise ImportError(
        f"the audio kernels are not built ({exc}); run: python setup.py build_ext --inplace"
    ) from exc

from voicecore.audio.records import RECORD_BYTES, read_frames

__all__ = ["RECORD_BYTES", "FrameBridge", "Ring", "read_frames"]
