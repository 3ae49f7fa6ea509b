"""A scripted model, made once."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

PHRASE = "pay my bill"


@pytest.fixture(scope="session")
def scripted(tmp_path_factory) -> Path:
    """The folder of a model that always says "pay my bill"."""
    place = Path(__file__).with_name("scripted.py")
    spec = importlib.util.spec_from_file_location("scripted", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("whisper")
    module.write_scripted(folder, PHRASE)
    return folder
