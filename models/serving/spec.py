"""Which engines a process is to run, as JSON on its stdin, and how they are made there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from models.choice import Choice, load_choice
from models.engines import Port
from models.sharing.board import Boards
from voicecore.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Spec:
    """What one process runs."""

    engines: Mapping[Port, Choice]
    data_dir: Path
    boards: Path | None = None
    """The folder by which the processes that share a device keep out of each other's way."""
    sealed: bool = False
    """Whether the process gives up internet sockets before anything is loaded."""

    def to_json(self) -> str:
        chosen = {port: asdict(choice) for port, choice in self.engines.items()}
        boards = None if self.boards is None else str(self.boards)
        rest = {"data_dir": str(self.data_dir), "boards": boards, "sealed": self.sealed}
        return json.dumps({"engines": chosen, **rest})

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
        boards = Boards(self.boards)
        for port in sorted(self.engines, key=lambda port: port != "embedder"):
            choice = self.engines[port]
            own = (port, choice.name) == ("llm", "retrieval")
            shares = {"embedder": made.pop("embedder")} if own else {}
            made[port] = load_choice(port, choice, self.data_dir, boards, **shares)
        return made
