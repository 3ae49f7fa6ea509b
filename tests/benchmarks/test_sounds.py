"""The sound library: the same every time, split by person, at the line's level and in its band."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sounds
from benchmarks.sounds import EventKind, NoiseKind, Split, wordings
from benchmarks.sounds.recordings import Speaker
from benchmarks.sounds.voices import Voice
from benchmarks.sounds.wordings import ASIDES, INTERRUPTIONS
from voicecore.errors import ConfigError
from voicecore.types import RATE, Pcm

LEVELS = {
    EventKind.INTERRUPTION: (-26, -20),
    EventKind.BACKCHANNEL: (-29, -23),
    EventKind.ASIDE: (-41, -27),
    EventKind.TIC: (-31, -25),
    EventKind.NOISE: (-43, -26),
}
SPLITS: tuple[Split, Split] = ("train", "test")


@pytest.fixture(autouse=True)
def installed(request: pytest.FixtureRequest) -> None:
    """Skips what needs voices or recordings of a split of which no package is installed."""
    try:
        for split in SPLITS if request.node.get_closest_marker("apt") else ():
            sounds.voices(split), sounds.speakers(split)
    except ConfigError as exc:
        pytest.skip(str(exc))


@pytest.fixture(autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for all tests of this file, not that of the machine."""
    folder = tmp_path_factory.getbasetemp() / "sounds"
    monkeypatch.setenv("VOICECORE_DATA", str(folder))
    return folder


