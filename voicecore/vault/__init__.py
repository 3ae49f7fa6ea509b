"""Seals what is kept of calls with a key per call, and makes it unreadable by destroying that key."""

from voicecore.vault.audio import AudioReader, SealedAudio
from voicecore.vault.callkey import CallKey
from voicecore.vault.keys import KINDS, KeyStore
from voicecore.vault.masters import FileMasters, Masters
from voicecore.vault.secrets import SecretVault

__all__ = [
    "KINDS",
    "AudioReader",
    "CallKey",
    "FileMasters",
    "KeyStore",
    "Masters",
    "SealedAudio",
    "SecretVault",
]
