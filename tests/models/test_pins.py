"""The operator's hashes: kept, read back, refused when they are none."""

from __future__ import annotations

import pytest

from models.pins import PINS, add_pins, parse_pins, read_pins
from voicecore.errors import ConfigError

ONE, TWO = "1" * 64, "2" * 64


def test_pins_are_kept_and_the_later_one_counts(tmp_path):
    assert read_pins(tmp_path) == {}
    add_pins(tmp_path / "new", "voice", {"a": ONE, "b": ONE})
    add_pins(tmp_path / "new", "voice", {"b": TWO})
    add_pins(tmp_path / "new", "other", {"a": TWO})
    assert read_pins(tmp_path / "new") == {"voice": {"a": ONE, "b": TWO}, "other": {"a": TWO}}


def test_written_on_a_command_line():
    assert parse_pins([f"a.onnx={ONE}", f"voices/b={'AB' * 32}"]) == {"a.onnx": ONE, "voices/b": "ab" * 32}


@pytest.mark.parametrize("text", ["a.onnx", "a=", "a=12", f"a={'g' * 64}", f"a={ONE}0"])
def test_what_is_no_hash_is_refused(text):
    with pytest.raises(ConfigError, match="bad-pins"):
        parse_pins([text])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"b": "c"}}', '{"a": {"b": null}}'])
def test_a_broken_file_names_itself(tmp_path, text):
    (tmp_path / PINS).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=PINS):
        read_pins(tmp_path)
