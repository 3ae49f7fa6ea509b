"""Runs one of our modules as a process of its own: for work that needs memory or may bring it down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from voicecore.errors import EngineError


def run_module(module: str, *arguments: str | Path, subject: str, extra: str) -> None:
    """``python -m module ARGUMENTS``; ``subject`` is what error messages are about.

    Raises EngineError with ``engine-missing`` (a package is not there; says the pip ``extra``) or
    ``model-conversion-failed`` with the last line that the process wrote.
    """
    root = Path(__file__).resolve().parent.parent
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", module, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == 0:
        return
    reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    if "ModuleNotFoundError" in reason:
        message = f"{reason}; for {subject}: pip install 'voicecore[{extra}]'"
        raise EngineError("engine-missing", message, model=subject, extra=extra)
    raise EngineError("model-conversion-failed", f"{subject}: {reason}", model=subject)
