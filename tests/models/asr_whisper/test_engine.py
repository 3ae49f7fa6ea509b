"""The whole recogniser on a tiny model: several calls, batches, limits, telephone sound, and its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models.asr_whisper import Settings, WhisperAsr
from voicecore.audio import Resampler, alaw_decode, alaw_encode
from voicecore.errors import EngineError
from voicecore.ports import Asr
from voicecore.types import RATE, TICK, Expectation, SlotKind

CARDS = Expectation(SlotKind.CHOICE, ("pay my bill", "bank transfer"), ("operator",))


@pytest.fixture
def asr(scripted_whisper):
    made = WhisperAsr(scripted_whisper, threads=1, settings=Settings(lockstep=True, streams=8))
    yield made
    made.close()


def voice(seconds=1.6, rate=RATE):
    """A buzz between two pauses of 0.4 s."""
    t = np.arange(int(rate * (seconds - 0.8))) / rate
    buzz = sum(np.sin(2 * np.pi * 130 * k * t) / k for k in range(1, 26)) * 4000
    pause = np.random.default_rng(0).normal(0, 10, int(rate * 0.4))
    return np.concatenate([pause, buzz, pause]).astype(np.int16)


def listen(asr, pcm, expectation=CARDS, step=TICK * 5):
    stream = asr.open(expectation)
    heard = [stream.accept(pcm[at : at + step]) for at in range(0, len(pcm), step)]
    return stream.finish(), [partial for partial in heard if partial is not None]


def test_a_whole_utterance(asr):
    final, partials = listen(asr, voice())
    assert isinstance(asr, Asr)
    assert [partial.text for partial in partials] == ["pay my bill"] * len(partials)
    assert [partial.stable for partial in partials] == [0, 3]
    assert (final.text, final.final, final.stable) == ("pay my bill", True, 3)
    assert final.confidence > 0.99
    times = [time for word in final.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0.38 <= times[0] < times[-1] <= 1.25


def test_a_telephone_call(asr):
    line = Resampler(8000, RATE).process(alaw_decode(alaw_encode(voice(rate=8000))))
    assert listen(asr, line)[0].text == "pay my bill"


def test_many_calls_at_once_are_read_together(asr, monkeypatch):
    batches = []
    read = asr.reader.read
    monkeypatch.setattr(
        asr._batcher, "_compute", lambda windows: batches.append(len(windows)) or read(windows)
    )
    kinds = [CARDS, Expectation(SlotKind.YESNO), Expectation(SlotKind.DIGITS, digits=(4, 4))]
    with ThreadPoolExecutor(6) as pool:
        finals = list(pool.map(lambda kind: listen(asr, voice(3), kind)[0].text, kinds * 2))
    assert finals == ["pay my bill"] * 6
    assert max(batches) > 1  # whatever each of them waits for


def test_live_partials_come_when_they_are_ready(scripted_whisper):
    asr = WhisperAsr(scripted_whisper, threads=1)
    stream = asr.open(CARDS)
    heard = []
    for _ in range(200):
        heard.append(stream.accept(voice(1.0)[TICK * 20 : TICK * 21]))
        if heard[-1] is not None:
            break
        if len(heard) > 50:
            stream._asked[0].future.result(5)
    assert heard[-1].text == "pay my bill"
    stream.drop()
    asr.close()


def test_too_many_utterances_are_refused(asr):
    streams = [asr.open(CARDS) for _ in range(8)]
    with pytest.raises(EngineError) as failure:
        asr.open(CARDS)
    assert failure.value.code == "asr-busy"
    streams.pop()
    asr.open(CARDS).drop()


def test_closed_it_refuses_readings(scripted_whisper):
    asr = WhisperAsr(scripted_whisper, threads=1)
    stream = asr.open(CARDS)
    asr.close()
    stream._hear(voice())
    with pytest.raises(EngineError) as failure:
        stream.finish()
    assert failure.value.code == "asr-closed"


def test_another_language(scripted_whisper):
    asr = WhisperAsr(scripted_whisper, language="fr", threads=1, settings=Settings(lockstep=True))
    assert listen(asr, voice())[0].text == "pay my bill"
    asr.close()
