"""The data folder: what goes in whole, what is told of it, what comes out."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import pytest

from models.catalogue import RECEIPT, Hub, Member, Model, find_model, read_receipt
from models.shelf import (
    check_new_name,
    clear_staging,
    copy_checked,
    install,
    made_verdict,
    remove,
    require_space,
    staging_folder,
    verdict,
)
from voicecore.errors import ConfigError, EngineError

CONTENT = b"weights"
MEMBER = Member("a/model.bin", "model.bin", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
MODEL = Model("toy", Hub("some/repo", "main"), "MIT", "", (MEMBER,))


def put(data_dir, source=None):
    files = staging_folder(data_dir, "toy") / "files"
    files.mkdir(parents=True)
    (files / "model.bin").write_bytes(CONTENT)
    install(files, ["model.bin"], data_dir / "toy", source or MODEL.source)
    clear_staging(data_dir, "toy")


def test_what_is_installed_replaces_all_that_was_there(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "vocabulary.json").write_text("of another model")
    put(tmp_path)
    assert sorted(file.name for file in (tmp_path / "toy").iterdir()) == ["model.bin", RECEIPT]
    assert [file.name for file in tmp_path.iterdir()] == ["toy"]
    assert verdict(MODEL, tmp_path) == "ok"


def test_what_an_engine_adds_later_does_not_count(tmp_path):
    put(tmp_path)
    (tmp_path / "toy" / "derived-1").mkdir()
    assert verdict(MODEL, tmp_path) == "ok"


def test_synthetic_weights_are_hashed_too(tmp_path):
    put(tmp_path, {"synthetic": {"shape": "toy"}})
    assert verdict(MODEL, tmp_path) == "synthetic"
    (tmp_path / "toy" / "model.bin").write_bytes(CONTENT[::-1])
    assert verdict(MODEL, tmp_path) == "corrupt"


def test_what_was_made_here_is_held_to_its_receipt(tmp_path):
    put(tmp_path, {"made": {"by": "convert"}})
    assert made_verdict("toy", tmp_path) == "made"
    (tmp_path / "toy" / "model.bin").write_bytes(CONTENT[::-1])
    assert made_verdict("toy", tmp_path) == "corrupt"
    assert made_verdict("nothing", tmp_path) == "corrupt"


def test_a_disk_that_is_too_small_is_told_before(tmp_path):
    huge = replace(MODEL, members=(replace(MEMBER, size=10**18),))
    with pytest.raises(EngineError, match=r"no-space.*1000000000\.0 GB"):
        require_space([huge], tmp_path)
    require_space([MODEL], tmp_path)


def test_remove_takes_the_model_and_what_a_pull_left(tmp_path):
    put(tmp_path)
    left = staging_folder(tmp_path, "toy") / "files"
    left.mkdir(parents=True)
    (left / "model.bin.part").write_bytes(CONTENT)
    freed = remove(["toy"], tmp_path)
    assert freed > 2 * len(CONTENT)
    assert not (tmp_path / "toy").exists()
    assert not left.exists()
    assert remove(["minilm"], tmp_path) == 0, "of the catalogue, but not here"


@pytest.mark.parametrize("name", ["nothing", "..", ".", "../toy", "", ".staging", "/"])
def test_remove_touches_only_models(tmp_path, name):
    put(tmp_path / "data")
    (tmp_path / "toy").mkdir()
    (tmp_path / RECEIPT).write_text("{}")
    with pytest.raises(ConfigError, match="unknown-model"):
        remove([name], tmp_path / "data")
    assert read_receipt(tmp_path / "data" / "toy")


@pytest.mark.parametrize("name", ["minilm", "a/b", "..", ".hidden", ""])
def test_names_that_a_new_model_cannot_have(name):
    with pytest.raises(ConfigError, match="bad-model-name"):
        check_new_name(name)
    check_new_name("our-own-2")


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"!", b"", CONTENT[::-1]])
def test_a_copy_is_checked(tmp_path, content):
    with pytest.raises(ValueError, match=r"a/model\.bin is"):
        copy_checked(io.BytesIO(content), MEMBER, tmp_path / "deep" / "model.bin")
    copy_checked(io.BytesIO(CONTENT), MEMBER, tmp_path / "deep" / "model.bin")


def test_where_no_size_is_known_the_hash_decides(tmp_path):
    free = Member("m", "m", MEMBER.sha256)
    copy_checked(io.BytesIO(CONTENT), free, tmp_path / "m")
    with pytest.raises(ValueError, match="not any number of bytes"):
        copy_checked(io.BytesIO(CONTENT * 2), free, tmp_path / "m")


def test_a_file_without_any_hash_never_passes(tmp_path):
    with pytest.raises(ValueError, match="sha256 None"):
        copy_checked(io.BytesIO(CONTENT), Member("m", "m"), tmp_path / "m")


def test_nothing_of_the_catalogue_is_there_at_first(tmp_path):
    assert verdict(find_model("silero-vad"), tmp_path) == "missing"
