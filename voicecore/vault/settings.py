"""What can be set about encryption and about how long things are kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from voicecore.config import Section


class TokenSettings(Section):
    """A PKCS #11 token that holds the master key."""

    module: Path
    """The maker's library, such as /usr/lib/softhsm/libsofthsm2.so."""
    token: str
    """Its label."""
    pin_file: Path
    label: str = "voicecore"
    """Of the keys in it."""


class VaultSettings(Section):
    """Encryption of what is kept of calls; without a master key nothing is encrypted."""

    file: Path = Path("keys.db")
    master_key: Path | None = None
    """A file for the owner only; made by ``voicecore vault init``. It belongs where backups of the data do
    not go."""
    token: TokenSettings | None = None
    region: str = Field("", pattern="^([A-Z]{2})?$")
    """Where telephone numbers without a country code are from, such as DE."""

    @model_validator(mode="after")
    def _one(self) -> VaultSettings:
        if self.master_key is not None and self.token is not None:
            raise ValueError("master_key or token, not both")
        return self


class RetentionSettings(Section):
    """After how many days what is kept of a call goes; None: never."""

    transcript_days: float | None = Field(None, gt=0)
    """Transcripts, tool traces, outcomes, and who called."""
    recording_days: float | None = Field(None, gt=0)
    vault_days: float | None = Field(None, gt=0)
    """At the latest; what is in the vault has a time of its own as well."""
    audit_days: float | None = Field(None, gt=0)
