"""Fixtures: tiny synthetic voices, whose sound means nothing and whose graphs are those of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.espeak import LIBRARY
from models.synthesize import kokoro, vits


@pytest.fixture(scope="session")
def toy_vits(tmp_path_factory) -> Path:
    """A folder with a voice in Piper's layout."""
    folder = tmp_path_factory.mktemp("vits")
    vits.write("toy", folder / "toy.onnx")
    return folder


@pytest.fixture(scope="session")
def toy_kokoro(tmp_path_factory) -> Path:
    """A folder with a model in Kokoro's layout."""
    folder = tmp_path_factory.mktemp("kokoro")
    kokoro.write("toy", folder)
    return folder


@pytest.fixture(scope="session")
def transcribe():
    voice = LIBRARY.find_voice("en-us")
    return lambda text, tie="": LIBRARY.transcribe(voice, text, tie)
