"""Sounds over an agent's speech, each labelled with what it is: to learn from and to be tested on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import count
from typing import TypeVar

import numpy as np

from benchmarks.prompts import trim
from benchmarks.sounds.line import SPEECH_DBFS, muffle, telephone, to_level
from benchmarks.sounds.noise import NoiseKind, noise
from benchmarks.sounds.recordings import Recording, human_phrases, human_turns
from benchmarks.sounds.vocal import TICS, Throat, hum
from benchmarks.sounds.voices import Voice, speak, voices
from benchmarks.sounds.wordings import ASIDES, BACKCHANNELS, HESITATIONS, INTERRUPTIONS, Split
from voicecore.types import RATE, Floats, Pcm

T = TypeVar("T")
Rng = np.random.Generator
HUMAN = 0.3
"""Share of recorded people among interruptions and asides."""
LONGEST_S = 4.0
"""Of a recorded prompt that serves as an interruption or as talk in the room."""
MOST = 100
"""Recordings of a person that count for how often he or she is heard."""
RATES, PITCHES = (0.85, 1.0, 1.2), (0.9, 1.0, 1.1)
"""How fast and how high a synthetic voice speaks, against its own; few, so that the cache is worth it."""
EDGE = RATE // 100
"""Samples of fade at both ends of a piece of noise."""


class EventKind(StrEnum):
    """What a sound is, which decides what the agent should do about it."""

    INTERRUPTION = "interruption"
    """The caller wants the floor: stop."""
    BACKCHANNEL = "backchannel"
    """The caller listens: go on."""
    ASIDE = "aside"
    """Speech in the caller's room to somebody else, or of somebody else: go on."""
    TIC = "tic"
    """Cough, throat, sniff, smack, breath, "um": go on."""
    NOISE = "noise"
    """No mouth at all: go on."""


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One sound as it comes in on the line, from its first to its last audible sample."""

    kind: EventKind
    text: str
    """The words, or what makes the sound ("cough", "street"); "" for a recording without known words."""
    voice: str
    """Who: a voice, speaker, throat, or "" for what nobody's mouth makes."""
    human: bool
    """Recorded from a person, not synthesised."""
    pcm: Pcm
    """16 kHz, 300-3400 Hz."""


def events(kind: EventKind, split: Split, seed: int) -> Iterator[Event]:
    """Without end. Event n depends on the arguments, n and the installed voices and on nothing else.

    Active levels: interruptions -23 dBFS, backchannels -26, tics -28, all +-3; asides 4-12 dB below
    a normal talker, muffled, or 10-18 dB for background talk; noise 3-20 dB below. Raises
    ConfigError("no-voices" | "no-recordings") that names Debian packages.
    """
    for index in count():
        rng = np.random.default_rng([seed, split == "test", list(EventKind).index(kind), index])
        yield _MAKERS[kind](split, rng)


def _interruption(split: Split, rng: Rng) -> Event:
    level = SPEECH_DBFS + rng.uniform(-3, 3)
    if rng.random() < HUMAN:
        said = _human(split, rng)
        return _event(EventKind.INTERRUPTION, said.text, said.speaker.name, said.read(), level, human=True)
    return _spoken(EventKind.INTERRUPTION, _pick(INTERRUPTIONS[split], rng), split, rng, level)


def _backchannel(split: Split, rng: Rng) -> Event:
    level = SPEECH_DBFS - 3 + rng.uniform(-3, 3)
    if rng.random() < 0.3:
        throat = Throat.of(split, rng)
        return _event(EventKind.BACKCHANNEL, "mm-hm", throat.name, hum(throat, rng), level)
    text = _pick(BACKCHANNELS, rng)
    return _spoken(EventKind.BACKCHANNEL, text, split, rng, level, glide=rng.uniform(0.8, 1.35))


