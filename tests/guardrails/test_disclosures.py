"""Sentences that callers must be told, in time."""

from __future__ import annotations

import pytest

from voicecore.guardrails import Action, Disclosure, Grounds, Guardrails, Layers, Supervisor

RULES = Guardrails(
    disclosures=(
        Disclosure(
            id="automated", say="I am an automated assistant.", marks=("automated assistant",), first=True
        ),
        Disclosure(
            id="binding", say="This is a binding order.", marks=("binding",), before=("shall i set that up",)
        ),
    )
)


async def judged(sentence: str, *before: str) -> tuple[Action, str]:
    verdict = await Supervisor(Layers(RULES), lambda: 0.0).about_to_say(sentence, Grounds(before=before))
    return verdict.action, verdict.text


@pytest.mark.parametrize(
    ("sentence", "before"),
    [
        ("Hello, I am an automated assistant.", ()),
        ("How can I help?", ("Hello, I am an automated assistant.",)),
        ("It is binding. Shall I set that up?", ("I'm an automated assistant.",)),
    ],
)
async def test_said_in_time(sentence: str, before: tuple[str, ...]) -> None:
    assert await judged(sentence, *before) == (Action.ALLOW, "")


async def test_put_in_front_when_due() -> None:
    said = "I am an automated assistant. How can I help?"
    assert await judged("How can I help?") == (Action.REWRITE, said)
    due = "This is a binding order. So, shall I set that up?"
    assert await judged("So, shall I set that up?", said) == (Action.REWRITE, due)
