"""The media clock on a stream made of ctypes: what it reads, what it sends, and when."""

from __future__ import annotations

import ctypes
import threading
from collections import deque

import numpy as np
import pytest

from voicecore.audio import FrameBridge, MediaClock, Ring, read_frames
from voicecore.types import RATE, TICK, MediaFrame, Pcm

AUDIO = 1
SIZE_WORD = 7
PATIENCE_S = 10


class PjFrame(ctypes.Structure):
    """pjmedia_frame."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buf", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("timestamp", ctypes.c_uint64),
        ("bit_info", ctypes.c_uint32),
    )


PORT_CALL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(PjFrame))
STATE_CALL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint))


class FakeStream:
    """A stream whose jitter buffer holds what the test has put there, 10 ms a frame."""

    def __init__(self, rate: int, frames: list[Pcm], wanted: int) -> None:
        self.rate, self.wanted = rate, wanted
        self.frames = deque(frames)
        self.sent: list[Pcm | None] = []
        self.done = threading.Event()
        self.calls = (PORT_CALL(self._get), PORT_CALL(self._put), STATE_CALL(self._state))

    def addresses(self) -> list[int]:
        return [ctypes.cast(call, ctypes.c_void_p).value or 0 for call in self.calls]

    def _get(self, _port: int, frame: ctypes._Pointer[PjFrame]) -> int:
        if self.frames:
            pcm = self.frames.popleft()
            assert pcm.nbytes == frame.contents.size
            ctypes.memmove(frame.contents.buf or 0, pcm.tobytes(), pcm.nbytes)
            frame.contents.type = AUDIO
        return 0

    def _put(self, _port: int, frame: ctypes._Pointer[PjFrame]) -> int:
        f = frame.contents
        audio = f.type == AUDIO
        self.sent.append(np.frombuffer(ctypes.string_at(f.buf or 0, f.size), np.int16) if audio else None)
        if len(self.sent) >= self.wanted:
            self.done.set()
        return 0

    def _state(self, _stream: int, state: ctypes._Pointer[ctypes.c_uint]) -> int:
        state[SIZE_WORD] = 2 * len(self.frames)
        return 0


def tone(rate: int, hertz: float, seconds: float) -> Pcm:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.int16)


def run(stream: FakeStream, speech: Pcm, frame_us: int = 20_000, flowing: bool = True) -> list[MediaFrame]:
    """The ticks of a line on ``stream`` whose agent says ``speech``."""
    with Ring.create(1 << 17) as capture, Ring.create(1 << 17) as playout:
        playout.write(speech)
        clock, bridge = MediaClock(*stream.addresses()), FrameBridge(capture, playout)
        clock.add(bridge)
        clock.attach(bridge, 1, 2, SIZE_WORD, stream.rate, frame_us)
        clock.flow(bridge, flowing)
        thread = threading.Thread(target=clock.run)
        thread.start()
        try:
            assert stream.done.wait(PATIENCE_S)
        finally:
            clock.detach(bridge)
            clock.remove(bridge)
            clock.stop()
            thread.join()
        return read_frames(capture)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_both_ways_through_a_stream(rate: int) -> None:
    spoken = tone(rate, 700, 0.4)
    stream = FakeStream(rate, list(spoken.reshape(20, rate // 50)), wanted=20)
    said = tone(RATE, 440, 0.4)
    frames = run(stream, said)
    late = 1.5 * RATE / 1000 if rate == 8_000 else 0
    heard = np.concatenate([frame.caller for frame in frames])
    begun = int(np.flatnonzero(np.abs(heard) > 300)[0]) // TICK * TICK + round(late)
    same = np.corrcoef(heard[begun : begun + 4000], tone(RATE, 700, 0.25))[0, 1]
    assert same > 0.999
    sent = np.concatenate([pcm for pcm in stream.sent if pcm is not None])
    lag = 11 if rate == 8_000 else 0
    assert np.corrcoef(sent[lag : lag + 2000], said[:: RATE // rate][:2000])[0, 1] > 0.999
    assert frames[-1].played <= len(said)


@pytest.mark.parametrize("hertz", [300, 1000, 2000, 3000, 3400])
def test_what_is_resampled_has_no_images(hertz: int) -> None:
    spoken = tone(8_000, hertz, 0.5)
    stream = FakeStream(8_000, list(spoken.reshape(25, 160)), wanted=25)
    frames = run(stream, tone(RATE, 8_000 - hertz, 0.5))
    heard = np.concatenate([frame.caller for frame in frames])
    middle = np.flatnonzero(np.abs(heard) > 300)[0] + 1600
    spectrum = np.abs(np.fft.rfft(heard[middle : middle + 3200] * np.hanning(3200)))
    image = spectrum[round((8_000 - hertz) / 5)] / spectrum[round(hertz / 5)]
    assert 20 * np.log10(image) < -50
    alias = np.concatenate([pcm for pcm in stream.sent if pcm is not None])[800:1600].astype(float)
    assert 20 * np.log10(alias.std() / (8000 / np.sqrt(2))) < -50


@pytest.mark.parametrize("frame_us", [10_000, 30_000, 60_000])
def test_packets_of_other_lengths(frame_us: int) -> None:
    samples = 8 * frame_us // 1000
    frames = [np.full(samples, k + 1, np.int16) for k in range(600_000 // frame_us)]
    stream = FakeStream(8_000, frames, wanted=300_000 // frame_us)
    ticks = run(stream, tone(RATE, 440, 0.6), frame_us=frame_us)
    heard = np.concatenate([tick.caller for tick in ticks])[::2]
    voiced = heard[np.flatnonzero(heard)[0] :][: 3 * samples]
    assert {1, 2} <= set(voiced.tolist())
    assert (np.diff(voiced.astype(int)) >= -1).all()
    assert {len(pcm) for pcm in stream.sent if pcm is not None} == {samples}


def test_on_hold_nothing_is_heard_and_playout_waits() -> None:
    stream = FakeStream(16_000, [np.full(TICK, 99, np.int16)] * 8, wanted=6)
    frames = run(stream, tone(RATE, 440, 0.1), flowing=False)
    assert stream.sent[:6] == [None] * 6
    assert not any(frame.caller.any() or frame.agent.any() for frame in frames)
    assert frames[-1].played == 0


def test_a_stream_that_cannot_be_carried_is_refused() -> None:
    with Ring.create(64) as capture, Ring.create(64) as playout:
        clock, bridge = MediaClock(1, 2, 3), FrameBridge(capture, playout)
        for word, rate, frame_us in ((7, 44_100, 20_000), (7, 8_000, 25_000), (99, 8_000, 20_000)):
            with pytest.raises(ValueError, match="cannot bridge"):
                clock.attach(bridge, 1, 2, word, rate, frame_us)
