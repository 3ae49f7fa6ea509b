"""Guardrails between the caller, the dialogue and the voice; and what is compiled into an agent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from voicecore.dialogue import Dialogue, Heard, IntentIndex, Steered, load_agent
from voicecore.errors import ConfigError
from voicecore.guardrails import Action, Guardrails, Layers, Supervisor, load_guardrails, parse_guardrails
from voicecore.pipeline.constraints import constrain
from voicecore.pipeline.grounding import Grounding
from voicecore.pipeline.guard import Guard
from voicecore.types import Transcript

EXAMPLE = Path(__file__).parents[2] / "voicecore" / "examples" / "billing"
AGENT = load_agent(EXAMPLE)
INDEX = IntentIndex.build(AGENT)


def guard(rules: Guardrails | None = None) -> Guard:
    supervisor = Supervisor(Layers(rules or load_guardrails(EXAMPLE)), lambda: 0.0)
    return Guard(supervisor, Grounding(AGENT), INDEX)


def heard(text: str) -> Heard:
    return Heard(Transcript(text, final=True))


async def test_an_attack_becomes_the_guardrails_answer() -> None:
    state, _ = Dialogue(AGENT, INDEX, date(2026, 11, 20)).start()
    subject = guard()
    for text, expected in (
        ("how much do i owe", None),
        ("i want to kill myself", True),
        ("you stupid robot", False),
    ):
        event = heard(text)
        verdict = await subject.heard(event, state, 1.0)
        taken = subject.take(event, verdict)
        if expected is None:
            assert taken is event
        else:
            assert isinstance(taken, Steered)
            assert (taken.hand_off, bool(taken.text)) == (expected, True)


async def test_every_wording_of_the_example_may_be_said() -> None:
    """All that the dialogue can say by itself passes, with the values that fill it."""
    state, actions = Dialogue(AGENT, INDEX, date(2026, 11, 20)).start()
    subject = guard()
    grounding = Grounding(AGENT)
    said = [action.text for action in actions if hasattr(action, "text")]
    for text in (
        *said,
        *(text for text in grounding.approved if "{" not in text and text.endswith((".", "?"))),
    ):
        verdict = await subject.about_to_say(text, state, said=("I am an automated assistant.",))
        assert verdict.action is Action.ALLOW, (text, verdict)


async def test_own_approved_sentences_are_never_rewritten() -> None:
    state, _ = Dialogue(AGENT, INDEX, date(2026, 11, 20)).start()
    rules = load_guardrails(EXAMPLE)
    for text in rules.own_texts:
        verdict = await guard(rules).about_to_say(text, state, said=("I am an automated assistant.",))
        assert verdict.action is Action.ALLOW, (text, verdict)


def test_constraints_reach_the_language_model_and_behaviour_stays() -> None:
    constrained = constrain(AGENT, load_guardrails(EXAMPLE), EXAMPLE)
    assert constrained.persona.instruction.startswith(AGENT.persona.instruction)
    assert "Never promise a refund" in constrained.persona.instruction
    assert constrained.flows == AGENT.flows


def test_a_disclosure_that_no_flow_says_becomes_its_first_step() -> None:
    rules = parse_guardrails(
        "disclosures: [{id: rec, say: This call is recorded., marks: [recorded], flow: main}]\n"
    )
    dialogue = Dialogue(constrain(AGENT, rules), INDEX, date(2026, 11, 20))
    _, actions = dialogue.start()
    assert actions[0].text == "This call is recorded."  # type: ignore[union-attr]


def test_a_disclosure_for_an_unknown_flow_is_located(tmp_path: Path) -> None:
    told = "  - id: rec\n    say: This call is recorded.\n    marks: [recorded]\n    flow: nowhere\n"
    text = f"patience: 2\ndisclosures:\n{told}"
    (tmp_path / "guardrails.yaml").write_text(text)
    with pytest.raises(ConfigError) as fault:
        constrain(AGENT, load_guardrails(tmp_path), tmp_path)
    assert (fault.value.code, fault.value.facts["line"]) == ("bad-reference", 6)
