"""Quantises a GGUF through llama.cpp, as a model of one's own.

Run as a process (``python -m models.quantize INPUT OUTPUT TYPE THREADS``), since llama.cpp aborts rather
than raises.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

from models.catalogue import model_folder
from models.shelf import check_new_name, install, locked, sha256, staging_folder
from models.worker import run_module
from voicecore.errors import ConfigError

TYPES = ("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0")
EXTRA = "llm"
OUTPUT = "model.gguf"


def quantize(source: str, name: str, data_dir: Path, quantisation: str = "Q4_K_M") -> None:
    """Make ``data_dir/name/model.gguf`` of ``source``: a GGUF file of 16 or 32 bits, or an installed model.

    A synthetic model stays marked as one. Raises ConfigError with ``bad-model-name``, ``bad-quantisation``
    or ``not-a-gguf``; EngineError as ``run_module`` and ``model_folder``.
    """
    check_new_name(name)
    if quantisation not in TYPES:
        raise ConfigError("bad-quantisation", f"{quantisation}: known: {', '.join(TYPES)}")
    file = _gguf(source, data_dir)
    threads = max(1, (os.cpu_count() or 2) - 1)
    with locked(data_dir):
        files = staging_folder(data_dir, name) / "files"
        shutil.rmtree(files, ignore_errors=True)
        files.mkdir(parents=True)
        output = files / OUTPUT
        run_module("models.quantize", file, output, quantisation, str(threads), subject=name, extra=EXTRA)
        made = {"by": "quantize", "from": {file.name: sha256(file)}, "quantisation": quantisation}
        install(files, [OUTPUT], data_dir / name, {"made": made})
        shutil.rmtree(staging_folder(data_dir, name))


def _gguf(source: str, data_dir: Path) -> Path:
    path = Path(source)
    found = [path] if path.is_file() else sorted(model_folder(source, data_dir).glob("*.gguf"))
    if len(found) != 1 or not _is_gguf(found[0]):
        raise ConfigError("not-a-gguf", f"{source} is not one GGUF file", source=source)
    return found[0]


def _is_gguf(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(4) == b"GGUF"


def main(source: str, output: str, quantisation: str, threads: str) -> None:
    import llama_cpp  # noqa: PLC0415 - not in the process that serves

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{quantisation}")
    parameters.nthread = int(threads)
    llama_cpp.llama_backend_init()
    status = llama_cpp.llama_model_quantize(source.encode(), output.encode(), ctypes.byref(parameters))
    if status:
        sys.exit(f"llama.cpp refused with {status}: is the input of 16 or 32 bits?")


if __name__ == "__main__":
    main(*sys.argv[1:])
