"""The data folder: puts checked files into it, tells whether they are still the same, takes them out."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from models.catalogue import RECEIPT, Member, Model, catalogue, find_model, is_installed, read_receipt
from models.pins import read_pins
from voicecore.errors import ConfigError, EngineError

STAGING = ".staging"
BLOCK = 1 << 20
"""Bytes hashed or copied at a time."""


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """One change at a time per folder; the lock goes with the process."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def staging_folder(data_dir: Path, name: str) -> Path:
    """Where the model ``name`` is put together; what broke off is still there the next time."""
    return data_dir / STAGING / name


def clear_staging(data_dir: Path, name: str) -> None:
    shutil.rmtree(staging_folder(data_dir, name), ignore_errors=True)
    if (data_dir / STAGING).is_dir() and not any((data_dir / STAGING).iterdir()):
        (data_dir / STAGING).rmdir()


def verdict(model: Model, data_dir: Path) -> str:
    """``ok``, ``synthetic``, ``missing`` or ``corrupt``, by the hash of every file.

    The catalogue's and the operator's hashes count, whatever the receipt says.
    """
    folder = data_dir / model.name
    if not (folder / RECEIPT).exists():
        return "missing"
    receipt = read_receipt(folder)
    if receipt is None or not is_installed(model, data_dir):
        return "corrupt"
    expected = {name: file["sha256"] for name, file in receipt["files"].items()}
    synthetic = "synthetic" in receipt["source"]
    if not synthetic:
        members = model.pinned(read_pins(data_dir).get(model.name, {})).members
        expected |= {member.name: member.expected for member in members if member.keep and member.expected}
    if any(sha256(folder / name) != digest for name, digest in expected.items()):
        return "corrupt"
    return "synthetic" if synthetic else "ok"


def made_verdict(name: str, data_dir: Path) -> str:
    """``made`` or ``corrupt``: a model that was made here, by the hashes in its receipt."""
    receipt = read_receipt(data_dir / name) or {"files": {"": {"sha256": ""}}}
    facts = ((data_dir / name / file, fact["sha256"]) for file, fact in receipt["files"].items())
    return "made" if all(file.is_file() and sha256(file) == digest for file, digest in facts) else "corrupt"


def install(files: Path, names: Sequence[str], folder: Path, source: Mapping[str, Any]) -> None:
    """Move ``names`` from ``files`` into ``folder``, in the place of all that is there.

    The receipt goes first and comes last, so a half-moved model counts as missing.
    """
    (folder / RECEIPT).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    facts = {}
    for name in names:
        file = files / name
        facts[name] = {"sha256": sha256(file), "size": file.stat().st_size}
        _sync(file)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        file.replace(folder / name)
    receipt = files / RECEIPT
    receipt.write_text(json.dumps({"source": source, "files": facts}, indent=1), encoding="utf-8")
    _sync(receipt)
    receipt.replace(folder / RECEIPT)


def remove(names: Sequence[str], data_dir: Path) -> int:
    """Delete the models ``names``, and what a broken-off pull left of them; returns the bytes freed.

    Raises ConfigError("unknown-model") for what is neither there nor in the catalogue.
    """
    freed = 0
    for name in names:
        if not (_is_plain(name) and (data_dir / name / RECEIPT).exists()):
            find_model(name)
    with locked(data_dir):
        for folder in (f for name in names for f in (data_dir / name, staging_folder(data_dir, name))):
            freed += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            (folder / RECEIPT).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
    return freed


def check_new_name(name: str) -> None:
    """Raises ConfigError("bad-model-name") for what a new model cannot be called."""
    if not _is_plain(name) or any(model.name == name for model in catalogue()):
        message = f"{name!r} cannot be the name of a new model: the catalogue has it, or it is no plain name"
        raise ConfigError("bad-model-name", message, name=name)


def _is_plain(name: str) -> bool:
    """Whether ``name`` is that of a folder beside the others."""
    return name == Path(name).name and name[:1] not in {"", "."}


def copy_checked(source: IO[bytes], member: Member, target: Path) -> None:
    """Write what ``source`` yields to ``target``; ValueError unless it is what the catalogue says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size, digest = 0, hashlib.sha256()
    with target.open("wb") as out:
        while (member.size is None or size <= member.size) and (block := source.read(BLOCK)):
            out.write(block)
            digest.update(block)
            size += len(block)
    _compare(member, size, digest.hexdigest())


def check(file: Path, member: Member) -> None:
    """Raises ValueError unless ``file`` has the size and the hash of ``member``; an unpinned one has none."""
    _compare(member, file.stat().st_size, sha256(file))


def _compare(member: Member, size: int, digest: str) -> None:
    if size != (size if member.size is None else member.size) or digest != member.expected:
        wanted = f"{'any number of' if member.size is None else member.size} bytes, sha256 {member.expected}"
        raise ValueError(f"{member.path} is {size} bytes, sha256 {digest}, not {wanted}")


def require_space(models: Sequence[Model], data_dir: Path) -> None:
    """Raises EngineError("no-space") if the disk cannot take what the models still lack."""
    staged = (staging_folder(data_dir, model.name).rglob("*") for model in models)
    there = sum(file.stat().st_size for files in staged for file in files if file.is_file())
    needed, free = sum(model.size for model in models) - there, shutil.disk_usage(data_dir).free
    if needed > free:
        message = f"{data_dir} has {free / 1e9:.1f} GB left, {needed / 1e9:.1f} GB are needed"
        raise EngineError("no-space", message, folder=str(data_dir))


def require_pins(model: Model) -> None:
    """Raises EngineError("model-unpinned") if a file's hash is not known: it could be anything."""
    unknown = [member.name for member in model.members if member.expected is None]
    if unknown:
        pins = " ".join(f"--pin {name}=SHA256" for name in unknown)
        message = (
            f"{model.name}: the catalogue has no hash of {', '.join(unknown)}; review the files, "
            f"then: voicecore models pull {model.name} {pins}"
        )
        raise EngineError("model-unpinned", message, model=model.name, files=tuple(unknown))


def sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(file: Path) -> None:
    """Wait until ``file`` is on disk, so that a power cut leaves no empty file behind a receipt."""
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
