"""What a configuration may ask of an engine, and what it hears when it may not."""

from __future__ import annotations

import pytest

from models.asr_whisper import Settings as WhisperSettings
from models.choice import Choice, chosen, refuse_synthetic, synthetic_models, typed_options
from models.llm_openai import Server
from models.synthesize.install import synthesize
from voicecore.config import EngineChoice
from voicecore.errors import ConfigError, EngineError


def wanted(engine, **more):
    return EngineChoice(engine=engine, **more)


def test_an_engine_gets_what_it_takes_of_what_the_appliance_adds():
    added = {"voice": "en", "fixed": ["Hello."], "opening": "Be brief."}
    assert chosen("tts", wanted("espeak"), added) == Choice("espeak", options={"voice": "en"})
    neural = chosen("tts", wanted("piper", model="piper-de-de", device="cuda", threads=2), added)
    assert neural.model == "piper-de-de"
    assert neural.options == {"voice": "en", "fixed": ["Hello."], "device": "cuda", "threads": 2}


def test_options_become_what_the_constructor_wants():
    choice = chosen(
        "llm", wanted("openai", options={"server": {"url": "http://127.0.0.1:1/v1", "model": "m"}})
    )
    assert typed_options("llm", choice) == {"server": Server("http://127.0.0.1:1/v1", "m")}


def test_settings_become_what_the_engine_takes():
    options = typed_options("asr", Choice("whisper", options={"threads": 1, "settings": {"lockstep": True}}))
    assert options == {"threads": 1, "settings": WhisperSettings(lockstep=True)}


def test_a_mapping_stays_one_where_the_engine_wants_one():
    lexicon = {"Northwind": "north wind"}
    assert typed_options("tts", Choice("espeak", options={"lexicon": lexicon})) == {"lexicon": lexicon}


@pytest.mark.parametrize(
    ("port", "choice", "code", "loc"),
    [
        ("asr", wanted("kaldi"), "unknown-engine", ()),
        ("asr", wanted("pocketsphinx", device="cuda"), "bad-option", ("device",)),
        ("asr", wanted("pocketsphinx", threads=2), "bad-option", ("threads",)),
        ("asr", wanted("pocketsphinx", model="whisper-base"), "unknown-model", ("model",)),
        ("asr", wanted("whisper", model="qwen3-8b"), "unknown-model", ("model",)),
        ("asr", wanted("whisper", options={"tongue": "en"}), "bad-option", ("options", "tongue")),
        ("asr", wanted("whisper", options={"device": "cuda"}), "bad-option", ("options", "device")),
        ("tts", wanted("piper", options={"voice": "en"}), "bad-option", ("options", "voice")),
        (
            "asr",
            wanted("whisper", options={"settings": {"margin": 1}}),
            "bad-option",
            ("options", "settings", "margin"),
        ),
        (
            "asr",
            wanted("whisper", options={"settings": {"margin_s": "long"}}),
            "bad-option",
            ("options", "settings", "margin_s"),
        ),
        (
            "asr",
            wanted("whisper", options={"settings": {"streams": 0}}),
            "bad-settings",
            ("options", "settings"),
        ),
        ("llm", wanted("retrieval", options={"threshold": "high"}), "bad-option", ("options", "threshold")),
    ],
)
def test_what_is_wrong_is_named_with_its_place(port, choice, code, loc):
    with pytest.raises(ConfigError) as caught:
        chosen(port, choice)
    assert caught.value.code == code
    if loc:
        assert caught.value.facts["loc"] == ("engines", port, *loc)
        assert ".".join(("engines", port, *loc)) in str(caught.value)


def test_settings_within_settings_are_checked_too():
    pytest.importorskip("llama_cpp")
    options = {"settings": {"placement": {"cell": 4096}}}
    with pytest.raises(ConfigError) as caught:
        chosen("llm", wanted("llama", options=options))
    assert caught.value.facts["loc"] == ("engines", "llm", "options", "settings", "placement", "cell")
    assert "known: cells," in str(caught.value)


def test_noise_is_told_from_weights_and_refused(tmp_path):
    synthesize("piper-en-us", tmp_path, shape="toy")
    choices = {"tts": chosen("tts", wanted("piper")), "asr": chosen("asr", wanted("pocketsphinx"))}
    assert synthetic_models(choices, tmp_path) == ("piper-en-us",)
    with pytest.raises(EngineError, match="model-synthetic") as caught:
        refuse_synthetic(choices, tmp_path)
    assert "voicecore models pull piper-en-us" in str(caught.value)
    assert "allow_synthetic" in str(caught.value)
    refuse_synthetic({"asr": choices["asr"]}, tmp_path)
