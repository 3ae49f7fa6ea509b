"""Whisper on CTranslate2: streaming, in short windows, batched over calls."""

from models.asr_whisper.engine import WhisperAsr
from models.asr_whisper.settings import Settings

__all__ = ["Settings", "WhisperAsr"]
