"""The YAML classes: what each field may hold."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from voicecore.dialogue.schema import Flow, Intent, Slot, Voice

CHOICES = [{"value": "a", "say": "A", "accepts": ["the a"]}]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"kind": "choice"}, "choices are needed by a choice slot"),
        ({"kind": "date", "choices": CHOICES}, "choices are needed by a choice slot"),
        ({"kind": "digits"}, "is needed by a digits slot"),
        ({"kind": "date", "digits": [1, 2]}, "is needed by a digits slot"),
        ({"kind": "digits", "digits": [3, 2]}, "1 <= fewest <= most"),
        ({"kind": "digits", "digits": [0, 2]}, "1 <= fewest <= most"),
        ({"kind": "number", "minimum": 1}, "a number slot needs minimum and maximum"),
        ({"kind": "amount", "minimum": 5, "maximum": 4}, "minimum is above maximum"),
        ({"kind": "open", "prompt": []}, "at least 1 item"),
    ],
)
def test_a_slot_fits_its_kind(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Slot.model_validate({"label": "it", "prompt": "What?", **fields})


def test_one_wording_needs_no_list() -> None:
    slot = Slot.model_validate({"kind": "open", "label": "it", "prompt": "What?"})
    assert slot.prompt == ("What?",)


@pytest.mark.parametrize("ways", [{}, {"flow": "a", "answer": "b"}])
def test_an_intent_leads_one_way(ways: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="exactly one of flow, answer"):
        Intent.model_validate({"label": "it", "examples": ["a", "b", "c"], **ways})


@pytest.mark.parametrize("text", ["press 1", "", "50%", "!"])
def test_examples_are_plain_words(text: str) -> None:
    with pytest.raises(ValidationError, match="plain words"):
        Intent.model_validate({"label": "it", "flow": "a", "examples": ["a", "b", text]})


def test_examples_lose_case_and_punctuation() -> None:
    intent = Intent.model_validate({"label": "It", "flow": "a", "examples": ["What's up, Doc?", "b", "c"]})
    assert intent.examples[0] == "what's up doc"


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("say hello", "a step needs exactly one of say, ask"),
        ({"id": "x"}, "a step needs exactly one of"),
        ({"say": "a", "ask": "b"}, "a step needs exactly one of"),
        ({"goto": "x", "at_most": 2}, "at_most and otherwise belong together"),
        ({"goto": "x", "otherwise": "y"}, "at_most and otherwise belong together"),
        ({"branch": [{"when": {}, "goto": "x"}]}, "at least 1 item"),
        ({"say": "a", "each": "Not A Path"}, "match pattern"),
    ],
)
def test_a_step_is_one_thing(step: Any, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Flow.model_validate({"title": "t", "steps": [step]})


def test_a_voice_may_be_called_otherwise_by_an_engine():
    voice = Voice(name="en-gb", by_engine={"kokoro": "bf_emma"})
    assert [voice.called(engine) for engine in ("espeak", "kokoro")] == ["en-gb", "bf_emma"]
