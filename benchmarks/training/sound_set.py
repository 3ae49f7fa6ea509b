"""The set that the sound model learns from: sounds over the agent's speech, as the appliance hears them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.prompts import trim
from benchmarks.sounds import (
    SPEECH_DBFS,
    Event,
    EventKind,
    NoiseKind,
    Split,
    events,
    human_turns,
    noise,
    speak,
    telephone,
    to_level,
    voices,
)
from benchmarks.training.lines import BEFORE_S, Heard, Line, listen
from models.sound_kinds import KINDS, LEAD
from models.tts_espeak import EspeakTts
from voicecore.config import TurnSettings
from voicecore.ports import Vad
from voicecore.turns.voicing import Voicing
from voicecore.types import RATE, TICK_MS, Floats, Pcm

FOLDER = Path(__file__).parent / "data"
FILE = FOLDER / "sound_kinds.npz"
EARLY = LEAD + 2
"""Frames kept from before the onset: two more than the model sees, for onsets that are seen late."""
FRAMES = 45
LATEST_MS = 240
"""An onset seen later than this after the sound began belongs to something else."""
LABELS = {
    EventKind.INTERRUPTION: KINDS.index("interruption"),
    EventKind.BACKCHANNEL: KINDS.index("backchannel"),
    EventKind.ASIDE: KINDS.index("aside"),
    EventKind.TIC: KINDS.index("noise"),
    EventKind.NOISE: KINDS.index("noise"),
}
AGENT = (
    "Your bill of this month is forty two dollars and ten cents, and it is due on the fifth of December. "
    "I can explain a charge, take a payment, or change the day on which you pay. What would you like to do?",
    "I have found your reservation for two nights. The room is on the third floor and looks over the garden. "
    "Breakfast is served from seven until half past ten, and you can leave your car in front of the house.",
)
"""What the agent says meanwhile, by split."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Sounds as they were heard."""

    frames: Floats
    """Prosody [N, 45, 24], from ``EARLY`` frames before the onset; zeros after the end."""
    lengths: npt.NDArray[np.int64]
    """Frames of each that are not padding."""
    labels: npt.NDArray[np.int64]
    """Index into ``KINDS``."""
    voices: npt.NDArray[np.str_]

    def save(self, file: Path) -> None:
        """Compressed, as float16 with energies to half a decibel."""
        rounded = np.round(self.frames * 2) / 2
        rounded[..., 21:] = np.round(self.frames[..., 21:] * 32) / 32
        file.parent.mkdir(exist_ok=True)
        np.savez_compressed(
            file,
            frames=rounded.astype(np.float16),
            lengths=self.lengths.astype(np.uint8),
            labels=self.labels.astype(np.uint8),
            voices=self.voices,
        )

    @staticmethod
    def load(file: Path = FILE) -> Samples:
        with np.load(file) as stored:
            return Samples(
                stored["frames"].astype(np.float32),
                stored["lengths"].astype(np.int64),
                stored["labels"].astype(np.int64),
                stored["voices"],
            )

    def where(self, chosen: npt.NDArray[np.bool_]) -> Samples:
        return Samples(self.frames[chosen], self.lengths[chosen], self.labels[chosen], self.voices[chosen])


PLAN = (
    *((seed, (280, 360, 180, 240, 140)) for seed in (11, 12, 13)),
    *((seed, (280, 480, 40, 40, 20)) for seed in (15, 16)),
)
"""The train set: seeds, and how many sounds of each of ``EventKind``."""
TEST = (7, (175, 225, 112, 150, 87))


def sounds_of(split: Split, seed: int, counts: Sequence[int]) -> list[Event]:
    """``counts`` of each of ``EventKind``; in the train split as many sentences as interruptions besides."""
    made = [islice(events(kind, split, seed), n) for kind, n in zip(EventKind, counts, strict=True)]
    if split == "train":
        made.append(islice(sentences(counts[0], seed), None))
    return list(chain.from_iterable(made))


