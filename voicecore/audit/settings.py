"""What can be set about the audit chain."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from voicecore.config import Section

SCHEMES = ("file", "udp", "tcp", "unix")


class AuditSettings(Section):
    """Where the chain is kept, and where its signed checkpoints go."""

    file: Path = Path("audit.db")
    signing_key: Path = Path("audit.key")
    """Ed25519, PEM (PKCS #8), for the owner only; made by ``voicecore audit init``."""
    checkpoint_s: float = Field(60.0, gt=0)
    """The longest that a record waits for a checkpoint; what came after the last exported one can't be
    proved to an outsider."""
    checkpoint_records: int = Field(1000, ge=1)
    export: tuple[str, ...] = ()
    """Off the box: ``file:///PATH``, or syslog (RFC 5424) at ``udp://HOST:PORT``, ``tcp://HOST:PORT``,
    ``unix:///PATH``."""

    @field_validator("export")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            place = parts.path if parts.scheme in ("file", "unix") else parts.hostname and parts.port
            if parts.scheme not in SCHEMES or not place:
                raise ValueError(
                    f"{url!r} is none of file:///PATH, udp://HOST:PORT, tcp://HOST:PORT, unix:///PATH"
                )
        return value
