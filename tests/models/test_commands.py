"""``voicecore models`` as an operator types it."""

from __future__ import annotations

import hashlib
import json

import pytest
from typer.testing import CliRunner

from models import catalogue as known
from models.catalogue import Hub, Member, Model, Wheel
from models.commands import models_app
from models.pins import read_pins
from tests.models.hub import serve
from voicecore.errors import ConfigError, EngineError

CONTENT = b"weights" * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICECORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "250")
    return tmp_path / "data"


@pytest.fixture
def toys(monkeypatch):
    """A catalogue of two models of a hub, one of them unpinned, behind every name it is used under."""
    origin = Hub("some/repo", "abc")
    pinned = Model(
        "toy", origin, "MIT", "a toy", (Member("m", "model.bin", DIGEST, len(CONTENT)),), kind="asr"
    )
    free = Model("free", origin, "MIT", "a toy", (Member("m", "model.bin"),), hashes="unpinned")
    for module in ("catalogue", "commands", "pull", "shelf"):
        monkeypatch.setattr(f"models.{module}.catalogue", lambda: (pinned, free))
    monkeypatch.setattr(known, "model_sets", lambda: {"embedded": (pinned,)})
    monkeypatch.setattr("models.commands.model_sets", known.model_sets)
    with serve({"some/repo/resolve/abc/m": CONTENT}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield


def run(*arguments, fails=None):
    """What the command printed; ``fails``: the error that it ends with."""
    done = CliRunner().invoke(models_app, arguments)
    if fails:
        assert isinstance(done.exception, fails[0]), done.output
        assert done.exception.code == fails[1]
        return str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


def test_the_list_tells_source_licence_size_and_state(data):
    listed = run("list")
    for word in ("whisper-large-v3-turbo", "Apache-2.0", "5027.8 MB", "Q4_K_M", "published", "unpinned"):
        assert word in listed
    assert "gpu-80g (23" in listed


def test_the_list_as_json(data):
    listed = json.loads(run("list", "--json"))
    (turbo,) = (model for model in listed["models"] if model["name"] == "whisper-large-v3-turbo")
    assert turbo["origin"]["repo"] == "mobiuslabsgmbh/faster-whisper-large-v3-turbo"
    assert turbo["state"] == "-"
    assert "whisper-base" in listed["sets"]["cpu"]


def test_pull_verify_remove(data, toys):
    printed = run("pull")
    assert "toy: getting some/repo@abc" in printed
    assert "toy/model.bin" in printed, "the bar"
    assert run("verify") == "toy: ok\n"
    assert "here" in run("list")
    (data / "toy" / "model.bin").write_bytes(CONTENT[::-1])
    assert CliRunner().invoke(models_app, ["verify"]).exit_code == 1
    assert "freed 0.0 MB" in run("remove", "toy")
    assert not (data / "toy").exists()
    run("remove", "nothing", fails=(ConfigError, "unknown-model"))


def test_an_unpinned_model_wants_the_operators_hash_once(data, toys):
    assert "--pin model.bin=SHA256" in run("pull", "free", fails=(EngineError, "model-unpinned"))
    run("pull", "free", "--pin", "model.bin=12", fails=(ConfigError, "bad-pins"))
    run("pull", "free", "--pin", f"other.bin={DIGEST}", fails=(ConfigError, "pin-conflict"))
    run("pull", "--pin", f"model.bin={DIGEST}", "free", "toy", fails=(ConfigError, "bad-pins"))
    assert read_pins(data) == {}
    assert "free: done" in run("pull", "free", "--pin", f"model.bin={DIGEST}")
    run("remove", "free")
    assert "free: done" in run("pull", "free")


def test_a_pin_cannot_change_the_catalogue(data, toys):
    run("pull", "toy", "--pin", f"model.bin={'0' * 64}", fails=(ConfigError, "pin-conflict"))
    assert not data.exists()


def test_import_from_a_stick(data, toys, tmp_path):
    (tmp_path / "stick" / "toy").mkdir(parents=True)
    (tmp_path / "stick" / "toy" / "model.bin").write_bytes(CONTENT)
    assert "toy: done" in run("import", str(tmp_path / "stick"))
    assert run("verify", "toy") == "toy: ok\n"


def test_synthetic_models_are_listed_and_verified_as_such(data):
    pytest.importorskip("gguf")
    assert run("synthesize", "qwen3-8b", "--shape", "toy") == "qwen3-8b: made, synthetic\n"
    assert "synthetic" in run("list")
    done = CliRunner().invoke(models_app, ["verify", "qwen3-8b"])
    assert (done.output, done.exit_code) == ("qwen3-8b: synthetic\n", 1)
    run("synthesize", "minilm", fails=(ConfigError, "no-shape"))


def test_a_set_is_synthesized_as_far_as_it_has_shapes(data):
    for package in ("gguf", "ctranslate2", "onnx"):
        pytest.importorskip(package)
    assert run("synthesize", "cpu", "--shape", "toy").splitlines() == [
        f"{name}: made, synthetic" for name in ("whisper-base", "qwen2.5-1.5b", "piper-en-us")
    ]


def test_what_was_made_here_is_verified_by_its_name(data):
    pytest.importorskip("gguf")
    run("synthesize", "qwen3-8b", "--shape", "toy")
    receipt = data / "qwen3-8b" / "receipt.json"
    content = json.loads(receipt.read_text())
    receipt.write_text(json.dumps(content | {"source": {"made": {"by": "quantize"}}}))
    (data / "qwen3-8b").rename(data / "ours")
    assert run("verify", "ours") == "ours: made\n"
    assert "made here" in run("list")
    (data / "ours" / "model.gguf").write_bytes(b"")
    assert CliRunner().invoke(models_app, ["verify", "ours"]).output == "ours: corrupt\n"


def test_convert_and_quantize_refuse_at_the_door(data, tmp_path):
    run("convert", str(tmp_path), "ours", fails=(ConfigError, "not-a-whisper"))
    run("quantize", "qwen3-8b", "ours", fails=(EngineError, "model-missing"))


def test_a_wheel_says_where_it_is_from():
    assert str(Wheel("silero-vad", "6.2.3")) == "silero-vad 6.2.3"
    assert str(Hub("some/repo", "0123456789")) == "some/repo@0123456"
