"""What a process is told to load: JSON there and back, options as their constructors want them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.choice import Choice
from models.engines import load
from models.serving.fleet import Fleet
from models.serving.spec import Spec
from models.synthesize.install import synthesize
from voicecore.errors import ConfigError


def test_a_spec_comes_back():
    spec = Spec(
        {"asr": Choice("whisper", "whisper-base", {"threads": 2}), "turn": Choice("blend")},
        Path("/data"),
        sealed=True,
    )
    assert Spec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("text", ["", "{}", '{"engines": {"asr": {}}, "data_dir": "/"}'])
def test_anything_else_is_refused(text):
    with pytest.raises(ConfigError, match="bad-engine-spec"):
        Spec.from_json(text)


def test_engines_are_made_with_another_model(tmp_path):
    synthesize("piper-de-de", tmp_path, shape="toy")
    made = Spec({"tts": Choice("piper", "piper-de-de", {"voice": "en"})}, tmp_path).load()
    own = load("tts", "piper", tmp_path, model="piper-de-de", voice="en")
    assert [len(c.pcm) for c in made["tts"].synthesize("hello")] == [
        len(c.pcm) for c in own.synthesize("hello")
    ]


def test_processes_are_sealed_but_for_engines_that_are_a_servers_clients(tmp_path):
    made = {"asr": Choice("pocketsphinx"), "tts": Choice("espeak"), "llm": Choice("openai")}
    fleet = Fleet(made, tmp_path, sealed=True)
    assert {name: host._spec.sealed for name, host in fleet.hosts.items()} == {
        "asr": True,
        "llm": False,
        "tts": True,
    }
    fleet.stop()
