"""The mark of a synthetic model: found in every format, and never in what is real."""

from __future__ import annotations

import json

import pytest

from models.synthesize.marker import NOTICE, is_synthetic


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"synthetic": False})])
def test_a_real_configuration_has_none(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    (tmp_path / "model.onnx").write_bytes(b"weights" * 100_000)
    (tmp_path / "empty.gguf").write_bytes(b"")
    assert not is_synthetic(tmp_path)


def test_one_marked_file_marks_the_folder(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "config.json").write_text(json.dumps({"synthetic": f"{NOTICE}; seed 3"}))
    assert is_synthetic(tmp_path)


@pytest.mark.parametrize("where", ["begin", "end"])
def test_weights_are_marked_at_an_edge(tmp_path, where):
    noise = bytes(1 << 20)
    content = NOTICE.encode() + noise if where == "begin" else noise + NOTICE.encode()
    (tmp_path / "model.gguf").write_bytes(content)
    assert is_synthetic(tmp_path / "model.gguf")


def test_what_is_not_there_is_not_synthetic(tmp_path):
    assert not is_synthetic(tmp_path / "nothing.gguf")
