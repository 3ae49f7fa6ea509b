"""Keeps an append-only, hash-chained, signed record of every decision, and proves that it is whole."""

from voicecore.audit.audit import Audit
from voicecore.audit.chain import Chain
from voicecore.audit.checkpoint import Checkpoint, Signer, Verifier
from voicecore.audit.export import Exporter
from voicecore.audit.record import Receipt
from voicecore.audit.verify import Fault, Report, verify

__all__ = [
    "Audit",
    "Chain",
    "Checkpoint",
    "Exporter",
    "Fault",
    "Receipt",
    "Report",
    "Signer",
    "Verifier",
    "verify",
]
