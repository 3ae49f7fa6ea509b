"""Who calls, and with what: voices and sounds of the test split only, the same calls from the same seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest

import numpy as np

from benchmarks.duplex.metrics import Kind
from benchmarks.duplex.script import CONDITIONS, Clip, Script, digits_script, full_script
from benchmarks.duplex.segments import pauses
from benchmarks.sounds import (
    SPEAKERS,
    SPEECH_DBFS,
    EventKind,
    NoiseKind,
    Recording,
    events,
    human_turns,
    noise,
    recordings,
    telephone,
    to_level,
)
from voicecore.simulation.sounds import voiced_span
from voicecore.types import RATE, Pcm

CALLS = 16
"""Each condition four times, each time with another voice."""
_SHORTEST_S, _LONGEST_S = 1.0, 5.0
"""Of a turn."""
_LEAST_TURNS = 12
"""Of a voice that takes part."""
_KINDS = {
    Kind.INTERRUPTION: EventKind.INTERRUPTION,
    Kind.BACKCHANNEL: EventKind.BACKCHANNEL,
    Kind.TIC: EventKind.TIC,
    Kind.ASIDE: EventKind.ASIDE,
}
_OF_A_KIND = 8
"""Sounds of each kind for one call, at most."""
_NOISES = (NoiseKind.BABBLE, NoiseKind.STREET)
_NOISE_S = 30.0
_DIGITS = "en-allison"
"""Who says digits: the only voice whose digits the recogniser can read."""
_GROUP_PAUSES_S = (0.45, 0.6, 0.8)
_DIGIT_GAP_S = 0.06


def full_calls(calls: int = CALLS, seed: int = 1) -> list[Script]:
    """The calls that make the figures. Raises ConfigError("no-recordings" | "no-voices")."""
    by_voice = turns_by_voice()
    names = sorted(by_voice)
    scripts = []
    for n in range(calls):
        condition = CONDITIONS[n % len(CONDITIONS)]
        voice = names[(n + n // len(CONDITIONS)) % len(names)]
        others = {kind: list(islice(_sounds(kind, seed * 1000 + n), _OF_A_KIND)) for kind in _KINDS}
        scripts.append(full_script(voice, condition, by_voice[voice], others, seed * 1000 + n))
    return scripts


def digit_calls(seed: int = 1) -> list[Script]:
    """Calls in which numbers are read out, in groups with a pause between; for the slot-aware endpoint."""
    digits = {r.name[-1]: _clip(Kind.TURN, r).pcm for r in _allison() if r.name in _DIGIT_NAMES}
    chance = np.random.default_rng(seed)
    numbers = ["".join(map(str, chance.integers(0, 10, 6))) for _ in range(_OF_A_KIND)]
    clips = [
        Clip(Kind.TURN, f"{number[:3]} {number[3:]}", _DIGITS, _read_out(number, digits, pause_s))
        for number, pause_s in zip(numbers, _cycled(_GROUP_PAUSES_S, len(numbers)), strict=True)
    ]
    return [digits_script(_DIGITS, condition, clips, seed) for condition in (CONDITIONS[0], CONDITIONS[1])]


def background(script: Script) -> Pcm | None:
    """The noise of a script's line: babble or street, as far below a normal talker as its condition says."""
    snr_db = script.condition.snr_db
    if snr_db is None:
        return None
    sound = noise(_NOISES[script.seed % len(_NOISES)], _NOISE_S, "test", script.seed).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(sound)))) / 32_768
    wanted = 10 ** ((SPEECH_DBFS - snr_db) / 20)
    scaled: Pcm = np.clip(sound * (wanted / rms), -32_768, 32_767).astype(np.int16)
    return scaled


def turns_by_voice() -> dict[str, list[Clip]]:
    """Whole utterances of the test split's people; those with a pause inside alternate with the others."""
    by_voice: dict[str, list[Clip]] = defaultdict(list)
    for recording in human_turns("test"):
        clip = _clip(Kind.TURN, recording)
        if _SHORTEST_S <= len(clip.pcm) / RATE <= _LONGEST_S:
            by_voice[recording.speaker.name].append(clip)
    return {voice: _alternating(clips) for voice, clips in by_voice.items() if len(clips) >= _LEAST_TURNS}


def _alternating(clips: Sequence[Clip]) -> list[Clip]:
    paused = [clip for clip in clips if pauses(clip.pcm)]
    smooth = [clip for clip in clips if not pauses(clip.pcm)]
    pairs = chain.from_iterable(zip_longest(paused, smooth[: len(paused)]))
    return [clip for clip in pairs if clip is not None]


def _sounds(kind: Kind, seed: int) -> Iterator[Clip]:
    for event in events(_KINDS[kind], "test", seed):
        first, last = voiced_span(event.pcm)
        yield Clip(kind, event.text, event.voice, event.pcm[first:last], event.human)


def _clip(kind: Kind, recording: Recording) -> Clip:
    pcm = to_level(telephone(recording.read()))
    first, last = voiced_span(pcm)
    return Clip(kind, recording.name, recording.speaker.name, pcm[first:last])


_DIGIT_NAMES = frozenset(f"digits/{digit}" for digit in range(10))


def _allison() -> tuple[Recording, ...]:
    return recordings(next(speaker for speaker in SPEAKERS if speaker.name == _DIGITS))


def _read_out(number: str, digits: dict[str, Pcm], pause_s: float) -> Pcm:
    gap, pause = (np.zeros(round(s * RATE), np.int16) for s in (_DIGIT_GAP_S, pause_s))
    parts: list[Pcm] = []
    for place, digit in enumerate(number):
        parts += [pause if place == len(number) // 2 else gap, digits[digit]]
    return np.concatenate(parts[1:])


def _cycled(values: Sequence[float], count: int) -> list[float]:
    return [values[n % len(values)] for n in range(count)]
