"""The bench of the media path: frames that are missing in a call that is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("zmq")

from benchmarks import engines_media as bench
from benchmarks.rtp_peer import Exchange, Packet
from voicecore.audio import resample
from voicecore.types import RATE, TICK, MediaFrame

MS = 1_000_000


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(bench, "PACKETS", 200)


def exchange(numbers) -> Exchange:
    sent = tuple(1000 * MS + number * 20 * MS for number in range(bench.PACKETS))
    return Exchange(sent, tuple(Packet(sent[n] + 30 * MS, 160 * n, b"\x7f" * 160) for n in numbers))


def test_packets_that_did_not_come_back_are_gaps(short):
    assert bench.gaps(exchange(range(200))) == 0
    assert bench.gaps(exchange([*range(50), *range(52, 120), *range(121, 200)])) == 3


def test_frames_that_the_agent_did_not_hear_are_lost(short):
    sound = bench.noise()[0]
    wide = resample(sound, 8000, RATE).reshape(-1, TICK)
    silent = np.zeros(TICK, np.int16)
    frames = [
        MediaFrame(pcm, silent, 0, at + 10 * MS) for at, pcm in zip(exchange([]).sent_ns, wide, strict=True)
    ]
    assert bench.lost(sound, exchange([]), frames) == 0
    for number in (80, 100, 101):
        frames[number].caller[:] = 0
    assert bench.lost(sound, exchange([]), frames) == 3


def test_the_plot_shows_the_media_clock():
    figures = [
        bench.figure("media_tick_p99_ms", 21, "ms", 1),
        bench.figure("media_frames_missed", 0, "frames", 1, "<= 0"),
    ]
    (plot,) = bench.plots(figures)
    assert "media_tick_p99_ms" in plot.markup
    assert "missed" not in plot.markup