def make(vad: Vad) -> Samples:
    """The train set, one line for each sound of ``PLAN``; those that the ears missed are left out."""
    parts = []
    for seed, counts in PLAN:
        sounds = sounds_of("train", seed, counts)
        parts.append(heard_samples(sounds, listen(vad, list(lines(sounds, "train", seed)))))
    return Samples(
        np.concatenate([part.frames for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.voices for part in parts]),
    )


def heard_samples(sounds: Sequence[Event], heard: Iterable[Heard]) -> Samples:
    """Cut around the onset at which the appliance would have begun to listen."""
    frames, lengths, labels, speakers = [], [], [], []
    for sound, line in zip(sounds, heard, strict=True):
        onset = onset_tick(line)
        if onset is None:
            continue
        end = int((BEFORE_S + len(sound.pcm) / RATE) * 1000) // TICK_MS + 10
        cut = line.prosody[onset - EARLY : min(onset - EARLY + FRAMES, end)]
        if len(cut) <= EARLY:
            continue
        frames.append(np.pad(cut, ((0, FRAMES - len(cut)), (0, 0))))
        lengths.append(len(cut))
        labels.append(LABELS[sound.kind])
        speakers.append(sound.voice)
    return Samples(np.array(frames), np.array(lengths), np.array(labels), np.array(speakers))


def onset_tick(line: Heard) -> int | None:
    """The tick at which the appliance hears the sound begin; None where it does not."""
    settings = TurnSettings()
    voicing, first = Voicing(settings), int(BEFORE_S * 1000) // TICK_MS
    for tick, sound in enumerate(line.sounds[: first + LATEST_MS // TICK_MS]):
        speech = 0.0 if sound.echo >= settings.echo_correlation else sound.speech
        voicing.step(speech, sound.level_db, sound.noise_db, (tick + 1) * TICK_MS / 1000, quick=True)
        if tick >= first and voicing.voiced and voicing.run_ms >= settings.duck_ms:
            return round(voicing.onset * 1000 / TICK_MS)
    return None


def sentences(count: int, seed: int) -> Iterator[Event]:
    """More callers who want the floor: ``count`` of the English prompts' sentences, by the train voices."""
    rng = np.random.default_rng([seed, 1])
    texts = [turn.text for turn in human_turns("train") if turn.speaker.language == "en"]
    there = voices("train")
    weights = np.array([voice.weight for voice in there], np.float64)
    for _ in range(count):
        voice = there[rng.choice(len(there), p=weights / weights.sum())]
        words = texts[rng.integers(len(texts))].split()
        text = " ".join(words[rng.integers(max(len(words) - 2, 1)) :][:6])
        said = speak(voice, text, rng.choice((0.85, 1.0, 1.2)), rng.choice((0.9, 1.0, 1.1)))
        pcm = to_level(trim(to_level(telephone(said)), RATE), SPEECH_DBFS + rng.uniform(-3, 3))
        yield Event(EventKind.INTERRUPTION, text, voice.name, False, pcm)


def lines(sounds: Sequence[Event], split: Split, seed: int) -> Iterator[Line]:
    """Each sound on a line of its own: any loudness, noise of 30, 20 or 10 dB or none, an echo or none."""
    rng = np.random.default_rng([seed, split == "test", 2])
    agent, gain = agent_speech(split), TurnSettings().duck_gain
    kinds = tuple(NoiseKind)
    for sound in sounds:
        snr = (None, 30.0, 20.0, 10.0)[rng.integers(4)]
        yield Line(
            sound=sound.pcm,
            gain_db=rng.uniform(-8, 8),
            noise=background(kinds[rng.integers(len(kinds))], split, int(rng.integers(6))),
            snr_db=snr,
            agent=np.roll(agent, int(rng.integers(len(agent)))),
            echo_db=None if rng.random() < 0.4 else rng.uniform(-40, -25),
            echo_ms=int(rng.integers(20, 200)),
            duck_gain=gain,
        )


@cache
def background(kind: NoiseKind, split: Split, seed: int) -> Pcm:
    return noise(kind, 6.0, split, seed)


@cache
def agent_speech(split: Split) -> Pcm:
    """The agent's own voice."""
    chunks = EspeakTts().synthesize(AGENT[split == "test"])
    return np.concatenate([chunk.pcm for chunk in chunks])
