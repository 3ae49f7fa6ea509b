"""Whole calls on the audio clock, from a recording or a far end in memory: same sound, same decisions."""

from voicecore.replay.backend import Backend
from voicecore.replay.decisions import Decision, digest
from voicecore.replay.player import FarEnd, Played, Player, Recording, read_recording

__all__ = [
    "Backend",
    "Decision",
    "FarEnd",
    "Played",
    "Player",
    "Recording",
    "digest",
    "read_recording",
]
