"""Voices and sounds for training and benchmarks: people, synthetic speech, vocal tics, noise, the line."""

from benchmarks.sounds.events import Event, EventKind, events
from benchmarks.sounds.line import SPEECH_DBFS, g711, level_dbfs, mix, muffle, telephone, to_level
from benchmarks.sounds.noise import NoiseKind, noise
from benchmarks.sounds.recordings import (
    SPEAKERS,
    Recording,
    Speaker,
    human_phrases,
    human_turns,
    recordings,
    speakers,
)
from benchmarks.sounds.voices import VOICES, Voice, bend, speak, voices
from benchmarks.sounds.wordings import Split

__all__ = [
    "SPEAKERS",
    "SPEECH_DBFS",
    "VOICES",
    "Event",
    "EventKind",
    "NoiseKind",
    "Recording",
    "Speaker",
    "Split",
    "Voice",
    "bend",
    "events",
    "g711",
    "human_phrases",
    "human_turns",
    "level_dbfs",
    "mix",
    "muffle",
    "noise",
    "recordings",
    "speak",
    "speakers",
    "telephone",
    "to_level",
    "voices",
]
