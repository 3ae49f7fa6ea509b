"""The mouth: synthesis ahead of time, playout positions, and the word at the ear."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from models.tts_espeak import EspeakTts
from sip.memory import MemoryCall, MemoryEndpoint
from tests.pipeline.fakes import WORD, LoopCall, SlowSpeaker
from voicecore.pipeline.mouth import Mouth, Speech
from voicecore.pipeline.work import InlineLane, ThreadLane
from voicecore.types import RATE, TICK, SpeechChunk, WordMark

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


async def test_what_was_said_in_a_hush_was_not_heard() -> None:
    rig = Rig()
    await rig.says("a", "one two three")
    rig.ticks(TICKS_PER_WORD)
    rig.mouth.hush(rig.call.played)
    rig.ticks(TICKS_PER_WORD)
    assert [d.heard for d in rig.mouth.stop(rig.call.played)] == ["one"]
    rig.mouth.duck(1.0)
    assert rig.call.verbs == ["gain 0.0", "flush", "gain 1.0"]


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


class Stuck:
    """A Tts that is busy with its first chunk until it may go on."""

    def __init__(self) -> None:
        self.busy, self.may = threading.Event(), threading.Event()
        self.closed = threading.Event()
        self.speech = self._speak()

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        return self.speech

    def _speak(self) -> Iterator[SpeechChunk]:
        try:
            self.busy.set()
            assert self.may.wait(10)
            yield SpeechChunk(np.ones(TICK, np.int16))
        finally:
            self.closed.set()


async def test_synthesis_that_is_dropped_while_an_engine_thread_is_in_it_ends_after_it() -> None:
    lane, tts = ThreadLane("tts", threads=2), Stuck()
    mouth = Mouth(LoopCall(), tts, lane, lambda: None, lambda _: None)
    speech = mouth.prepare("a", "one")
    await asyncio.to_thread(tts.busy.wait, 10)
    mouth.drop(speech)
    await asyncio.gather(speech.task, return_exceptions=True)  # type: ignore[arg-type]
    tts.may.set()
    assert await asyncio.to_thread(tts.closed.wait, 10)
    lane.close()


class Breathing:
    """A Tts whose words last 100 ms and are followed by 100 ms of silence."""

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        loud, silent = np.full(WORD // 2, 5000, np.int16), np.zeros(WORD // 2, np.int16)
        for index, word in enumerate(re.finditer(r"\S+", text)):
            yield SpeechChunk(np.concatenate([loud, silent]), (WordMark(word.span(), index * WORD),))


@pytest.mark.parametrize(
    ("ticks", "heard", "complete"),
    [
        (4, "", False),
        (5, "one", False),
        (9, "one", False),
        (15, "one two.", False),
        (25, "one two. three", True),
    ],
)
async def test_a_word_was_heard_when_its_sound_is_over_not_the_pause_behind_it(
    ticks: int, heard: str, complete: bool
) -> None:
    rig = Rig()
    rig.mouth = Mouth(rig.call, Breathing(), InlineLane(), lambda: None, rig.queued.append)
    await rig.says("a", "one two. three")
    rig.ticks(ticks)
    assert [(d.heard, d.complete) for d in rig.mouth.stop(rig.call.played)] == [(heard, complete)]


async def test_a_filler_goes_ahead_of_what_makes_no_sound_yet() -> None:
    rig = Rig()
    filler = rig.mouth.prepare("f0", "one moment", filler=True)
    assert filler.task is not None
    await filler.task
    reply = rig.mouth.prepare("a", "two three")
    rig.mouth.say(reply)
    rig.mouth.interject(filler)
    assert not rig.call.expects_more
    assert reply.task is not None
    await reply.task
    assert [(s.id, s.start) for s in rig.queued] == [("f0", 0), ("a", 2 * WORD)]
    over = rig.ticks(4 * TICKS_PER_WORD)
    assert over == [("f0", "one moment", True), ("a", "two three", True)]


WRITTEN = "Your IBAN, Dr. Smith: £12.50 for 3 kWh in New York, as soon as possible."
RESPELLED = {
    "IBAN": "eye ban",
    "Dr.": "doctor",
    "kWh": "kilowatt hours",
    "New York": "Noo York",
    "as soon as possible": "asap",
}
HEARD = [
    "",
    "Your",
    "Your IBAN,",
    "Your IBAN, Dr.",
    "Your IBAN, Dr. Smith:",
    "Your IBAN, Dr. Smith: £12.50",
    "Your IBAN, Dr. Smith: £12.50 for",
    "Your IBAN, Dr. Smith: £12.50 for 3",
    "Your IBAN, Dr. Smith: £12.50 for 3 kWh",
    "Your IBAN, Dr. Smith: £12.50 for 3 kWh in",
    "Your IBAN, Dr. Smith: £12.50 for 3 kWh in New",
    "Your IBAN, Dr. Smith: £12.50 for 3 kWh in New York,",
    WRITTEN,
]
"""What can have been heard of it; the four words that are said as one are heard together."""


class Line:
    """A real voice into a real playout, as it goes through the media process."""

    def __init__(self) -> None:
        self.endpoint = MemoryEndpoint()
        self.tts = EspeakTts("en-gb", 185, lexicon=RESPELLED)

    async def speaking(self) -> tuple[MemoryCall, Mouth, Speech]:
        await self.endpoint.start()
        call = self.endpoint.invite()
        call.answer()
        mouth = Mouth(call, self.tts, InlineLane(), lambda: None, lambda _: None)
        speech = mouth.prepare("a", WRITTEN)
        assert speech.task is not None
        await speech.task
        mouth.say(speech)
        return call, mouth, speech


@pytest.mark.parametrize("ducked", [False, True])
async def test_what_was_heard_is_told_in_the_words_as_written(ducked: bool) -> None:
    """At every tick of a real voice; being quieter while the caller makes a sound changes nothing."""
    line = Line()
    call, mouth, speech = await line.speaking()
    told = []
    played = 0
    for tick in range(speech.samples // TICK + 2):
        if ducked and tick % 40 == 10:
            call.gain(0.25 if tick % 80 == 10 else 1.0)
        call.wait(TICK / RATE)
        played = call.read()[-1].played
        heard = speech.heard(played)
        if not told or heard != told[-1]:
            told.append(heard)
    assert told == HEARD
    assert [d.complete for d in mouth.tick(played)] == [True]


async def test_a_flush_at_any_word_keeps_the_words_before_it() -> None:
    """Cut 20 ms before and after each word's end; the next utterance counts from where the flush led."""
    _, _, whole = await Line().speaking()
    ends = sorted(set(whole._ends()))
    assert len(ends) == len(HEARD) - 1
    line = Line()
    for nth, end in enumerate(ends):
        for ticks, wanted in ((end // TICK, HEARD[nth]), (-(-end // TICK), HEARD[nth + 1])):
            call, mouth, _ = await line.speaking()
            call.wait(ticks * TICK / RATE)
            (delivery,) = mouth.stop(call.read()[-1].played)
            assert delivery.heard == wanted
            tail = call.wait(0.1)
            assert not tail[RATE * 5 // 1000 :].any()
            again = mouth.prepare_again(delivery, len(delivery.heard))
            assert again.task is not None
            await again.task
            mouth.say(again)
            call.wait((again.samples + TICK) / RATE)
            assert [d.heard for d in mouth.tick(call.read()[-1].played)] == [WRITTEN]
            call.hangup()
