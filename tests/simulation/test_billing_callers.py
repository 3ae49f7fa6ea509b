"""The example's callers load, know their customer, and answer the agent's real prompts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

import voicecore
from voicecore.examples.billing.seed import CUSTOMERS
from voicecore.simulation.person import AgentSays, FloorGiven, Person, Press, Speak, Tick
from voicecore.simulation.script import Script, load_script

CALLERS = sorted((Path(voicecore.__file__).parent / "examples/billing/callers").glob("*.yaml"))
TODAY = date(2026, 11, 20)


def reaction(script: Script, text: str) -> str:
    """What a caller who has just been asked ``text`` does."""
    person = Person(script)
    person.step(AgentSays(("1", "1"), text), 0.0)
    person.step(Tick(True), 0.02)
    person.step(FloorGiven(), 0.04)
    for tick in range(200):
        for act in person.step(Tick(False), 0.06 + tick * 0.02):
            if isinstance(act, Speak):
                return " ".join(act.pieces) or script.lines[act.line].text
            assert isinstance(act, Press)
            return act.digits
    raise AssertionError("the caller does nothing")


def named(name: str) -> Script:
    return load_script(next(path for path in CALLERS if path.stem == name), TODAY)


@pytest.mark.parametrize("path", [p for p in CALLERS if p.stem != "questions"], ids=lambda path: path.stem)
def test_caller_is_a_customer_and_answers_the_agents_questions(path: Path) -> None:
    script = load_script(path, TODAY)
    number, postcode = script.facts["customer_number"][0], script.facts["postcode"][0]
    assert (number, postcode) in {(customer.number, customer.postcode) for customer in CUSTOMERS}
    spelled = script.wording(("{customer_number}",))[0]
    assert reaction(script, "What is your customer number? It has six digits.") in (spelled, number)
    assert reaction(script, f"I heard {spelled}. Is that right?") in ("that's right", "1")
    assert reaction(script, "I heard one one one, one one one. Is that right?") in ("that's wrong", "2")
    assert reaction(script, "How can I help you?") == " ".join(script.lines[0].say)


def test_main_caller_agrees_only_to_what_was_meant() -> None:
    script = named("main")
    plan = "So that is eighty-six euros and forty cents in {}, the first on {}. Shall I set that up?"
    assert reaction(script, plan.format("three payments", "December fourth")) == "yes please"
    assert reaction(script, plan.format("three payments", "December fifth")) == "no change the date"
    assert reaction(script, plan.format("two payments", "December fourth")) == "no make it three payments"
    keyed = "When would you like to make the first payment? You can also key in two digits for the day."
    assert reaction(script, keyed) == "0412"


def test_changing_ones_mind_ends_in_the_second_thoughts() -> None:
    script = named("changes_mind")
    plan = "That would be {} for ninety euros, starting on {}. Shall I set that up?"
    assert reaction(script, "How many payments would you like?") == "when are you open"
    assert reaction(script, plan.format("three payments", "December fourth")) == "no, make it four payments"
    assert reaction(script, plan.format("four payments", "December fourth")) == "no, change the date"
    assert reaction(script, plan.format("four payments", "December eleventh")) == "yes please"


def test_errands_name_tools_of_the_example_and_the_day_meant() -> None:
    tools = yaml.safe_load((CALLERS[0].parent.parent / "tools.yaml").read_text())["tools"]
    for path in CALLERS:
        for tool, wanted in load_script(path, TODAY).errand.items():
            assert wanted.keys() <= tools[tool]["arguments"].keys()
    assert named("main").errand["create_arrangement"] == {"instalments": 3, "first_date": "2026-12-04"}


def test_somebody_with_questions_goes_on_when_answered() -> None:
    script = named("questions")
    assert reaction(script, "How can I help you?") == "when are you open"
    assert reaction(script, "Did you want to end the call?") == "no"
