"""The sounds of a call: what each is like, and what a reader makes of it when it is old enough."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from voicecore.audio import PROSODY
from voicecore.pipeline.sounds import Reading, Sounds
from voicecore.pipeline.work import InlineLane
from voicecore.types import RATE, TICK_MS

EVEN = (0.25, 0.25, 0.25, 0.25)


class Reader:
    """Takes every sound for a listener's, and remembers what it was given."""

    looks_ms = (300, 560)
    lead_ms = 200

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def read(self, pcm, look):
        self.asked.append((len(pcm) * 1000 // RATE, look))
        return np.array((0.1, 0.7, 0.1, 0.1), np.float32)


def sounds_of(reader: Reader | None) -> tuple[Any, Sounds]:
    """The floor, to set, and the sounds on it."""
    floor = SimpleNamespace(sound_ticks=0, onset=1.0)
    ears = SimpleNamespace(prosody=lambda ticks: np.zeros((ticks, PROSODY), np.float32))
    model = SimpleNamespace(classify=lambda frames: np.array(EVEN, np.float32))
    watch = asyncio.get_running_loop().create_task
    line = np.zeros(3 * RATE, np.int16)
    reading = reader and Reading(reader, InlineLane(), lambda: line, cast(Any, watch))
    return floor, Sounds(cast(Any, ears), cast(Any, model), cast(Any, floor), reading)


async def told(floor: Any, sounds: Sounds, ticks: int) -> list[tuple[float, ...] | None]:
    """What each of the first ``ticks`` of a sound is taken for."""
    kinds = []
    for floor.sound_ticks in range(1, ticks + 1):
        kinds.append(sounds.kinds())
        await asyncio.sleep(0)
    return kinds


async def test_silence_is_like_nothing() -> None:
    _, sounds = sounds_of(Reader())
    assert sounds.kinds() is None


async def test_without_a_reader_the_model_decides() -> None:
    floor, sounds = sounds_of(None)
    assert await told(floor, sounds, 20) == [EVEN] * 20


async def test_a_sound_is_read_at_every_look_and_joined() -> None:
    reader = Reader()
    floor, sounds = sounds_of(reader)
    kinds = await told(floor, sounds, 40)
    assert reader.asked == [(500, 0), (760, 1)]
    due = reader.looks_ms[0] // TICK_MS
    assert kinds[:due] == [EVEN] * due
    assert all(k is not None and k[1] > 0.5 for k in kinds[due:])


async def test_another_sound_starts_from_nothing() -> None:
    reader = Reader()
    floor, sounds = sounds_of(reader)
    await told(floor, sounds, 20)
    floor.onset = 2.0
    assert (await told(floor, sounds, 5))[-1] == pytest.approx(EVEN)
    assert len(reader.asked) == 1
