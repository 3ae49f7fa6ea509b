"""The mouth: synthesis ahead of time, playout positions, and the word at the ear."""

from __future__ import annotations

import asyncio

import pytest

from tests.pipeline.fakes import WORD, LoopCall, SlowSpeaker
from voicecore.pipeline.mouth import Mouth, Speech
from voicecore.pipeline.work import InlineLane
from voicecore.types import TICK

TICKS_PER_WORD = WORD // TICK


class Rig:
    def __init__(self, room: int = 160_000) -> None:
        self.call = LoopCall(room)
        self.tts = SlowSpeaker()
        self.queued: list[Speech] = []
        self.mouth = Mouth(self.call, self.tts, InlineLane(), lambda: None, self.queued.append)

    async def says(self, speech_id: str, text: str) -> None:
        speech = self.mouth.prepare(speech_id, text)
        self.mouth.say(speech)
        assert speech.task is not None
        await speech.task

    def ticks(self, count: int) -> list[tuple[str, str, bool]]:
        over = []
        for _ in range(count):
            frame = self.call.tick()
            over += [(d.id, d.heard, d.complete) for d in self.mouth.tick(frame.played)]
        return over


async def test_an_utterance_is_over_when_its_last_sample_was_played() -> None:
    rig = Rig()
    await rig.says("a", "one two three")
    assert rig.ticks(3 * TICKS_PER_WORD - 1) == []
    assert rig.ticks(1) == [("a", "one two three", True)]
    assert not rig.mouth.busy


async def test_utterances_follow_each_other_without_a_gap() -> None:
    rig = Rig()
    await rig.says("a", "one two")
    await rig.says("b", "three")
    assert [s.start for s in rig.queued] == [0, 2 * WORD]
    assert rig.ticks(3 * TICKS_PER_WORD) == [("a", "one two", True), ("b", "three", True)]


@pytest.mark.parametrize(
    ("ticks", "heard"),
    [(0, ""), (TICKS_PER_WORD - 1, ""), (TICKS_PER_WORD, "one"), (2 * TICKS_PER_WORD + 3, "one two,")],
)
async def test_stopping_keeps_the_words_that_were_over(ticks: int, heard: str) -> None:
    rig = Rig()
    await rig.says("a", "one two, three")
    await rig.says("b", "four")
    rig.ticks(ticks)
    over = rig.mouth.stop(rig.call.played)
    assert [(d.id, d.heard, d.complete) for d in over] == [("a", heard, False), ("b", "", False)]
    assert rig.call.verbs == ["flush"]
    assert not rig.mouth.busy


async def test_after_a_stop_positions_count_from_what_was_flushed() -> None:
    rig = Rig()
    await rig.says("a", "one two three")
    rig.ticks(4)
    rig.mouth.stop(rig.call.played)
    await rig.says("b", "four five")
    assert rig.queued[-1].start == 3 * WORD
    rig.ticks(TICKS_PER_WORD)
    assert [d.heard for d in rig.mouth.stop(rig.call.played)] == ["four"]


async def test_a_full_ring_is_refilled_as_it_empties() -> None:
    rig = Rig(room=WORD)
    await rig.says("a", "one two three")
    assert rig.call.written == WORD
    assert rig.ticks(3 * TICKS_PER_WORD) == [("a", "one two three", True)]


async def test_it_tells_when_more_is_to_come() -> None:
    rig = Rig(room=WORD)
    await rig.says("a", "one two three")
    assert rig.call.expects_more
    rig.ticks(2 * TICKS_PER_WORD)
    assert not rig.call.expects_more
    rig.mouth.stop(rig.call.played)
    assert not rig.call.expects_more


async def test_what_was_not_begun_is_not_late() -> None:
    rig = Rig(room=WORD // 2)
    rig.mouth.say(rig.mouth.prepare("a", "one two"))
    assert not rig.call.expects_more
    await asyncio.sleep(0)
    assert rig.call.expects_more
    rig.mouth.stop(rig.call.played)
    assert not rig.call.expects_more


async def test_prepared_speech_makes_no_sound_and_can_be_dropped() -> None:
    rig = Rig()
    speech = rig.mouth.prepare("a", "one two")
    await asyncio.sleep(0)
    rig.mouth.drop(speech)
    await asyncio.gather(speech.task, return_exceptions=True)  # type: ignore[arg-type]
    assert (rig.call.written, rig.mouth.busy, rig.tts.closed) == (0, False, 1)
