"""What is derived from a model: made once, whole or not at all, and elsewhere if it must be."""

from __future__ import annotations

import pytest

from models.tts_onnx.derived import Derived
from voicecore.errors import EngineError


@pytest.fixture
def model(tmp_path):
    file = tmp_path / "voice.onnx"
    file.write_bytes(b"weights")
    return file


def test_is_made_once_for_all_processes(model):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "part").write_text("x")

    folders = [Derived(model).folder("split", make) for _ in range(3)]
    assert len(made) == 1
    assert len(set(folders)) == 1
    assert (folders[0] / "part").read_text() == "x"
    assert folders[0].parent.parent == model.parent


def test_another_model_has_another_folder(model):
    first = Derived(model)
    model.write_bytes(b"other weights")
    second = Derived(model)
    assert first.identity != second.identity
    made = [one.folder("split", lambda folder: None) for one in (first, second)]
    assert made[0] != made[1]


def test_what_fails_leaves_nothing(model):
    def fail(folder):
        (folder / "half").write_text("x")
        raise EngineError("model-broken")

    derived = Derived(model)
    with pytest.raises(EngineError):
        derived.folder("split", fail)
    assert [path for path in model.parent.rglob("*") if path.is_file()] == [model]
    assert derived.folder("split", lambda folder: None).is_dir()


def test_another_process_may_be_faster(model):
    derived = Derived(model)

    def make(folder):
        (folder / "mine").write_text("x")
        Derived(model).folder("split", lambda other: (other / "theirs").write_text("y"))

    assert [path.name for path in derived.folder("split", make).iterdir()] == ["theirs"]


def test_where_nothing_may_be_written_it_goes_elsewhere(model, monkeypatch):
    monkeypatch.setattr("models.tts_onnx.derived.os.access", lambda *_: False)
    derived = Derived(model)
    made = []
    for _ in range(2):
        folder = derived.folder("split", made.append)
        assert folder.is_dir()
        assert model.parent not in folder.parents
    assert len(made) == 1


def test_remembers_values(model):
    values = iter([-23.5, "never"])
    assert [Derived(model).remember("level", lambda: next(values)) for _ in range(2)] == [-23.5, -23.5]


def test_a_missing_model(tmp_path):
    with pytest.raises(EngineError) as caught:
        Derived(tmp_path / "none.onnx")
    assert caught.value.code == "model-missing"
