"""Finds private data in what is said, and keeps it out of everything that is kept. Pure."""

from voicecore.redaction.entities import Entity, Finding, Redacted
from voicecore.redaction.redactor import Redactor, Rules
from voicecore.redaction.secrets import Secrets
from voicecore.redaction.settings import Pattern, RedactionSettings, load_redaction

__all__ = [
    "Entity",
    "Finding",
    "Pattern",
    "Redacted",
    "RedactionSettings",
    "Redactor",
    "Rules",
    "Secrets",
    "load_redaction",
]