def _aside(split: Split, rng: Rng) -> Event:
    if rng.random() < HUMAN:
        said = _human(split, rng)
        talk, level = muffle(said.read(), rng.uniform(700, 1500)), SPEECH_DBFS - rng.uniform(10, 18)
        return _event(EventKind.ASIDE, said.text, said.speaker.name, talk, level, human=True)
    text, level = _pick(ASIDES[split], rng), SPEECH_DBFS - rng.uniform(4, 12)
    return _spoken(EventKind.ASIDE, text, split, rng, level, cutoff_hz=rng.uniform(700, 2200))


def _tic(split: Split, rng: Rng) -> Event:
    name, level = _pick(tuple(TICS), rng), SPEECH_DBFS - 5 + rng.uniform(-3, 3)
    if name == "um" and rng.random() < 0.6:
        return _spoken(
            EventKind.TIC, _pick(HESITATIONS, rng), split, rng, level, glide=rng.uniform(0.85, 1.05)
        )
    throat = Throat.of(split, rng)
    return _event(EventKind.TIC, name, throat.name, TICS[name](throat, rng), level)


def _noise(split: Split, rng: Rng) -> Event:
    kind, level = _pick(tuple(NoiseKind), rng), SPEECH_DBFS - rng.uniform(3, 20)
    sound = noise(kind, rng.uniform(0.2, 2.5), split, int(rng.integers(2**31))).astype(np.float32)
    edge = np.linspace(0, 1, EDGE, dtype=np.float32)
    sound[:EDGE] *= edge
    sound[-EDGE:] *= edge[::-1]
    return _event(EventKind.NOISE, kind, "", sound, level)


_MAKERS: dict[EventKind, Callable[[Split, Rng], Event]] = {
    EventKind.INTERRUPTION: _interruption,
    EventKind.BACKCHANNEL: _backchannel,
    EventKind.ASIDE: _aside,
    EventKind.TIC: _tic,
    EventKind.NOISE: _noise,
}


def _spoken(
    kind: EventKind,
    text: str,
    split: Split,
    rng: Rng,
    level: float,
    glide: float = 1.0,
    cutoff_hz: float | None = None,
) -> Event:
    """``text`` by a voice of the split at some speed and pitch."""
    voice = _any_voice(split, rng)
    said = speak(voice, text, _pick(RATES, rng), _pick(PITCHES, rng), glide)
    sound = said.astype(np.float32) if cutoff_hz is None else muffle(said, cutoff_hz)
    return _event(kind, text, voice.name, sound, level)


def _event(
    kind: EventKind, text: str, voice: str, sound: Pcm | Floats, level: float, human: bool = False
) -> Event:
    """``sound`` on the line: its band, without what is silence before and after, at its level."""
    audible = trim(to_level(telephone(sound)), RATE)
    return Event(kind, text, voice, human, to_level(audible, level))


def _any_voice(split: Split, rng: Rng) -> Voice:
    there = voices(split)
    weights = np.array([voice.weight for voice in there], np.float64)
    return there[rng.choice(len(there), p=weights / weights.sum())]


def _human(split: Split, rng: Rng) -> Recording:
    """A short utterance by any recorded person, who speaks more often the more there is, up to a limit."""
    people = _people(split)
    weights = np.array([min(len(said), MOST) for said in people], np.float64)
    while True:
        said = people[rng.choice(len(people), p=weights / weights.sum())]
        recording = _pick(said, rng)
        if len(recording.read()) <= LONGEST_S * RATE:
            return recording


@cache
def _people(split: Split) -> tuple[tuple[Recording, ...], ...]:
    """What each recorded person of a split says that stands alone."""
    by_name: dict[str, list[Recording]] = {}
    for recording in (*human_turns(split), *human_phrases(split)):
        by_name.setdefault(recording.speaker.name, []).append(recording)
    return tuple(map(tuple, by_name.values()))


def _pick(choices: Sequence[T], rng: Rng) -> T:
    return choices[int(rng.integers(len(choices)))]
