"""Keeps what is made from a model next to it, under its hash; goes without where it may not write."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from voicecore.errors import EngineError

VERSION = 1
"""Raised when what is derived changes, kept phrases included, so that older files are made again."""


class Derived:
    """The folder ``derived-<hash>`` beside a model; ``identity`` is the model's sha256."""

    def __init__(self, model: Path) -> None:
        """Raises EngineError("model-missing")."""
        try:
            with model.open("rb") as file:
                self.identity = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as exc:
            message = f"{model} is not there; voicecore models pull gets models"
            raise EngineError("model-missing", message, file=str(model)) from exc
        self._folder = model.parent / f"derived-{self.identity[:16]}-{VERSION}"
        self._temporary: Path | None = None

    def folder(self, name: str, make: Callable[[Path], None]) -> Path:
        """The folder called ``name``; ``make`` fills it the first time. Never seen half full.

        Where the model's folder is read-only it lives as long as this object.
        """
        parent = self._parent()
        target = parent / name
        if target.is_dir():
            return target
        work = Path(tempfile.mkdtemp(dir=parent))
        try:
            make(work)
            work.chmod(0o755)
            work.rename(target)
        except OSError:
            if not target.is_dir():  # another process was faster
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return target

    def _parent(self) -> Path:
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
        if os.access(self._folder, os.W_OK):
            return self._folder
        if self._temporary is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="voicecore-"))
            weakref.finalize(self, shutil.rmtree, self._temporary, ignore_errors=True)
        return self._temporary

    def remember(self, name: str, make: Callable[[], Any]) -> Any:
        """A small value that takes long to find, as JSON."""

        def write(folder: Path) -> None:
            (folder / "value.json").write_text(json.dumps(make()), encoding="utf-8")

        return json.loads((self.folder(name, write) / "value.json").read_text(encoding="utf-8"))
