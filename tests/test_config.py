"""What people write: accepted, or answered with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicecore.config import Appliance, EngineChoice, Registration, load_yaml, parse_yaml
from voicecore.errors import ConfigError


def complaint(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "appliance.yaml", Appliance)
    return caught.value


def test_an_appliance_needs_only_an_agent() -> None:
    appliance = parse_yaml("agent: here", "appliance.yaml", Appliance)
    assert appliance.agent == Path("here")
    assert appliance.sip.codecs == ("G722", "PCMA", "PCMU")
    assert appliance.engines.labels["asr"] == "pocketsphinx"


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("agent: a\nsip:\n  port: many\n", 3, "sip.port"),
        ("agent: a\nsip:\n  port: 70000\n", 3, "sip.port"),
        ("agent: a\nsip:\n  address: x\n  codecs: [G722, G729]\n", 4, "sip.codecs.1"),
        ("agent: a\nsip:\n  max_calls: 5\n", 3, "sip.max_calls"),
        ("agent: a\ncolour: red\n", 2, "colour"),
        ("sip: {}\n", 1, "agent"),
        ("agent: a\nsip:\n  register:\n    user: me\n", 3, "sip.register.registrar"),
        ("agent: a\nturns:\n  speech_probability: 2\n", 3, "turns.speech_probability"),
        ("agent: a\nengines:\n  asr: {engine: whisper, device: gpu}\n", 3, "engines.asr.device"),
        ("agent: a\nengines:\n  asr:\n    engine: whisper\n    treads: 2\n", 5, "engines.asr.treads"),
        ("agent: a\nengines:\n  llm: {model: qwen3-8b}\n", 3, "engines.llm.engine"),
        ("[1, 2]\n", 1, "(document)"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(text: str, line: int, field: str) -> None:
    error = complaint(text)
    assert error.code == "bad-field"
    assert (error.facts["line"], error.facts["field"]) == (line, field)
    assert f"appliance.yaml:{line}: {field}: " in str(error)


def test_an_engine_is_a_name_or_says_more() -> None:
    text = "agent: a\nengines:\n  asr: whisper\n  llm: {engine: llama, model: qwen3-8b, device: 'cuda:1'}\n"
    engines = parse_yaml(text, "appliance.yaml", Appliance).engines
    assert engines.asr == EngineChoice(engine="whisper")
    assert engines.llm == EngineChoice(engine="llama", model="qwen3-8b", device="cuda:1")
    assert engines.labels["llm"] == "llama qwen3-8b"
    assert not engines.allow_synthetic


def test_all_faults_are_told_at_once() -> None:
    error = complaint("agent: a\nsip:\n  port: many\nstore:\n  url: 3\n")
    assert len(str(error).splitlines()) == 2


@pytest.mark.parametrize(("text", "line"), [("agent: [", 1), ("agent: a\n\tsip: b", 2), ("a: b: c", 1)])
def test_broken_yaml_names_its_line(text: str, line: int) -> None:
    error = complaint(text)
    assert error.code == "yaml-syntax"
    assert error.facts["line"] == line


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-such-file"):
        load_yaml(tmp_path / "none.yaml", Appliance)


def test_a_password_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    assert Registration(registrar="r", user="u", password_file=secret).password() == "s3cret"
    monkeypatch.setenv("SIP_PASSWORD", "other")
    assert Registration(registrar="r", user="u", password_env="SIP_PASSWORD").password() == "other"
    with pytest.raises(ConfigError, match="no-secret"):
        Registration(registrar="r", user="u").password()
    with pytest.raises(ConfigError, match="no-secret"):
        Registration(registrar="r", user="u", password_file=tmp_path / "none").password()
