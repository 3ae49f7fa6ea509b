"""Fillers: ready before they are due, ahead of a late reply, never told to be part of the dialogue."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.pipeline.fakes import WORD
from tests.pipeline.test_mouth import Rig
from voicecore.dialogue import Delivered, Dialogue, IntentIndex, load_agent
from voicecore.pipeline.filler import Filler
from voicecore.types import TICK

AGENT = load_agent(Path("voicecore/examples/billing"))
DIALOGUE = Dialogue(AGENT, IntentIndex.build(AGENT), date(2026, 11, 20))


async def filler(rig: Rig) -> Filler:
    made = Filler(rig.mouth, DIALOGUE)
    made.begin()
    await rig.says("settle", "")
    return made


async def test_a_filler_makes_sound_at_once_and_the_reply_follows_it() -> None:
    rig = Rig()
    lines = await filler(rig)
    late = rig.mouth.prepare("s1", "twelve euros")
    rig.mouth.say(late)
    lines.say()
    assert rig.queued[0].text == "One moment, please."
    assert late.task is not None
    await late.task
    assert [s.start for s in rig.queued] == [0, 3 * WORD]
    over = rig.ticks(5 * WORD // TICK)
    assert [text for _, text, _ in over] == ["", "One moment, please.", "twelve euros"]


async def test_a_longer_wait_is_told_differently_and_a_new_wait_begins_anew() -> None:
    rig = Rig()
    lines = await filler(rig)
    lines.say()
    lines.say()
    lines.begin()
    lines.say()
    rig.ticks(1)
    assert [s.text for s in rig.mouth._line if s.filler] == [
        "One moment, please.",
        "This is taking a little longer than usual.",
        "Just a moment, please.",
    ]


async def test_its_delivery_changes_nothing_in_the_dialogue() -> None:
    rig = Rig()
    lines = await filler(rig)
    lines.say()
    over = rig.mouth.stop(rig.call.played)
    assert [(d.filler, d.complete) for d in over if d.filler] == [(True, False)]
    state, _ = DIALOGUE.start()
    for delivery in over:
        after, said = DIALOGUE.step(state, Delivered(delivery.id, delivery.heard, delivery.complete))
        assert after == state
        assert said == ()
    lines.drop()


async def test_a_caller_who_waits_for_a_person_is_told_so() -> None:
    rig = Rig()
    lines = await filler(rig)
    lines.say()
    lines.approval(True)
    lines.approval(True)
    lines.say()
    lines.say()
    lines.approval(False)
    lines.say()
    rig.ticks(1)
    assert [s.text for s in rig.mouth._line if s.filler] == [
        "One moment, please.",
        "That needs a colleague's approval. I'm asking now, please stay on the line.",
        "I'm still waiting for my colleague's decision.",
        "One moment, please.",
    ]
