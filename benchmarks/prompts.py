"""Recorded human prompts: Debian's asterisk-core-sounds, the benchmarks' real voices."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np

from voicecore.errors import ConfigError
from voicecore.types import Pcm

ROOT = Path("/usr/share/asterisk/sounds")
VOICES = {"en": "en_US_f_Allison", "es": "es_MX_f_Allison", "fr": "fr_CA_f_June"}
NOT_SPEECH = {"beep", "beeperr", "ascending-2tone", "descending-2tone", "confbridge-join", "confbridge-leave"}
NOT_SPEECH |= {"tt-monkeys"}
SENTENCES = Path(__file__).parent / "data" / "sentences-en.txt"

Band = Literal["narrow", "wide"]
"""``narrow``: 8 kHz, as in the -wav packages; ``wide``: 16 kHz, G.722 as in the -g722 packages."""
RATES: dict[Band, int] = {"narrow": 8000, "wide": 16_000}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recording: what one person says, without noise."""

    language: str
    name: str
    """Path below the language's folder, without suffix."""

    @property
    def speech(self) -> bool:
        return self.name not in NOT_SPEECH and not self.name.startswith("silence/")

    def read(self, band: Band) -> Pcm:
        """int16 at the band's rate, decoded."""
        file = ROOT / VOICES[self.language] / self.name
        if band == "narrow":
            with wave.open(f"{file}.wav") as recording:
                return np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
        with av.open(f"{file}.g722", format="g722") as container:
            return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def list_prompts(language: str) -> list[Prompt]:
    """All prompts of a language that are there in both bands, by name.

    Raises ConfigError("no-prompts") that names the Debian packages.
    """
    folder = ROOT / VOICES[language]
    files = (file.relative_to(folder).with_suffix("") for file in sorted(folder.rglob("*.wav")))
    prompts = [Prompt(language, str(file)) for file in files if (folder / f"{file}.g722").exists()]
    if not prompts:
        packages = f"asterisk-core-sounds-{language}-wav and -g722"
        raise ConfigError("no-prompts", f"needs the Debian packages {packages}", language=language)
    return prompts


def list_sentences() -> list[Prompt]:
    """The English prompts that are whole sentences, so that cutting one makes it incomplete."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    wanted = {line for line in lines if not line.startswith("#")}
    return [prompt for prompt in list_prompts("en") if prompt.name in wanted]


def trim(pcm: Pcm, rate: int, threshold: int = 328) -> Pcm:
    """``pcm`` from its first to its last 10 ms with a peak above ``threshold`` (-40 dB of full scale)."""
    step = rate // 100
    peaks = np.abs(pcm[: len(pcm) // step * step].astype(np.int32)).reshape(-1, step).max(axis=1)
    loud = np.flatnonzero(peaks > threshold)
    return pcm[loud[0] * step : (loud[-1] + 1) * step] if loud.size else pcm[:0]
