"""Synthetic weights for measuring: made once, and kept where no engine takes them for a model."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import models.synthesize
from models.catalogue import find_model, is_installed
from models.synthesize.install import synthesize
from voicecore.config import data_dir

FOLDER = "synthetic"


def synthetic(name: str, shape: str = "", root: Path | None = None) -> Path:
    """A folder of models in which ``name`` is weights of noise of its own shape, or of ``shape``.

    They lie in ``root``, usually beside the installed models, and are made anew when what makes them has
    changed. Raises what ``models.synthesize.install.synthesize`` raises.
    """
    model = find_model(name)
    shape = shape or model.shape.partition("/")[2]
    root = root or data_dir() / FOLDER
    folder = root / f"{name}-{shape}-{_recipe()}"
    if not is_installed(model, folder):
        for old in root.glob(f"{name}-{shape}-*"):
            shutil.rmtree(old)
        synthesize(name, folder, shape=shape)
    return folder


def _recipe() -> str:
    """Tells one version of ``models.synthesize`` from another."""
    sources = sorted(Path(models.synthesize.__path__[0]).glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]
