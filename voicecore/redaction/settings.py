"""What a bundle and an appliance set about redaction."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from voicecore.config import Section, load_yaml
from voicecore.redaction.entities import Entity

FILE = "redaction.yaml"
Sight = Literal["token", "tail", "value"]
"""What a role sees of a value: its token, the last characters, all of it."""


class Pattern(Section):
    """A number of the bundle's own: order, customer, policy numbers."""

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    """The entity it is found as; tokens begin with it."""
    cues: tuple[str, ...] = Field(min_length=1)
    """Phrases that announce it, in plain lower-case words: "order number"."""
    shape: str
    """A regular expression for the whole value, in capital letters and digits only: ``[A-Z]{2}[0-9]{6}``."""

    @field_validator("shape")
    @classmethod
    def _compiles(cls, shape: str) -> str:
        try:
            re.compile(shape)
        except re.error as exc:
            raise ValueError(f"no regular expression: {exc}") from exc
        return shape


class RedactionSettings(Section):
    """Redaction of what is said, written down, recorded and shown."""

    entities: tuple[Entity, ...] = tuple(Entity)
    """Which are taken out; those of ``patterns`` always are."""
    threshold: float = Field(0.4, ge=0, le=1)
    """The least score that counts."""
    region: str = Field("US", pattern=r"^[A-Z]{2}$")
    """Where telephone numbers without a country code belong (ISO 3166)."""
    patterns: tuple[Pattern, ...] = ()
    fields: dict[str, str] = Field(default_factory=dict)
    """Slots, arguments and results of tools, by name, that hold private data, and which entity it is."""
    public: tuple[str, ...] = ()
    """Web domains that are nobody's secret ("acme.com"), such as the company's own."""
    roles: dict[str, dict[str, Sight]] = Field(default_factory=dict)
    """By role and entity ("*" for all others) what the console shows; what is not said is a token. Security
    codes and passcodes are never shown."""


def load_redaction(folder: Path) -> RedactionSettings:
    """An agent's; the defaults where its folder has none. Raises ConfigError."""
    path = folder / FILE
    return load_yaml(path, RedactionSettings) if path.exists() else RedactionSettings()
