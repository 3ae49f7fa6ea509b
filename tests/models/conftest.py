"""Fixtures of the engines' tests: pulled models, and recorded human prompts."""

from __future__ import annotations

import importlib.util
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from voicecore.types import Pcm

SAID = "pay my bill"
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


@pytest.fixture(scope="session")
def prompt_8k() -> Callable[[str], Pcm]:
    """Reads a recorded prompt (human speech), int16 at 8 kHz, by its name."""
    if not PROMPTS.is_dir():
        pytest.skip("needs the Debian package asterisk-core-sounds-en-wav")

    def read(name: str) -> Pcm:
        with wave.open(str(PROMPTS / f"{name}.wav")) as prompt:
            assert prompt.getframerate() == 8000
            return np.frombuffer(prompt.readframes(prompt.getnframes()), np.int16)

    return read


@pytest.fixture(scope="session")
def scripted_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Whisper that says "pay my bill" to any sound."""
    place = Path(__file__).with_name("scripted_whisper.py")
    spec = importlib.util.spec_from_file_location("scripted_whisper", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("whisper")
    module.write_scripted(folder, SAID)
    return folder
