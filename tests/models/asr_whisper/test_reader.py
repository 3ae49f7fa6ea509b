"""The real engine on a tiny model: batches, prompts, prefixes, word times, and models that do not load."""

from __future__ import annotations

import shutil
from itertools import pairwise

import numpy as np
import pytest

from models.asr_whisper.reader import Device, Reader, loud
from models.asr_whisper.reading import Window
from voicecore.errors import ConfigError, EngineError

ONE_THREAD = Device(threads=1, at_once=1)


@pytest.fixture(scope="module")
def reader(scripted_whisper):
    return Reader(scripted_whisper, device=ONE_THREAD)


def window(frames=500, sound=300, **more):
    """Loud from 0.4 s to 1.4 s."""
    mel = np.full((80, frames), -1, np.float32)
    mel[:, 40:140] = 0.5
    return Window(mel, sound, **more)


def test_reads_words_with_their_times(reader):
    (reading,) = reader.read([window()])
    assert reading.text == "pay my bill"
    assert reading.words == ("pay", "my", "bill")
    times = [(spoken.word.start, spoken.word.end) for spoken in reading.spoken]
    assert times[0][0] == pytest.approx(0.4)  # not before there is a sound
    assert all(start < end for start, end in times)
    assert all(a[1] == b[0] for a, b in pairwise(times))
    assert times[-1][0] == pytest.approx(0.8, abs=0.2)
    assert times[-1][1] <= 1.4
    assert all(spoken.word.confidence > 0.99 for spoken in reading.spoken)
    assert 0 <= reading.no_speech <= 1
    assert -0.01 < reading.log_probability <= 0


def test_a_batch_reads_what_each_would(reader):
    alone = reader.read([window(sound=200)])[0]
    together = reader.read([window(), window(sound=200), window(sound=100)])
    assert together[1].words == alone.words
    assert [s.word for s in together[1].spoken] == pytest.approx([s.word for s in alone.spoken])


def test_prompts_and_prefixes(reader):
    pay, *rest = reader.tokens.encode(" pay my bill")
    asked = [window(prompt=(100, 200), prefix=prefix) for prefix in ((), (pay,), (pay, *rest[:-1]))]
    assert {reading.text for reading in reader.read(asked)} == {"pay my bill"}


def test_a_limit_of_tokens_holds(reader):
    most = len(reader.tokens.encode(" pay my"))
    assert reader.read([window(tokens=most)])[0].words == ("pay", "my")


def test_windows_that_do_not_go_together_are_the_engines_failure(reader):
    with pytest.raises(EngineError) as failure:
        reader.read([window(prompt=(1,)), window()])
    assert failure.value.code == "asr-failed"
    with pytest.raises(EngineError):
        reader.read([window(500), window(600)])


def test_what_is_loud():
    assert loud(window().mel) == pytest.approx((0.4, 1.4))
    assert loud(np.zeros((80, 0), np.float32)) == (0, 0)


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:first", ""])
def test_an_unknown_device_is_refused(scripted_whisper, name):
    with pytest.raises(ConfigError) as failure:
        Reader(scripted_whisper, device=Device(name))
    assert failure.value.code == "bad-device"


def test_a_device_that_is_not_there(scripted_whisper):
    with pytest.raises(EngineError) as failure:
        Reader(scripted_whisper, device=Device("cuda:63"))
    assert failure.value.code == "device-missing"


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(EngineError) as failure:
        Reader(tmp_path)
    assert failure.value.code == "model-missing"


def test_a_model_cut_short(scripted_whisper, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(scripted_whisper, broken)
    whole = (broken / "model.bin").read_bytes()
    (broken / "model.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EngineError) as failure:
        Reader(broken)
    assert failure.value.code == "model-broken"


def test_an_unknown_computation_is_the_models_failure(scripted_whisper):
    with pytest.raises(EngineError):
        Reader(scripted_whisper, device=Device(compute="int7"))
