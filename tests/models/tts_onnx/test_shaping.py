"""Sound made fit for the line: in time, in level, without silent edges, marks where the words are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts_onnx.shaping import LEAD, Shaper
from models.tts_onnx.voice import Rendering
from voicecore.types import RATE, WordMark

SOURCE = 22_050


def tone(seconds, rate=SOURCE):
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def silence(seconds, rate=SOURCE):
    return np.zeros(int(seconds * rate), np.float32)


def shape(sounds, marks=(), rate=SOURCE, gain=1.0, written=0, pause=0):
    rendering = Rendering([], sum(map(len, sounds)), iter(sounds))
    chunks = list(Shaper(rendering, rate, gain).chunks(marks, written, pause))
    return chunks, np.concatenate([chunk.pcm for chunk in chunks])


def test_silent_edges_go_and_silence_inside_stays():
    sounds = [silence(0.2), silence(0.1), tone(0.3), silence(0.4), tone(0.2), silence(0.3)]
    chunks, pcm = shape(sounds, pause=800)
    assert len(pcm) == pytest.approx(0.9 * RATE + LEAD + 800, abs=40)
    heard = np.flatnonzero(np.abs(pcm) > 100)
    assert heard[0] == pytest.approx(LEAD, abs=24)
    assert not pcm[-700:].any()
    assert all(len(chunk.pcm) for chunk in chunks)


def test_marks_move_with_the_silence_that_went():
    marks = [WordMark((0, 2), 0), WordMark((3, 5), int(0.3 * RATE)), WordMark((6, 8), int(1.0 * RATE))]
    sounds = [silence(0.3), tone(0.3), silence(0.4), tone(0.2)]
    chunks, pcm = shape(sounds, marks, written=5000, pause=100)
    got = [mark for chunk in chunks for mark in chunk.marks]
    assert [mark.chars for mark in got] == [(0, 2), (3, 5), (6, 8)]
    assert got[0].sample == 5000
    assert got[1].sample == pytest.approx(5000 + LEAD, abs=24)
    at = got[2].sample - 5000
    assert np.abs(pcm[at - 200 : at - 24]).max() < 100
    assert np.abs(pcm[at : at + 200]).max() > 10_000


def test_a_mark_lies_in_its_chunk():
    marks = [WordMark((n, n + 1), 1600 * n) for n in range(20)]
    chunks, _ = shape([tone(0.25) for _ in range(4)], marks)
    start = 0
    for chunk in chunks:
        assert all(start <= mark.sample < start + len(chunk.pcm) for mark in chunk.marks)
        start += len(chunk.pcm)
    assert sum(len(chunk.marks) for chunk in chunks) == 20


@pytest.mark.parametrize("sounds", [[], [silence(0.5)], [np.full(500, np.nan, np.float32)]])
def test_without_sound_there_is_the_pause_with_all_marks(sounds):
    chunks, pcm = shape(sounds, [WordMark((0, 1), 0), WordMark((2, 3), 400)], pause=1600)
    assert len(pcm) >= 1600
    assert not pcm.any()
    assert [mark.chars for chunk in chunks for mark in chunk.marks] == [(0, 1), (2, 3)]


@given(st.lists(st.integers(1, 4000), max_size=8), st.sampled_from([16_000, 22_050, 23_150, 24_000]))
def test_chunking_changes_nothing(sizes, rate):
    sound = np.concatenate([tone(0.2, rate), silence(0.1, rate), tone(0.2, rate)])
    _, whole = shape([sound], rate=rate)
    _, parts = shape(np.split(sound, np.cumsum(sizes)), rate=rate)
    np.testing.assert_allclose(parts, whole, atol=1)


def test_gain_and_a_ceiling():
    _, pcm = shape([tone(0.5)], gain=0.1)
    assert np.abs(pcm).max() == pytest.approx(0.05 * 32767, rel=0.02)
    _, pcm = shape([tone(0.5)], gain=10)
    assert np.abs(pcm.astype(int)).max() <= 29_206


def test_what_is_not_asked_for_is_not_made():
    made = []

    def sounds():
        for n in range(5):
            made.append(n)
            yield tone(0.2)

    chunks = Shaper(Rendering([], 0, sounds()), SOURCE, 1.0).chunks([], 0, 0)
    next(chunks)
    chunks.close()
    assert made == [0]
