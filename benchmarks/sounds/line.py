"""What a telephone line does to sound: its band, its level, its code, and noise beside speech."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import signal

from models.tts_espeak import active_level
from voicecore.audio import alaw_decode, alaw_encode, resample, ulaw_decode, ulaw_encode
from voicecore.types import RATE, Floats, Pcm

BAND = (300.0, 3400.0)
"""Hz that a narrow-band line carries (ITU-T G.712)."""
SPEECH_DBFS = -23.0
"""Active level of a normal talker on the line, dB of full scale (root mean square of the active frames)."""
CEILING = 0.97
"""Nothing is louder than this, of full scale."""
Law = Literal["mu", "a"]


def telephone(pcm: Pcm | Floats) -> Floats:
    """``pcm`` as float32 in int16 units, band-limited to 300-3400 Hz without delay."""
    return _filter(pcm, "bandpass", BAND)


def muffle(pcm: Pcm | Floats, cutoff_hz: float) -> Floats:
    """As from a mouth turned away or a next room: treble above ``cutoff_hz`` falls at 12 dB an octave."""
    return _filter(pcm, "lowpass", (cutoff_hz,))


def to_level(pcm: Pcm | Floats, dbfs: float = SPEECH_DBFS) -> Pcm:
    """``pcm`` scaled to an active level of ``dbfs``; less where a peak would clip; silence stays silence."""
    wave = np.asarray(pcm, np.float32)
    level = active_level(wave, RATE)
    peak = float(np.abs(wave).max(initial=0.0))
    if not level or not peak:
        return np.zeros(len(wave), np.int16)
    gain = min(10 ** (dbfs / 20) / level, CEILING * 32_767 / peak)
    return np.asarray(np.rint(wave * gain), np.int16)


def level_dbfs(pcm: Pcm | Floats) -> float:
    """Active level of ``pcm`` in dB of full scale; -inf for silence."""
    with np.errstate(divide="ignore"):
        return float(20 * np.log10(active_level(np.asarray(pcm, np.float32), RATE)))


def g711(pcm: Pcm, law: Law = "mu") -> Pcm:
    """``pcm`` at 16 kHz, through 8 kHz and G.711 and back: what arrives of it (same length)."""
    encode, decode = (ulaw_encode, ulaw_decode) if law == "mu" else (alaw_encode, alaw_decode)
    narrow = resample(np.ascontiguousarray(pcm), RATE, RATE // 2)
    return resample(decode(encode(narrow)), RATE // 2, RATE)[: len(pcm)]


def mix(pcm: Pcm, noise: Pcm, snr_db: float) -> Pcm:
    """``pcm`` with ``noise`` (repeated or cut to its length) ``snr_db`` below its active level, saturated.

    The noise counts by its root mean square. Raises ValueError for noise or speech that is silence.
    """
    speech = active_level(pcm.astype(np.float32), RATE)
    rms = float(np.sqrt(np.mean((noise / 32_768.0) ** 2))) if len(noise) else 0.0
    if not speech or not rms:
        raise ValueError("nothing to mix: the speech or the noise is silence")
    under = np.resize(noise, len(pcm)) * (speech / rms * 10 ** (-snr_db / 20))
    return np.clip(np.rint(pcm + under), -32_768, 32_767).astype(np.int16)


def _filter(pcm: Pcm | Floats, kind: str, edges: tuple[float, ...]) -> Floats:
    """Forwards and backwards, so that nothing is delayed."""
    order = 4 if kind == "bandpass" else 1
    padding = np.zeros(RATE // 50, np.float32)
    wave = np.concatenate([padding, np.asarray(pcm, np.float32), padding])
    filtered = signal.sosfiltfilt(_design(kind, order, edges), wave, padtype=None)
    return np.asarray(filtered[len(padding) : -len(padding)], np.float32)


@cache
def _design(kind: str, order: int, edges: tuple[float, ...]) -> npt.NDArray[Any]:
    return np.asarray(
        signal.butter(order, edges if len(edges) > 1 else edges[0], kind, fs=RATE, output="sos")
    )
