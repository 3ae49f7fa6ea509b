"""Converts a Whisper as published (Hugging Face, safetensors) to CTranslate2, as a model of one's own.

Run as a process (``python -m models.convert FOLDER OUTPUT QUANTISATION``), since it loads torch and the
whole of the weights.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib import import_module
from pathlib import Path

from models.shelf import check_new_name, install, locked, sha256, staging_folder
from models.worker import run_module
from voicecore.errors import ConfigError

QUANTISATIONS = ("int8", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32")
COPIED = ("tokenizer.json", "preprocessor_config.json")
EXTRA = "convert"


def convert_whisper(source: Path, name: str, data_dir: Path, quantisation: str = "float16") -> None:
    """Make ``data_dir/name`` out of the folder ``source`` (``config.json``, ``*.safetensors``, tokenizer).

    The receipt keeps the hashes of what it was made from. Raises ConfigError with ``bad-model-name``,
    ``bad-quantisation`` or ``not-a-whisper``; EngineError as ``run_module``.
    """
    check_new_name(name)
    if quantisation not in QUANTISATIONS:
        raise ConfigError("bad-quantisation", f"{quantisation}: known: {', '.join(QUANTISATIONS)}")
    _require_whisper(source)
    with locked(data_dir):
        files = staging_folder(data_dir, name) / "files"
        shutil.rmtree(files, ignore_errors=True)
        files.parent.mkdir(parents=True, exist_ok=True)
        run_module("models.convert", source, files, quantisation, subject=name, extra=EXTRA)
        inputs = {file.name: sha256(file) for file in sorted(source.glob("*.safetensors"))}
        made = {"by": "convert", "from": inputs, "quantisation": quantisation}
        names = sorted(file.name for file in files.iterdir())
        install(files, names, data_dir / name, {"made": made})
        shutil.rmtree(staging_folder(data_dir, name))


def _require_whisper(source: Path) -> None:
    try:
        kind = json.loads((source / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ConfigError("not-a-whisper", f"{source}: no readable config.json: {exc}") from exc
    absent = [name for name in COPIED if not (source / name).is_file()]
    if kind != "whisper" or absent or not list(source.glob("*.safetensors")):
        lacks = ", ".join([*absent, *([] if list(source.glob("*.safetensors")) else ["*.safetensors"])])
        raise ConfigError("not-a-whisper", f"{source}: model_type {kind}; lacks {lacks or 'nothing'}")


def main(source: str, output: str, quantisation: str) -> None:
    for package in ("torch", "transformers"):  # CTranslate2 reports them only as undefined names
        import_module(package)
    converters = import_module("ctranslate2.converters")
    converter = converters.TransformersConverter(
        source, copy_files=list(COPIED), load_as_float16="16" in quantisation
    )
    converter.convert(output, quantization=None if quantisation == "float32" else quantisation)


if __name__ == "__main__":
    main(*sys.argv[1:])