def _tone(hz: float, seconds: float = 1.0, peak: float = 8000) -> Pcm:
    return (peak * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype(np.int16)


@pytest.mark.apt
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("kind", EventKind)
def test_events_repeat_and_keep_level_and_band(kind: EventKind, split: Split):
    first, again = (list(islice(sounds.events(kind, split, 7), 8)) for _ in range(2))
    other = next(sounds.events(kind, split, 8))
    low, high = LEVELS[kind]
    for event, same in zip(first, again, strict=True):
        assert np.array_equal(event.pcm, same.pcm)
        assert (event.kind, event.text, event.voice, event.human) == (kind, same.text, same.voice, same.human)
        assert 0 < len(event.pcm) < 5 * RATE
        assert low - 1 < sounds.level_dbfs(event.pcm) < high + 1
        power = np.abs(np.fft.rfft(event.pcm)) ** 2
        hz = np.fft.rfftfreq(len(event.pcm), 1 / RATE)
        assert power[(hz > 200) & (hz < 3700)].sum() > 0.97 * power.sum()
    assert not np.array_equal(first[0].pcm[:1000], other.pcm[:1000])


@pytest.mark.apt
def test_no_speaker_is_named_twice_and_every_one_can_be_heard():
    assert len({speaker.name for speaker in sounds.SPEAKERS}) == len(sounds.SPEAKERS)
    for speaker in (speaker for split in SPLITS for speaker in sounds.speakers(split)):
        some = sounds.recordings(speaker)[:: len(sounds.recordings(speaker)) // 2]
        assert all(sounds.level_dbfs(recording.read()) > -45 for recording in some)


@pytest.mark.apt
def test_phrases_are_short_and_captioned():
    phrases = [phrase for split in SPLITS for phrase in sounds.human_phrases(split)]
    if not phrases:
        pytest.skip("needs the Debian package tuxpaint-stamps-default")
    assert all(len(phrase.read()) < 15 * RATE for phrase in phrases[::500])
    assert sum(bool(phrase.text) for phrase in phrases) > 0.95 * len(phrases)
    assert not set(phrases) & {turn for split in SPLITS for turn in sounds.human_turns(split)}


@pytest.mark.apt
def test_splits_share_no_voice_and_no_wording():
    assert not {v.name for v in sounds.VOICES if v.split == "train"} & {
        v.name for v in sounds.VOICES if v.split == "test"
    }
    train_people, test_people = (
        {r for s in sounds.speakers(split) for r in sounds.recordings(s)} for split in SPLITS
    )
    files = [{(r.speaker.folder, r.name) for r in people} for people in (train_people, test_people)]
    assert not files[0] & files[1]
    for texts, least in ((INTERRUPTIONS, 40), (ASIDES, 20)):
        assert not set(texts["train"]) & set(texts["test"])
        assert all(len(set(texts[split])) == len(texts[split]) >= least for split in SPLITS)
    for kind in EventKind:
        train, test = ({e.voice for e in islice(sounds.events(kind, s, 1), 12)} for s in SPLITS)
        assert not train & test - {""}


@pytest.mark.apt
@pytest.mark.parametrize("kind", NoiseKind)
def test_noise_is_as_long_as_asked_and_mixes_at_the_ratio(kind: NoiseKind):
    pcm = sounds.noise(kind, 0.5, "test", 3)
    assert len(pcm) == RATE // 2
    assert np.array_equal(pcm, sounds.noise(kind, 0.5, "test", 3))
    assert not np.array_equal(pcm, sounds.noise(kind, 0.5, "train", 3))
    speech = _tone(1000)
    added = sounds.mix(speech, pcm, 12.0).astype(float) - speech
    ratio = 10 * np.log10(np.mean(speech.astype(float) ** 2) / np.mean(added**2))
    assert ratio == pytest.approx(12.0, abs=0.2)


def test_mixing_with_silence_is_refused():
    with pytest.raises(ValueError, match="silence"):
        sounds.mix(_tone(1000), np.zeros(10, np.int16), 10.0)


@pytest.mark.apt
@pytest.mark.parametrize("split", SPLITS)
def test_human_turns_are_whole_and_read_at_16_khz(split: Split):
    turns = sounds.human_turns(split)
    assert len(turns) > 50
    assert {turn.speaker.split for turn in turns} == {split}
    assert turns == sounds.human_turns(split)
    pcm = turns[0].read()
    assert pcm.dtype == np.int16
    assert 0.5 * RATE < len(pcm) < 60 * RATE
    assert any(turn.text.split() for turn in turns)


@pytest.mark.apt
@pytest.mark.parametrize("voice", sounds.VOICES, ids=lambda voice: voice.name)
def test_a_voice_speaks_the_same_with_and_without_the_cache(voice: Voice, data: Path):
    if not voice.installed:
        pytest.skip(f"needs the Debian package {voice.package}")
    fresh = sounds.speak(voice, "no wait", rate=1.2, pitch=1.1)
    cached = sounds.speak(voice, "no wait", rate=1.2, pitch=1.1)
    slow = sounds.speak(voice, "no wait", rate=0.85)
    for file in (data / "sounds").glob("*.npy"):
        file.unlink()
    assert np.array_equal(fresh, cached)
    assert np.array_equal(fresh, sounds.speak(voice, "no wait", rate=1.2, pitch=1.1))
    assert 0.2 * RATE < len(fresh) < len(slow) < 3 * RATE


def test_a_missing_voice_names_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="festvox-kdlpc16k") as missing:
        sounds.speak(Voice("ked_diphone", "festival", "test", package="festvox-kdlpc16k"), "hello")
    assert missing.value.code == "voice-missing"
    with pytest.raises(ConfigError, match="festvox-kdlpc16k, flite") as none:
        sounds.voices("test")
    assert none.value.code == "no-voices"


def test_missing_recordings_name_their_package(tmp_path: Path):
    nobody = Speaker("en-nobody", "test", "no-such-package", "", tmp_path, ("*.wav",))
    with pytest.raises(ConfigError, match="no-such-package"):
        sounds.recordings(nobody)


@pytest.mark.parametrize("pitch", [0.8, 1.25])
def test_bending_moves_pitch_and_length(pitch: float):
    bent = sounds.bend(_tone(1000), pitch)
    spectrum = np.abs(np.fft.rfft(bent))
    assert len(bent) == pytest.approx(RATE / pitch, abs=3)
    assert np.argmax(spectrum) * RATE / len(bent) == pytest.approx(1000 * pitch, rel=0.01)


def test_the_line_cuts_what_it_does_not_carry_and_delays_nothing():
    for hz, gain_db in ((100, -30), (1000, 0), (6000, -30)):
        tone = _tone(hz)
        passed = sounds.level_dbfs(sounds.telephone(tone)) - sounds.level_dbfs(tone)
        assert passed == pytest.approx(0, abs=0.2) if gain_db == 0 else passed < gain_db
    click = np.zeros(RATE, np.int16)
    click[8000] = 20_000
    assert abs(int(np.argmax(np.abs(sounds.telephone(click)))) - 8000) <= 1


@pytest.mark.parametrize("law", ["mu", "a"])
def test_g711_keeps_length_and_nearly_the_sound(law: str):
    tone = _tone(1000)
    back = sounds.g711(tone, law)
    assert len(back) == len(tone)
    assert sounds.level_dbfs(back) == pytest.approx(sounds.level_dbfs(tone), abs=0.3)
    assert not np.array_equal(back, tone)


def test_a_level_is_reached_unless_a_peak_would_clip():
    assert sounds.level_dbfs(sounds.to_level(_tone(500), -30)) == pytest.approx(-30, abs=0.1)
    assert np.abs(sounds.to_level(_tone(500), 0)).max() <= 0.97 * 32_767 + 1
    assert not sounds.to_level(np.zeros(RATE, np.int16)).any()


def test_backchannels_are_no_interruptions():
    everything = {*INTERRUPTIONS["train"], *INTERRUPTIONS["test"], *ASIDES["train"], *ASIDES["test"]}
    assert not everything & set(wordings.BACKCHANNELS)
