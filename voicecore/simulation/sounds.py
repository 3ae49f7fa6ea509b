"""The sound of a caller's lines, made before the call so that nothing is synthesised while we measure."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from voicecore.audio import resample
from voicecore.errors import ConfigError
from voicecore.ports import Tts
from voicecore.simulation.script import Script
from voicecore.types import RATE, Floats, Pcm

_EDGE_S = 0.005
_BELOW_PEAK = 10 ** (-35 / 20)
_FLOOR = 10 ** (-60 / 20) * 32_768


class Sounds:
    """PCM for everything a script may say, by its wording or its file."""

    def __init__(self, script: Script, tts: Tts) -> None:
        """Synthesise and read it all. Raises ConfigError for a recording that can't be used."""
        self._pause = np.zeros(script.pause_ms * RATE // 1000, np.int16)
        self._tts = tts
        self._by_pieces: dict[tuple[str, ...], Pcm] = {}
        self._by_files: dict[tuple[Path, ...], Pcm] = {}
        for line in script.lines:
            for pieces in filter(None, (line.say, line.again, line.if_wrong)):
                words = script.wording(pieces)
                self._by_pieces[words] = self._joined(self._synthesise(piece) for piece in words)
            if line.wav:
                self._by_files[line.wav] = self._joined(read_sound(file) for file in line.wav)

    def of(self, pieces: tuple[str, ...], wav: tuple[Path, ...]) -> Pcm:
        """The sound of one line, int16 at ``RATE``."""
        return self._by_files[wav] if wav else self._by_pieces[pieces]

    def _synthesise(self, text: str) -> Pcm:
        return np.concatenate([chunk.pcm for chunk in self._tts.synthesize(text)])

    def _joined(self, pieces: Iterable[Pcm]) -> Pcm:
        """Pieces without the silence at their ends, and the script's pause between them."""
        spans = ((pcm, *voiced_span(pcm)) for pcm in pieces)
        return np.concatenate([part for pcm, a, b in spans for part in (self._pause, pcm[a:b])][1:])


def voiced_span(pcm: Pcm) -> tuple[int, int]:
    """Where speech in ``pcm`` begins and ends, in samples; (0, 0) when there is none.

    Voiced is what lies within 35 dB of the loudest 5 ms and above -60 dBFS; the ends are then
    sharpened to single samples.
    """
    loud = np.abs(pcm.astype(np.float32))
    level = _rms(loud, round(_EDGE_S * RATE))
    threshold = max(_FLOOR, float(level.max(initial=0)) * _BELOW_PEAK)
    voiced = np.flatnonzero((level >= threshold) & (loud >= threshold))
    return (int(voiced[0]), int(voiced[-1]) + 1) if len(voiced) else (0, 0)


def _rms(loud: Floats, width: int) -> Floats:
    """Moving root mean square over ``width`` samples centred on each."""
    if not len(loud):
        return loud
    energy = np.convolve(loud.astype(np.float64) ** 2, np.ones(width) / width, "same")
    return np.sqrt(energy).astype(np.float32)


def read_sound(path: Path) -> Pcm:
    """A recording as int16 at ``RATE``; the first channel of a .wav, or a raw .g722.

    Raises ConfigError: ``no-such-sound``, ``bad-sound`` or ``needs-decoder``.
    """
    if not path.is_file():
        raise ConfigError("no-such-sound", f"{path} is not there", file=str(path))
    if path.suffix == ".g722":
        return _read_g722(path)
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as exc:
        raise ConfigError("bad-sound", f"{path}: {exc}", file=str(path)) from exc
    if width != 2:
        raise ConfigError("bad-sound", f"{path} has {8 * width} bit samples, wanted 16", file=str(path))
    pcm = np.frombuffer(data, "<i2").reshape(-1, channels)[:, 0].astype(np.int16)
    return pcm if rate == RATE else resample(pcm, rate, RATE)


def _read_g722(path: Path) -> Pcm:
    try:
        import av  # noqa: PLC0415 - an extra that only recordings in G.722 need
    except ImportError as exc:
        hint = "reading G.722 files needs PyAV: pip install 'voicecore[bench]'"
        raise ConfigError("needs-decoder", f"{path}: {hint}", file=str(path)) from exc

    def blocks() -> Iterator[Pcm]:
        with av.open(str(path)) as container:
            for frame in container.decode(audio=0):
                yield frame.to_ndarray().reshape(-1).astype(np.int16)

    try:
        return np.concatenate(list(blocks()))
    except (av.error.FFmpegError, ValueError) as exc:
        raise ConfigError("bad-sound", f"{path}: {exc}", file=str(path)) from exc
