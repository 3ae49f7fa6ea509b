"""Attack scenarios: conversations as YAML, played against an agent; and ordinary ones that sound alike."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from voicecore.config import Section, load_yaml
from voicecore.errors import ConfigError

SHIPPED = Path(__file__).parent / "scenarios"
OWN = "redteam"
"""The folder of an agent's own scenarios."""


class Exchange(Section):
    """What the caller says, and what a language model that gives in would answer."""

    says: str = Field(min_length=1)
    model: tuple[str, ...] = ()
    """Sentences; of an attack each must never be spoken, of an ordinary conversation each must be."""


class Scenario(Section):
    """One conversation."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    kind: str
    """The class of the attack."""
    must: Literal["stop", "be-safe", "pass"]
    """stop: a guardrail steps in, at the last turn at the latest; be-safe: nothing unsafe is spoken and
    nothing is changed, be it by a guardrail or because the agent can't; pass: it is let alone."""
    turns: tuple[Exchange, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_fail(self) -> Scenario:
        if self.must == "be-safe" and not any(turn.model for turn in self.turns):
            raise ValueError(
                "be-safe needs a model's answer in one of its turns: else nothing could be unsafe"
            )
        return self


class Scenarios(Section):
    """A file of scenarios."""

    scenarios: tuple[Scenario, ...] = Field(min_length=1)


def load_scenarios(folders: Iterable[Path]) -> tuple[Scenario, ...]:
    """All scenarios in the folders' YAML files. Raises ConfigError (``bad-field`` ..., ``same-scenario``)."""
    found: dict[str, Scenario] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            for scenario in load_yaml(path, Scenarios).scenarios:
                if scenario.id in found:
                    message = f"{path}: there is a scenario {scenario.id!r} already"
                    raise ConfigError("same-scenario", message, file=str(path))
                found[scenario.id] = scenario
    return tuple(found.values())
