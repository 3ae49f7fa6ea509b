"""More people for the train set: volunteers who read letters, syllables and names of things at home.

From Debian's klettres-data and ktuberling-data. Nobody of a language that the test split's volunteers
speak takes part. A short vowel stands for a listener's "ah" or "oh"; what somebody says in a row for a
caller who wants the floor, or, from far away, for talk in the room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.prompts import trim
from benchmarks.sounds import (
    SPEECH_DBFS,
    Event,
    EventKind,
    Recording,
    Speaker,
    bend,
    human_phrases,
    human_turns,
    muffle,
    recordings,
    telephone,
    to_level,
)
from voicecore.errors import ConfigError
from voicecore.types import RATE, Floats, Pcm

Rng = np.random.Generator
LETTERS = Path("/usr/share/klettres")
WORDS = Path("/usr/share/ktuberling/sounds")
_AUDIO = ("*.ogg", "*.wav")
_LETTERS = ("da", "de", "hu", "lt", "ml", "nb", "nds", "nl", "pt_BR", "tn", "uk")
_WORDS = ("ca", "da", "de", "fi", "fr", "ga", "gl", "lt", "nds", "nl", "pt", "sl", "sr", "sv", "uk", "wa")
_VOWELS = ("a", "o", "a1", "a2", "o1", "a-0", "a-14", "aa", "U0061", "U006F")
_YES = ("ja", "gut", "jo", "och", "taip", "15-jo", "tai")
LISTENING = frozenset((*(f"alpha/{name}" for name in _VOWELS), *(f"syllab/{name}" for name in _YES)))
"""Recordings that say "ah", "oh", "yes" or "good" in their language."""
LONGEST_S = 2.5
_LEAST_S, _MOST_S = 0.12, 0.75
"""Of a listener's sound."""


@cache
def people() -> tuple[Speaker, ...]:
    """One a language and collection. Raises ConfigError("no-recordings") that names a Debian package."""
    read = [_volunteer(f"{name}-letters", "klettres-data", LETTERS / name, "*/") for name in _LETTERS]
    named = [_volunteer(f"{name}-words", "ktuberling-data", WORDS / name, "") for name in _WORDS]
    there = (*read, *named)
    for speaker in there:
        recordings(speaker)
    return there


def talk(kind: EventKind, count: int, seed: int) -> Iterator[Event]:
    """``count`` interruptions, backchannels or asides by ``people`` of any size and speed."""
    rng = np.random.default_rng([seed, 3, list(EventKind).index(kind)])
    make = _MAKERS[kind]
    for _ in range(count):
        speaker, wave, level = make(rng)
        audible = trim(to_level(telephone(bend(wave, rng.uniform(0.87, 1.15)))), RATE)
        yield Event(kind, "", speaker, True, to_level(audible, level))


def _interruption(rng: Rng) -> tuple[str, Pcm, float]:
    name, wave = _in_a_row(rng)
    return name, wave, SPEECH_DBFS + rng.uniform(-3, 3)


def _aside(rng: Rng) -> tuple[str, Pcm, float]:
    name, wave = _in_a_row(rng)
    far = rng.random() < 0.5
    muffled = _pcm(muffle(wave, rng.uniform(700, 1500 if far else 2200)))
    return name, muffled, SPEECH_DBFS - (rng.uniform(10, 18) if far else rng.uniform(4, 12))


def _backchannel(rng: Rng) -> tuple[str, Pcm, float]:
    """One vowel or word, or the same twice: "oh", "ja", "ah, ah"."""
    said = _listening()[rng.integers(len(_listening()))]
    wave = _spoken(said)
    longest = int(rng.uniform(_LEAST_S + 0.1, _MOST_S) * RATE)
    if len(wave) > longest:
        wave = _faded(wave[:longest])
    wave = bend(wave, 1.0, rng.uniform(0.8, 1.3))
    if rng.random() < 0.25:
        wave = np.concatenate([wave, np.zeros(int(rng.uniform(0.02, 0.1) * RATE), np.int16), wave])
    return said.speaker.name, wave, SPEECH_DBFS - 3 + rng.uniform(-3, 3)


_MAKERS: dict[EventKind, Callable[[Rng], tuple[str, Pcm, float]]] = {
    EventKind.INTERRUPTION: _interruption,
    EventKind.BACKCHANNEL: _backchannel,
    EventKind.ASIDE: _aside,
}


def _in_a_row(rng: Rng) -> tuple[str, Pcm]:
    """Recordings of one person, one after the other, until there is enough for a claim."""
    everybody = _by_person()
    said = everybody[rng.integers(len(everybody))]
    enough, wave = rng.uniform(0.45, 1.6) * RATE, np.zeros(0, np.int16)
    while len(wave) < enough:
        gap = np.zeros(int(rng.uniform(0, 0.09) * RATE) if len(wave) else 0, np.int16)
        wave = np.concatenate([wave, gap, _spoken(said[int(rng.integers(len(said)))])])
    return said[0].speaker.name, wave[: int(LONGEST_S * RATE)]


@cache
def _by_person() -> tuple[Sequence[Recording], ...]:
    """What may begin an interruption, by person: no listening, no single letter."""
    others: dict[str, list[Recording]] = {}
    for recording in (*human_turns("train"), *human_phrases("train")):
        others.setdefault(recording.speaker.name, []).append(recording)
    read = ([r for r in recordings(s) if not r.name.startswith("alpha/")] for s in people())
    return (*(r for r in read if r), *others.values())


@cache
def _listening() -> tuple[Recording, ...]:
    return tuple(r for s in people() for r in recordings(s) if r.name in LISTENING)


@cache
def _spoken(recording: Recording) -> Pcm:
    """Without the silence around it; the volunteers' rooms are not quiet."""
    return trim(to_level(telephone(recording.read())), RATE, 1000)


def _faded(wave: Pcm) -> Pcm:
    n = min(len(wave), RATE // 20)
    return _pcm(np.concatenate([wave[:-n], wave[-n:] * np.linspace(1, 0, n, dtype=np.float32)]))


def _pcm(wave: Floats) -> Pcm:
    return np.clip(np.rint(wave), -32_768, 32_767).astype(np.int16)


def _volunteer(name: str, package: str, folder: Path, below: str) -> Speaker:
    if not folder.is_dir():
        raise ConfigError("no-recordings", f"needs the Debian package {package}", voice=name)
    patterns = tuple(f"{below}{pattern}" for pattern in _AUDIO)
    return Speaker(name, "train", package, "GPL-2.0-or-later", folder, patterns, "", "phrases")
