"""The models we know: where each comes from, what it must hash to, and whether it lies in the data folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from voicecore.errors import ConfigError, EngineError

RECEIPT = "receipt.json"
"""Written last into a model's folder: what it was made from, and what every file must hash to."""
EMBEDDED = "embedded"
"""The set of a fresh installation."""

Hashes = Literal["measured", "published", "unpinned"]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package on the package index."""

    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


@dataclass(frozen=True, slots=True)
class Hub:
    """A repository of a model hub."""

    repo: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision[:7]}"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the origin."""

    path: str
    name: str
    """In the model's folder; may name a folder in it."""
    sha256: str | None = None
    """None where the catalogue does not know it."""
    size: int | None = None
    """Bytes."""
    keep: bool = True
    """False: only the conversion reads it."""
    pin: str | None = None
    """The operator's hash, for a file that the catalogue has none for."""

    @property
    def expected(self) -> str | None:
        """What the file must hash to; None: it may not be taken."""
        return self.sha256 or self.pin


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
    origin: Wheel | Hub
    licence: str
    description: str
    members: tuple[Member, ...]
    conversion: Conversion | None = None
    kind: str = ""
    """The port that it serves."""
    hashes: Hashes = "measured"
    languages: tuple[str, ...] = ()
    shape: str = ""
    """``family/shape`` of ``models.synthesize``, where there is one."""
    quantisation: str = ""

    @property
    def source(self) -> dict[str, Any]:
        """What the receipt must say the model was made from."""
        match self.origin:
            case Wheel(package, version):
                where = {"package": f"{package}=={version}"}
            case Hub(repo, revision):
                where = {"repo": f"{repo}@{revision}"}
        return {
            **where,
            "members": {member.path: member.sha256 for member in self.members},
            "converter": self.conversion.version if self.conversion else None,
        }

    @property
    def files(self) -> tuple[str, ...]:
        """Names in the model's folder once it is pulled, the receipt apart."""
        kept = tuple(member.name for member in self.members if member.keep)
        return (*kept, self.conversion.output) if self.conversion else kept

    @property
    def size(self) -> int:
        """Bytes to download, as far as they are known."""
        return sum(member.size or 0 for member in self.members)

    def pinned(self, pins: Mapping[str, str]) -> Model:
        """With the operator's hashes (by file name) where the catalogue has none.

        Raises ConfigError("pin-conflict") for a pin that contradicts the catalogue or names no file.
        """
        members = {member.name: member for member in self.members}
        for name, digest in pins.items():
            member = members.get(name)
            if member is None or member.sha256 not in {None, digest}:
                known = (
                    f"is {member.sha256} in the catalogue" if member else f"is none of {', '.join(members)}"
                )
                raise ConfigError("pin-conflict", f"{self.name}: {name} {known}", model=self.name, file=name)
            members[name] = replace(member, pin=digest)
        return replace(self, members=tuple(members.values()))


@cache
def catalogue() -> tuple[Model, ...]:
    """All models, in the order of ``catalogue.toml``."""
    return tuple(_model(entry) for entry in _file()["model"])


@cache
def model_sets() -> Mapping[str, tuple[Model, ...]]:
    """The sets by name: ``embedded`` and those for production."""
    return {name: tuple(find_model(model) for model in names) for name, names in _file()["sets"].items()}


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))


def _model(entry: dict[str, Any]) -> Model:
    origin, conversion = entry["origin"], entry.get("conversion")
    return Model(
        **{
            **entry,
            "origin": Wheel(**origin) if "package" in origin else Hub(**origin),
            "members": tuple(Member(**member) for member in entry["members"]),
            "languages": tuple(entry.get("languages", ())),
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


def choose_models(names: Sequence[str], models: Sequence[Model] | None = None) -> tuple[Model, ...]:
    """The models called ``names``, each of which may be a set; the embedded set, if none is named.

    ``models`` takes the catalogue's place, and all of them are meant where none is named.
    Raises ConfigError("unknown-model").
    """
    if models is not None:
        return tuple(find_model(name, models) for name in names) if names else tuple(models)
    sets = model_sets()
    chosen = (sets[name] if name in sets else (find_model(name),) for name in names or (EMBEDDED,))
    return tuple(dict.fromkeys(model for group in chosen for model in group))


def is_installed(model: Model, data_dir: Path) -> bool:
    """Whether a current copy lies in ``data_dir``: right receipt, every file there and of its size.

    A synthetic one counts. This is the cheap check of every start; ``models.shelf.verdict`` hashes.
    """
    receipt = read_receipt(data_dir / model.name)
    if receipt is None:
        return False
    if "synthetic" not in receipt["source"]:
        current = receipt["source"] == model.source and set(receipt["files"]) == set(model.files)
        return current and _is_whole(data_dir / model.name, receipt)
    return _is_whole(data_dir / model.name, receipt)


def _is_whole(folder: Path, receipt: dict[str, Any]) -> bool:
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == file["size"]
        for name, file in receipt["files"].items()
    )


def read_receipt(folder: Path) -> dict[str, Any] | None:
    """``{"source": Model.source, "files": {name: {"sha256", "size"}}}``; None where there is no sound one.

    ``source`` is ``{"synthetic": ...}`` for weights of noise, ``{"made": ...}`` for what ``convert`` or
    ``quantize`` made here.
    """
    try:
        receipt = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    sound = isinstance(receipt, dict) and {"source", "files"} <= receipt.keys()
    return receipt if sound and isinstance(receipt["source"], dict) else None


def is_synthetic(name: str, data_dir: Path) -> bool:
    """Whether what lies there under ``name`` is weights of noise, for measurements only."""
    receipt = read_receipt(data_dir / name)
    return receipt is not None and "synthetic" in receipt["source"]


def made_models(data_dir: Path) -> tuple[str, ...]:
    """Names of the models that ``convert`` and ``quantize`` made in ``data_dir``."""
    receipts = ((file.parent.name, read_receipt(file.parent)) for file in data_dir.glob(f"*/{RECEIPT}"))
    return tuple(sorted(name for name, receipt in receipts if receipt and "made" in receipt["source"]))


def model_folder(name: str, data_dir: Path) -> Path:
    """The folder of an installed model of the catalogue, or of one that was made here.

    Raises EngineError("model-missing"), which says how to get it, when it is not there, incomplete or
    of another version than the catalogue's; ConfigError("unknown-model").
    """
    folder = data_dir / name
    receipt = read_receipt(folder)
    if receipt and "made" in receipt["source"] and _is_whole(folder, receipt):
        return folder
    if not is_installed(find_model(name), data_dir):
        message = f"{name} is not in {data_dir}; get it with: voicecore models pull {name}"
        raise EngineError("model-missing", message, model=name, data_dir=str(data_dir))
    return folder
