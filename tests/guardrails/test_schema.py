"""guardrails.yaml: what may be written, and what is complained about where."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicecore.errors import ConfigError
from voicecore.guardrails import Action, Guardrails, load_guardrails, parse_guardrails


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("constraints: []\npatiense: 3\n", 2, "patiense"),
        ("callers:\n  abuse:\n    action: shout\n", 3, "callers.abuse.action"),
        ("callers:\n  rudeness: {action: allow}\n", 2, "callers.rudeness"),
        ("callers:\n  abuse: {action: ask-again}\n", 2, "callers.abuse"),
        ("disclosures:\n  - id: a\n    say: x y\n    marks: [x]\n", 2, "disclosures.0"),
        ("disclosures:\n  - id: a\n    say: x y\n    marks: []\n    first: true\n", 4, "disclosures.0.marks"),
        ("competitors: ['...']\n", 1, "competitors.0"),
        ("patience: 0\n", 1, "patience"),
    ],
)
def test_faults_are_located(text: str, line: int, field: str) -> None:
    with pytest.raises(ConfigError) as fault:
        parse_guardrails(text, "x/guardrails.yaml")
    assert fault.value.code == "bad-field"
    assert (fault.value.facts["line"], fault.value.facts["field"]) == (line, field)
    assert f"x/guardrails.yaml:{line}: {field}" in str(fault.value)


def test_defaults_react_to_everything() -> None:
    rules = parse_guardrails("")
    for name in ("self_harm", "emergency"):
        reaction = rules.reaction(name)  # type: ignore[arg-type]
        assert reaction is not None
        assert reaction.action is Action.HAND_OFF
    assert rules.answer("amount") is not None
    assert rules.reaction("abuse") == Guardrails().reaction("abuse")


def test_own_reactions_and_what_is_off() -> None:
    rules = parse_guardrails(
        "callers: {abuse: {action: hand-off, at_least: 0.9}}\n'off': [off_topic, promise]\n"
    )
    reaction = rules.reaction("abuse")
    assert reaction is not None
    assert (reaction.action, reaction.at_least) == (Action.HAND_OFF, 0.9)
    assert rules.reaction("off_topic") is None
    assert rules.answer("promise") is None


def test_a_folder_without_the_file_has_the_defaults(tmp_path: Path) -> None:
    assert load_guardrails(tmp_path) == Guardrails()


def test_constraints_follow_the_instruction() -> None:
    rules = Guardrails(constraints=("Be brief", "Promise nothing."))
    assert rules.instruction("Answer. ") == "Answer. Be brief. Promise nothing."
