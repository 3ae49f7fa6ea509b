"""The meter itself, on a call whose delays are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import media_delay
from benchmarks.media_delay import LINES, Heard, Line, chirps
from benchmarks.rtp_peer import Exchange, Packet
from voicecore.audio import resample
from voicecore.types import RATE, TICK, MediaFrame, Pcm

MS = 1_000_000


def call(line: Line, signal: Pcm, hearing_ms: int, round_trip_ms: int) -> Heard:
    """A call in which every packet is heard and comes back so many ms after it was sent."""
    coded = line.encode(signal)
    packets = [coded[i : i + 160] for i in range(0, len(coded), 160)]
    sent = tuple(1000 * MS + i * 20 * MS for i in range(len(packets)))
    back = tuple(
        Packet(at + round_trip_ms * MS, 160 * i, data)
        for i, (at, data) in enumerate(zip(sent, packets, strict=True))
    )
    wide = resample(signal, line.rate, RATE).reshape(-1, TICK)
    silent = np.zeros(TICK, np.int16)
    frames = [MediaFrame(pcm, silent, 0, at + hearing_ms * MS) for at, pcm in zip(sent, wide, strict=True)]
    return Heard(Exchange(sent, back), frames, [])


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
@pytest.mark.parametrize(("hearing", "trip"), [(3, 17), (26, 71)])
def test_known_delays_are_found(line: Line, hearing: int, trip: int) -> None:
    signal = chirps(line.rate)
    heard = call(line, signal, hearing, trip)
    own = media_delay._own_delay_ms(line, signal)
    assert 0 <= own < 2
    for number in range(media_delay.CHIRPS):
        measured, heard_after = media_delay._delays(line, heard, number)
        assert measured - own == pytest.approx(trip, abs=0.2)
        assert heard_after == pytest.approx(hearing, abs=0.2)


def test_frames_that_were_not_heard_are_missed() -> None:
    line = LINES[0]
    noise = (np.random.default_rng(1).normal(size=200 * 160) * 3000).astype(np.int16)
    heard = call(line, noise, 10, 30)
    for number in (80, 100):
        heard.frames[number].caller[:] = 0
    found = media_delay.heard_frames(noise.reshape(-1, 160), [20.0 * i for i in range(200)], heard)
    assert [i + 50 for i, delay in enumerate(found) if delay is None] == [80, 100]
    assert np.median([delay for delay in found if delay is not None]) == pytest.approx(10, abs=0.2)
