"""Which engines a process is to run, as JSON on its stdin, and how they are made there."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from models.engines import Port, find_engine, load
from voicecore.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Choice:
    """One engine of the table."""

    name: str
    model: str | None = None
    """Another one of the catalogue than the table says."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """To its constructor, JSON-ready; a dataclass is given as the mapping of its fields."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What one process runs."""

    engines: Mapping[Port, Choice]
    data_dir: Path

    def to_json(self) -> str:
        chosen = {port: asdict(choice) for port, choice in self.engines.items()}
        return json.dumps({"engines": chosen, "data_dir": str(self.data_dir)})

    @staticmethod
    def from_json(text: str) -> Spec:
        """Raises ConfigError("bad-engine-spec")."""
        try:
            return TypeAdapter(Spec).validate_json(text)
        except ValidationError as exc:
            raise ConfigError("bad-engine-spec", str(exc)) from exc

    def load(self) -> dict[Port, Any]:
        """The engines, made; a language model by retrieval gets the embedder of the same process.

        Raises ConfigError and EngineError as ``models.engines.load`` does; ConfigError("bad-option").
        """
        made: dict[Port, Any] = {}
        for port in sorted(self.engines, key=lambda port: port != "embedder"):
            choice = self.engines[port]
            options = typed_options(port, choice)
            if (port, choice.name) == ("llm", "retrieval"):
                options["embedder"] = made.pop("embedder")
            make: Any = load
            made[port] = make(port, choice.name, self.data_dir, model=choice.model, **options)
        return made


def typed_options(port: Port, choice: Choice) -> dict[str, Any]:
    """The options of a choice as its constructor wants them. Raises ConfigError("bad-option")."""
    options = dict(choice.options)
    if not any(isinstance(value, Mapping) for value in options.values()):
        return options
    entry = find_engine(port, choice.name)
    factory = getattr(import_module(entry.module), entry.factory)
    hints = get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    for name, value in options.items():
        hint: Any = hints.get(name)
        kind: Any = next(filter(is_dataclass, (hint, *get_args(hint))), None)
        if kind is not None and isinstance(value, Mapping):
            try:
                options[name] = TypeAdapter[Any](kind).validate_python(dict(value))
            except ValidationError as exc:
                raise ConfigError("bad-option", f"engines.{port}.{name}: {exc}", port=port) from exc
    return options
