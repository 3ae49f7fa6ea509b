"""Puts a synthetic model where the real one would lie, so that engines and benchmarks find it."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

from models.catalogue import find_model, is_synthetic, read_receipt
from models.shelf import install, locked, staging_folder
from voicecore.errors import ConfigError, EngineError

EXTRA = "models"


def synthesize(
    name: str,
    data_dir: Path,
    *,
    shape: str = "",
    seed: int = 0,
    quantisation: str = "",
    vocabulary: Path | None = None,
    replace: bool = False,
) -> None:
    """Make ``data_dir/name`` of the shape that the catalogue gives the model (``toy`` for tests).

    ``vocabulary``: a GGUF file of which the tokens are taken, one of llama.cpp's ``ggml-vocab-*`` say.
    ``replace``: also where real weights lie. Raises ConfigError with ``unknown-model``, ``no-shape`` or
    ``unknown-shape``; EngineError with ``model-present``, ``engine-missing`` or ``model-broken`` (the
    vocabulary).
    """
    model = find_model(name)
    family, _, usual = model.shape.partition("/")
    if not family:
        raise ConfigError("no-shape", f"{name} has no synthetic twin", model=name)
    if read_receipt(data_dir / name) and not is_synthetic(name, data_dir) and not replace:
        message = f"real weights of {name} are in {data_dir}; voicecore models remove {name} first"
        raise EngineError("model-present", message, model=name)
    writer, options = _writer(family, seed, quantisation or model.quantisation, vocabulary)
    if (shape or usual) not in writer.SHAPES:
        message = f"{family}: no shape {shape!r}; known: {', '.join(writer.SHAPES)}"
        raise ConfigError("unknown-shape", message, model=name)
    with locked(data_dir):
        staging = staging_folder(data_dir, name)
        shutil.rmtree(staging, ignore_errors=True)
        files = staging / "files"
        place = files if family in {"whisper", "kokoro"} else files / model.members[0].name
        writer.write(shape or usual, place, **options)
        names = sorted(str(file.relative_to(files)) for file in files.rglob("*") if file.is_file())
        about = {"shape": f"{family}/{shape or usual}", "seed": seed} | {
            key: getattr(value, "source", value) for key, value in options.items() if value is not None
        }
        install(files, names, data_dir / name, {"synthetic": about})
        shutil.rmtree(staging)


def _writer(family: str, seed: int, quantisation: str, vocabulary: Path | None) -> tuple[Any, dict[str, Any]]:
    """The family's module and what its ``write`` is told beside shape and place."""
    try:
        writer = import_module(f"models.synthesize.{family}")
        options: dict[str, Any] = {"seed": seed}
        if family in {"whisper", "gguf"}:
            from models.synthesize.vocabulary import read_vocabulary  # noqa: PLC0415

            options["quantisation"] = quantisation
            options["vocabulary"] = read_vocabulary(vocabulary) if vocabulary else None
    except ModuleNotFoundError as exc:
        message = f"{family} needs the package {exc.name}: pip install 'voicecore[{EXTRA}]'"
        raise EngineError("engine-missing", message, extra=EXTRA) from exc
    return writer, options
