"""The listener: pre-roll, order, and recognising anew after a withdrawn end."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tests.pipeline.fakes import GatedLane, Parrot
from voicecore.pipeline.listener import Listener
from voicecore.pipeline.work import InlineLane
from voicecore.types import TICK, Expectation, SlotKind, Transcript

TICK_OF_SOUND = np.ones(TICK, np.int16)
EXPECTATION = Expectation(SlotKind.DIGITS, digits=(6, 6))


def listener(parrot: Parrot) -> tuple[Listener, list[Transcript]]:
    partials: list[Transcript] = []
    return Listener(parrot, InlineLane(), partials.append), partials


def hear(ear: Listener, ticks: int) -> None:
    for _ in range(ticks):
        ear.tick(TICK_OF_SOUND)


async def test_a_turn_begins_with_the_pre_roll() -> None:
    parrot = Parrot()
    ear, _ = listener(parrot)
    hear(ear, 50)
    ear.open(EXPECTATION, now=1.0, onset=1.0)
    hear(ear, 10)
    reading = await ear.finish()
    assert reading.final
    assert reading.text == f"{30 * TICK} samples"
    assert ear.started_at == 1.0 - 20 * 0.02
    assert parrot.opened == [EXPECTATION]


async def test_a_floor_that_is_late_to_notice_loses_nothing() -> None:
    parrot = Parrot()
    ear, _ = listener(parrot)
    hear(ear, 100)
    ear.open(EXPECTATION, now=2.0, onset=1.5)
    assert ear.started_at == pytest.approx(1.5 - 0.3)
    ear.open(EXPECTATION, now=2.0, onset=0.0)
    assert ear.started_at == pytest.approx(2.0 - 1.0)


async def test_reopening_recognises_the_whole_turn_again() -> None:
    parrot = Parrot()
    ear, _ = listener(parrot)
    ear.open(EXPECTATION, now=0.0, onset=0.0)
    hear(ear, 12)
    await ear.finish()
    hear(ear, 5)
    ear.reopen()
    hear(ear, 3)
    assert (await ear.finish()).text == f"{20 * TICK} samples"
    assert parrot.finished == [12 * TICK, 20 * TICK]
    assert len(ear.pcm) == 20 * TICK


async def test_partials_come_as_the_sound_does() -> None:
    ear, partials = listener(Parrot())
    ear.open(EXPECTATION, now=0.0, onset=0.0)
    hear(ear, 11)
    await ear.finish()
    await asyncio.sleep(0)
    assert [p.text for p in partials][:2] == [f"{5 * TICK} samples", f"{10 * TICK} samples"]


async def test_between_turns_nothing_is_recognised() -> None:
    parrot = Parrot()
    ear, _ = listener(parrot)
    ear.open(EXPECTATION, now=0.0, onset=0.0)
    hear(ear, 5)
    ear.drop()
    hear(ear, 50)
    assert len(ear.pcm) == 0
    assert len(parrot.opened) == 1
    assert (await ear.finish()).text == ""


async def test_work_that_nobody_waits_for_is_skipped() -> None:
    """A recogniser that is slower than speech must not work off every reading that was withdrawn."""
    parrot, lane = Parrot(), GatedLane()
    ear = Listener(parrot, lane, lambda _: None)
    lane.close_gate()
    ear.open(EXPECTATION, now=0.0, onset=0.0)
    for _ in range(5):
        hear(ear, 10)
        reading = asyncio.ensure_future(ear.finish())
        await asyncio.sleep(0)
        reading.cancel()
        ear.reopen()
    lane.open_gate()
    await ear.finish()
    assert parrot.finished == [50 * TICK]
    assert len(parrot.opened) == 1
