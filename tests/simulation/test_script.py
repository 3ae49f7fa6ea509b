"""Caller scripts: what designers may write, and how faults are named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from voicecore.config import parse_yaml
from voicecore.errors import ConfigError
from voicecore.simulation.script import Script, load_script


def test_bare_yes_and_no_are_words() -> None:
    script = parse_yaml("lines: [{say: yes}, {say: [no, thanks]}]", "x", Script)
    assert [line.say for line in script.lines] == [("yes",), ("no", "thanks")]


def test_facts_fill_in_and_digits_are_spelled() -> None:
    script = parse_yaml(
        'facts: {number: "0271", town: [Leeds, leed]}\nlines: [{say: "{number}, {town}", dtmf: "{number}#"}]',
        "x",
        Script,
    )
    line = script.lines[0]
    assert script.wording(line.say) == ("zero two seven one, Leeds",)
    assert script.keys(line) == "0271#"


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("lines:\n  - say: hi\n  - when: '('\n    say: x", 3, "not a regular expression"),
        ("lines:\n  - delay_ms: 5", 2, "needs one of say"),
        ("lines:\n  - {say: x, wav: y.wav}", 2, "use one"),
        ("lines:\n  - {at: 1, when: x, say: y}", 2, "at stands alone"),
        ("lines:\n  - {say: x, if_wrong: a}", 2, "needs check"),
        ("lines:\n  - {say: x, check: a}", 2, "need when"),
        ("lines:\n  - {when: x, say: y, expect: z}", 2, "expect is for"),
        ("lines:\n  - {when: x, say: y, repeat: true}", 2, "leave them out"),
        ("facts: {n: '1'}\nlines:\n  - say: '{m}'", 1, "unknown fact m (known: n)"),
        ("facts:\n  n: 123\nlines:\n  - say: x", 2, "put it in quotes"),
        ("lines:\n  - dtmf: '12x'", 1, "dtmf may hold"),
        ("lines: []", 1, "at least 1 item"),
        ("lines:\n  - sya: x", 2, "Extra inputs"),
    ],
)
def test_faults_name_file_line_and_reason(text: str, line: int, complaint: str) -> None:
    with pytest.raises(ConfigError, match="bad-field") as caught:
        parse_yaml(text, "caller.yaml", Script)
    assert f"caller.yaml:{line}:" in str(caught.value)
    assert complaint in str(caught.value)


def test_recordings_lie_beside_the_script(tmp_path: Path) -> None:
    path = tmp_path / "person.yaml"
    path.write_text("lines: [{wav: hello.wav, text: hello}, {wav: /abs/x.g722}]")
    script = load_script(path)
    assert [line.wav for line in script.lines] == [(tmp_path / "hello.wav",), (Path("/abs/x.g722"),)]
    assert script.name == "person"
    with pytest.raises(ConfigError, match="no-such-file"):
        load_script(tmp_path / "none.yaml")


def test_days_ahead_are_worded_as_the_agent_words_them(tmp_path: Path) -> None:
    path = tmp_path / "person.yaml"
    path.write_text('facts: {day: "{today+14}"}\nlines: [{say: "on {day}", dtmf: "{today+14:keys}#"}]')
    script = load_script(path, date(2026, 11, 20))
    assert script.wording(script.lines[0].say) == ("on December fourth",)
    assert script.keys(script.lines[0]) == "0412#"
