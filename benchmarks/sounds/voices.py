"""Synthetic voices for short utterances: espeak-ng, flite and festival behind one function."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.interpolate import CubicSpline

from benchmarks.sounds.wordings import Split
from models.tts_espeak import EspeakTts
from voicecore.audio import resample
from voicecore.config import data_dir
from voicecore.errors import ConfigError, EngineError
from voicecore.types import RATE, Pcm

VERSION = 1
"""Raised when the same request gives other samples: nothing older is taken from the cache."""
WORDS_PER_MINUTE = 165
Engine = Literal["espeak", "flite", "festival"]


@dataclass(frozen=True, slots=True)
class Voice:
    """One synthetic speaker of English."""

    name: str
    engine: Engine
    split: Split
    language: str = "en"
    package: str = ""
    """The Debian package that brings it; "" for what comes with the appliance's own packages."""
    weight: int = 1
    """How often it speaks, against the others of its split."""

    @property
    def installed(self) -> bool:
        if self.engine == "festival":
            return bool(shutil.which("text2wave")) and any(_FESTIVAL.glob(f"*/{self.name}"))
        return self.engine == "espeak" or bool(shutil.which("flite"))


_FESTIVAL = Path("/usr/share/festival/voices")
_ESPEAK = (
    *("en-us+m1", "en-us+m3", "en-us+m7", "en-us+f2", "en-us+f4", "en-gb+m4", "en-gb+f3", "en-gb-x-rp+m5"),
    *("en-gb-scotland+f5", "en-us+klatt2", "en-us+klatt4", "en-gb+steph", "en-us+linda", "en-us+edward"),
)
VOICES = (
    *(Voice(name, "espeak", "train") for name in _ESPEAK),
    Voice("kal16", "flite", "train", package="flite", weight=4),
    Voice("rms", "flite", "train", package="flite", weight=7),
    Voice("slt", "flite", "test", package="flite"),
    Voice("awb", "flite", "test", package="flite"),
    Voice("ked_diphone", "festival", "test", package="festvox-kdlpc16k"),
)


def voices(split: Split) -> list[Voice]:
    """The installed voices of a split. Raises ConfigError("no-voices") that names the Debian packages."""
    wanted = [voice for voice in VOICES if voice.split == split]
    there = [voice for voice in wanted if voice.installed]
    if not there:
        packages = ", ".join(sorted({voice.package for voice in wanted if voice.package}))
        raise ConfigError("no-voices", f"needs one of the Debian packages {packages}", split=split)
    return there


def speak(voice: Voice, text: str, rate: float = 1.0, pitch: float = 1.0, glide: float = 1.0) -> Pcm:
    """``text`` by ``voice``: int16 at 16 kHz, the same samples every time.

    ``rate`` is the speed against the voice's own, ``pitch`` moves pitch and formants together (a larger or
    smaller person at the same speed), ``glide`` is how much higher the end is than the beginning. Kept in
    the data folder. Raises ConfigError("voice-missing"), EngineError("tts-failed").
    """
    if not voice.installed:
        message = f"{voice.name} needs the Debian package {voice.package}"
        raise ConfigError("voice-missing", message, voice=voice.name, package=voice.package)
    pace = round(rate / pitch, 2)
    key = f"{VERSION}|{voice.engine}|{voice.name}|{pace}|{text}"
    file = data_dir() / "sounds" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
    if not file.exists():
        _keep(file, _ENGINES[voice.engine](voice.name, text, pace))
    return bend(np.load(file), pitch, glide)


def bend(pcm: Pcm, pitch: float, glide: float = 1.0) -> Pcm:
    """``pcm`` played ``pitch`` times as fast, from 1/sqrt(glide) of that to sqrt(glide) of it at the end."""
    if (pitch == 1.0 and glide == 1.0) or len(pcm) < 2:
        return pcm
    speed = pitch * glide ** np.linspace(-0.5, 0.5, int(len(pcm) / pitch))
    at = np.cumsum(speed)
    moved = CubicSpline(np.arange(len(pcm)), pcm.astype(np.float64))(at[at < len(pcm) - 1])
    return np.asarray(np.clip(np.rint(moved), -32_768, 32_767), np.int16)


def _keep(file: Path, pcm: Pcm) -> None:
    """Write so that another process sees the whole or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as part:
        np.save(part, pcm)
    os.replace(part.name, file)


@cache
def _espeak_tts(name: str, words_per_minute: int) -> EspeakTts:
    return EspeakTts(name, words_per_minute)


def _espeak(name: str, text: str, pace: float) -> Pcm:
    chunks = _espeak_tts(name, round(WORDS_PER_MINUTE * pace)).synthesize(text)
    return np.concatenate([np.zeros(0, np.int16), *(chunk.pcm for chunk in chunks)])


def _flite(name: str, text: str, pace: float) -> Pcm:
    stretch = f"duration_stretch={1 / pace:.3f}"
    return _run(["flite", "-voice", name, "--setf", stretch, "-t", text, "-o"], "")


def _festival(name: str, text: str, pace: float) -> Pcm:
    stretch = f"(Parameter.set 'Duration_Stretch {1 / pace:.3f})"
    return _run(["text2wave", "-eval", f"(voice_{name})", "-eval", stretch, "-o"], text)


def _run(command: list[str], text: str) -> Pcm:
    """What a command writes into the WAV file that is its last argument, at 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        done = subprocess.run([*command, str(file)], input=text, capture_output=True, text=True, check=False)
        if done.returncode or not file.exists():
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise EngineError("tts-failed", f"{command[0]}: {lines[-1]}", status=done.returncode)
        with wave.open(str(file)) as sound:
            rate, pcm = sound.getframerate(), np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    return pcm if rate == RATE else resample(pcm, rate, RATE)


_ENGINES: dict[Engine, Callable[[str, str, float], Pcm]] = {
    "espeak": _espeak,
    "flite": _flite,
    "festival": _festival,
}
