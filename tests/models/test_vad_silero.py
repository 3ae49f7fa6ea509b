"""Silero VAD: finds human speech, in a batch exactly as alone, and forgets on reset."""

from __future__ import annotations

import numpy as np
import pytest

from models.vad_silero import FRAME, RATE, SileroVad


@pytest.fixture(scope="module")
def vad(model_data):
    return SileroVad(model_data / "silero-vad")


def probabilities(vad, sounds):
    """All sounds in one batch, padded with silence: [frames, N]."""
    length = -(-max(map(len, sounds)) // FRAME) * FRAME
    rows = np.zeros((len(sounds), length), np.float32)
    for row, sound in zip(rows, sounds, strict=True):
        row[: len(sound)] = sound
    streams = [vad.open() for _ in sounds]
    return np.array([vad.step(streams, rows[:, i : i + FRAME]) for i in range(0, length, FRAME)])


@pytest.mark.apt
def test_finds_where_a_person_speaks(vad, prompt_8k):
    second = np.zeros(RATE, np.float32)
    speech = prompt_8k("agent-pass").astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(speech) > 0.02)
    voiced = probabilities(vad, [np.concatenate([second, speech, second])])[:, 0] > 0.5
    onset, offset = np.flatnonzero(voiced)[[0, -1]] * FRAME / RATE
    assert onset == pytest.approx(1 + loud[0] / RATE, abs=0.1)
    assert offset == pytest.approx(1 + loud[-1] / RATE, abs=0.15)
    assert voiced[int(onset * RATE / FRAME) : int(offset * RATE / FRAME)].mean() > 0.9


def test_hears_nothing_in_silence_hum_and_hiss(vad):
    time = np.arange(3 * RATE) / RATE
    hum = 0.1 * np.sin(2 * np.pi * 50 * time)
    hiss = np.random.default_rng(1).normal(0, 0.02, time.size)
    heard = probabilities(vad, [np.zeros(time.size), hum, hiss])
    assert heard.max() < 0.5


@pytest.mark.apt
def test_a_batch_equals_each_call_alone(vad, prompt_8k):
    sounds = [
        prompt_8k(name)[:16_000] / np.float32(32768) for name in ("agent-pass", "agent-user", "vm-intro")
    ]
    together = probabilities(vad, sounds)
    for column, sound in zip(together.T, sounds, strict=True):
        alone = probabilities(vad, [sound])[:, 0]
        np.testing.assert_allclose(column[: len(alone)], alone, atol=1e-6)


def test_calls_may_come_and_go_within_a_batch(vad):
    rng = np.random.default_rng(2)
    frames = rng.normal(0, 0.1, (6, FRAME)).astype(np.float32)
    stays, leaves, comes = vad.open(), vad.open(), vad.open()
    mixed = [
        vad.step([stays, leaves], frames[[0, 1]])[0],
        vad.step([stays], frames[[2]])[0],
        vad.step([comes, stays], frames[[3, 4]])[1],
    ]
    single = vad.open()
    alone = [vad.step([single], frames[[i]])[0] for i in (0, 2, 4)]
    np.testing.assert_allclose(mixed, alone, atol=1e-6)


def test_reset_forgets(vad):
    frame = np.random.default_rng(3).normal(0, 0.1, (1, FRAME)).astype(np.float32)
    stream = vad.open()
    first = vad.step([stream], frame)
    assert vad.step([stream], frame) != first
    stream.reset()
    assert vad.step([stream], frame) == first


def test_refuses_frames_that_do_not_fit(vad):
    for frames in (np.zeros((2, FRAME), np.float32), np.zeros((1, 512), np.float32)):
        with pytest.raises(ValueError, match="frames are"):
            vad.step([vad.open()], frames)


def test_no_calls_no_work(vad):
    assert vad.step([], np.zeros((0, FRAME), np.float32)).shape == (0,)
